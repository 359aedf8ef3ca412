//! Consequences of a server's violations in every version of Asterisk.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use audiosocket::asterisk::{
    Behaviour, Consequence, Judge, Rule, Rules, TABLE, Version, Violation, Way,
};
use audiosocket::wire::{DtmfDialect, Kind, SampleRate};

use crate::json::Object;
use crate::text::wrapped;
use crate::violation::{fault_fields, fault_text, remedy_text};

/// Judges of one call, one for each version of Asterisk.
#[derive(Debug)]
pub struct Panel {
    judges: Vec<Judge>,
    /// Number of violations already collected from each judge.
    collected: Vec<usize>,
    /// Whether a judge's version never places such a call. A dismissed judge is not consulted.
    is_dismissed: Vec<bool>,
    faults: VecDeque<Fault>,
    /// Rule and offset of each violation that has been returned.
    handed_out: Vec<(Rule, u64)>,
}

/// Violation that one or more versions found.
#[derive(Debug)]
pub struct Fault {
    /// Violation as the first version reported it.
    violation: Violation,
    found_at: Instant,
    /// Consequence for each version, with the version's index in the table.
    consequences: Vec<(usize, Consequence)>,
}

/// How long to wait until all versions have found a violation. They differ in how long they wait for the rest of a frame.
const UNTIL_ALL_AGREE: Duration = Duration::from_millis(100);

impl Panel {
    /// Creates judges of a call that reached the server in this way. The bytes do not show the way.
    pub fn new(started: Instant, way: Way) -> Panel {
        let judge =
            |version: &Version| Judge::new(Rules::for_version(*version).through(way), started);
        Panel {
            judges: Version::REPRESENTATIVES.iter().map(judge).collect(),
            collected: vec![0; Version::REPRESENTATIVES.len()],
            is_dismissed: vec![false; Version::REPRESENTATIVES.len()],
            faults: VecDeque::new(),
            handed_out: Vec::new(),
        }
    }

    /// Returns whether a judge waits for the rest of a frame and counts each millisecond.
    pub fn needs_fine_timing(&self) -> bool {
        let seated = self.judges.iter().zip(&self.is_dismissed);
        seated
            .filter(|(_, is_dismissed)| !**is_dismissed)
            .any(|(judge, _)| judge.needs_fine_timing())
    }

    /// Dismisses the versions that never send frames of this kind. Their findings are removed too, because the server's reaction
    /// may have been judged before this call.
    pub fn caller_sent(&mut self, kind: Kind) {
        for (row, is_dismissed) in TABLE.iter().zip(&mut self.is_dismissed) {
            let sends = |dialect| {
                let mut ways = Way::ALL.iter();
                ways.any(|way| row.through(*way).digits == Some(dialect))
            };
            let sends_it = match (kind, kind.sample_rate()) {
                (Kind::DTMF_DIGIT, _) => sends(DtmfDialect::Asterisk),
                (Kind::DTMF_START_STOP, _) => sends(DtmfDialect::StartStop),
                (_, Some(rate)) => rate == SampleRate::Hz8000 || row.knows_all_rates,
                _ => true,
            };
            *is_dismissed |= !sends_it;
        }
        let is_dismissed = &self.is_dismissed;
        self.faults.retain_mut(|fault| {
            fault
                .consequences
                .retain(|(place, _)| is_dismissed.get(*place) != Some(&true));
            !fault.consequences.is_empty()
        });
    }

    /// Runs `look` on each judge that is not dismissed, and collects the new violations.
    pub fn look(&mut self, at: Instant, look: impl Fn(&mut Judge)) {
        for (place, (judge, collected)) in
            self.judges.iter_mut().zip(&mut self.collected).enumerate()
        {
            if self.is_dismissed.get(place) == Some(&true) {
                continue;
            }
            look(judge);
            for violation in judge.violations().iter().skip(*collected) {
                *collected += 1;
                if self
                    .handed_out
                    .contains(&(violation.rule, violation.offset))
                {
                    continue;
                }
                let is_same = |fault: &&mut Fault| {
                    let found = &fault.violation;
                    (found.rule, found.offset) == (violation.rule, violation.offset)
                };
                let consequence = (place, violation.consequence);
                match self.faults.iter_mut().find(is_same) {
                    Some(fault) => fault.consequences.push(consequence),
                    None => self.faults.push_back(Fault {
                        violation: *violation,
                        found_at: at,
                        consequences: vec![consequence],
                    }),
                }
            }
        }
    }

    /// Returns the next violation that is old enough for all versions to have found it.
    pub fn next_settled(&mut self, now: Instant) -> Option<Fault> {
        let oldest = self.faults.front()?;
        let age = now.saturating_duration_since(oldest.found_at);
        (age >= UNTIL_ALL_AGREE).then(|| self.next()).flatten()
    }

    /// Returns the next violation regardless of its age. Use it when the call has ended.
    pub fn next(&mut self) -> Option<Fault> {
        let fault = self.faults.pop_front()?;
        let Violation { rule, offset, .. } = fault.violation;
        self.handed_out.push((rule, offset));
        Some(fault)
    }
}

impl Fault {
    /// Adds the violation to an object. `consequences` lists the consequences with the versions that apply each.
    pub fn fields(&self, object: Object) -> Object {
        let consequences = self.by_consequence().into_iter().map(|(what, places)| {
            Object::new()
                .text("consequence", what.name())
                .flag("ends_call", what.ends_call())
                .text("versions", &versions_of(&places))
        });
        fault_fields(object, &self.violation).list("consequences", consequences)
    }

    pub const fn violation(&self) -> &Violation {
        &self.violation
    }

    /// Returns the violation, its consequences and its remedy as one sentence.
    pub fn sentence(&self) -> String {
        let fault = fault_text(&self.violation);
        let mut parts = vec![format!("{}: {fault}", self.violation.rule)];
        parts.extend(self.consequence_texts());
        parts.push(format!("remedy: {}", self.violation.rule.remedy()));
        parts.join("; ")
    }

    /// Returns text lines that start with `start`: the violation, its consequences with their versions, and its remedy.
    pub fn text(&self, start: &str) -> String {
        let (rule, seconds) = (self.violation.rule, self.violation.at.as_secs_f64());
        let mut lines = vec![wrapped(
            &format!("{start}{seconds:.3} s server: violation {rule}, "),
            &format!("{start}  "),
            &fault_text(&self.violation),
        )];
        let indent = format!("{start}    ");
        for what in self.consequence_texts() {
            lines.push(wrapped(&indent, &format!("{indent}  "), &what));
        }
        lines.push(remedy_text(&indent, rule));
        lines.join("\n")
    }

    fn consequence_texts(&self) -> impl Iterator<Item = String> {
        let consequences = self.by_consequence().into_iter();
        consequences.map(|(what, places)| match places.len() == TABLE.len() {
            true => format!("every Asterisk version {what}"),
            false => format!("Asterisk {what}: {}", versions_in_short(&places)),
        })
    }

    /// Groups the rows of the table by consequence. The consequence in the oldest version comes first.
    fn by_consequence(&self) -> Vec<(Consequence, Vec<usize>)> {
        let mut groups: Vec<(Consequence, Vec<usize>)> = Vec::new();
        let mut consequences = self.consequences.clone();
        consequences.sort_unstable_by_key(|(place, _)| *place);
        for (place, what) in consequences {
            match groups.iter_mut().find(|(other, _)| *other == what) {
                Some((_, places)) => places.push(place),
                None => groups.push((what, vec![place])),
            }
        }
        groups
    }
}

/// Returns the versions of these rows of the table.
fn versions_of(places: &[usize]) -> String {
    let rows = places.iter().filter_map(|place| TABLE.get(*place));
    let versions: Vec<String> = rows.map(Behaviour::versions).collect();
    versions.join("; ")
}

/// Returns the versions of these rows, for example "20.14, 21.9, 22.4 and later" if the newest rows are among them.
fn versions_in_short(places: &[usize]) -> String {
    // The last row is the start-stop fork.
    let newest = TABLE.len() - 2;
    let Some(end) = places.iter().position(|place| *place == newest) else {
        return versions_of(places);
    };
    let (released, fork) = places.split_at(end + 1);
    let is_run = released.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    if !is_run || released[0] == 0 {
        return versions_of(places);
    }
    let mut text = format!("{} and later", first_releases(&versions_of(released)));
    if !fork.is_empty() {
        text += &format!("; {}", versions_of(fork));
    }
    text
}

/// Returns the first release of each major in a list of versions, except those that are the first of their major.
fn first_releases(versions: &str) -> String {
    let mut first_of_majors = BTreeMap::new();
    for release in versions.split([',', ';']).map(str::trim) {
        // A range is written "22.5-6" or "22.0 to 22.3", and all releases of a major "18.x".
        let first = release.split([' ', '-']).next().unwrap_or(release);
        let (major, minor) = first.split_once('.').unwrap_or((first, "0"));
        first_of_majors.entry(major).or_insert(minor);
    }
    // "And later" includes a major whose first release behaves in this way.
    let releases = first_of_majors
        .iter()
        .filter(|(_, minor)| !matches!(**minor, "0" | "x"));
    let releases: Vec<String> = releases
        .map(|(major, minor)| format!("{major}.{minor}"))
        .collect();
    releases.join(", ")
}

#[cfg(test)]
mod tests {
    use audiosocket::asterisk::Received;

    use super::*;

    #[test]
    fn fault_is_reported_once_with_all_versions() {
        let started = Instant::now();
        let mut panel = Panel::new(started, Way::Application);
        let at = started + Duration::from_millis(1234);
        panel.look(at, |judge| {
            judge.bytes_read(Received {
                asked: started,
                at,
                bytes: &[0x10, 0, 0],
                emptied: true,
            });
        });
        assert!(
            panel.next_settled(at).is_none(),
            "not all may have found it"
        );
        let fault = panel.next_settled(at + UNTIL_ALL_AGREE).unwrap();
        let text = fault.text("0123abcd ");
        assert!(text.lines().all(|line| line.len() <= 60), "{text}");
        assert_eq!(
            text,
            "0123abcd 1.234 s server: violation empty-audio, audio\n\
             0123abcd   without a sample (at byte 0: 10 00 00)\n\
             0123abcd     Asterisk hangs up the caller: 20.14, 21.9, 22.4\n\
             0123abcd       and later\n\
             0123abcd     remedy: send a frame of silence, or nothing,\n\
             0123abcd       instead of length 0"
        );
        assert!(panel.next().is_none());
    }

    #[test]
    fn remedy_names_the_versions_that_know_all_rates() {
        let all_rates: Vec<usize> = (0..TABLE.len())
            .filter(|&row| TABLE[row].consequence(Rule::UnknownRate).is_none())
            .collect();
        let versions = versions_in_short(&all_rates).replace(" and ", " or ");
        let remedy = Rule::UnknownRate.remedy();
        assert!(remedy.ends_with(&versions), "{remedy}: {versions}");
    }

    #[test]
    fn versions_in_short_names_the_first_of_each_major() {
        let newest = TABLE.len() - 2;
        let all = |rows: std::ops::RangeInclusive<usize>| rows.collect::<Vec<_>>();
        let row = |place: usize| TABLE[place].versions();
        assert_eq!(
            versions_in_short(&all(2..=newest)),
            "20.15, 21.10, 22.5 and later"
        );
        assert_eq!(
            versions_in_short(&all(3..=newest)),
            "20.17, 21.12, 22.7, 23.1 and later"
        );
        assert_eq!(
            versions_in_short(&all(1..=newest + 1)),
            "20.14, 21.9, 22.4 and later; start-stop"
        );
        for places in [vec![0, 1, 2], vec![0, newest], vec![0, newest + 1]] {
            let rows: Vec<String> = places.iter().map(|place| row(*place)).collect();
            assert_eq!(versions_in_short(&places), rows.join("; "));
        }
    }

    #[test]
    fn first_releases_reads_every_way_of_writing_a_range() {
        for (versions, first) in [
            ("20.17-18, 22.7-8; 20.19, 22.9", "20.17, 22.7"),
            ("22.7, 23.1 to 23.4", "22.7, 23.1"),
            ("23.1-5, 24.0 to 24.1; 24.2", "23.1"),
            ("23.1, 24.x", "23.1"),
        ] {
            assert_eq!(first_releases(versions), first);
        }
    }

    #[test]
    fn versions_without_such_calls_are_not_judged() {
        let started = Instant::now();
        let mut panel = Panel::new(started, Way::Application);
        panel.caller_sent(Kind::SLIN);
        panel.caller_sent(Kind::SLIN16);
        panel.look(started, |judge| {
            judge.bytes_read(Received {
                asked: started,
                at: started,
                bytes: &[0x12, 0, 2, 7, 7],
                emptied: true,
            });
        });
        assert!(
            panel.next().is_none(),
            "versions that send 16 kHz accept it"
        );
        panel.caller_sent(Kind::DTMF_START_STOP);
        panel.look(started, |judge| {
            judge.bytes_read(Received {
                asked: started,
                at: started,
                bytes: &[0x10, 0, 0],
                emptied: true,
            });
        });
        assert!(panel.next().is_none(), "no version sends both");
    }

    #[test]
    fn findings_of_versions_without_the_call_are_removed() {
        let started = Instant::now();
        let mut panel = Panel::new(started, Way::Application);
        // The server echoes 16 kHz audio, and then sends a frame that violates a rule of every version.
        panel.look(started, |judge| {
            judge.bytes_read(Received {
                asked: started,
                at: started,
                bytes: &[0x12, 0, 2, 7, 7, 0x10, 0, 3, 7, 7, 7],
                emptied: true,
            });
        });
        panel.caller_sent(Kind::SLIN16);
        let fault = panel.next().unwrap();
        assert_eq!(fault.violation.rule, Rule::OddLength);
        let versions: Vec<usize> = fault.consequences.iter().map(|it| it.0).collect();
        let all_rates = TABLE
            .iter()
            .enumerate()
            .filter(|(_, row)| row.knows_all_rates);
        assert_eq!(versions, all_rates.map(|it| it.0).collect::<Vec<_>>());
        assert!(panel.next().is_none());
    }

    #[test]
    fn versions_with_different_waits_share_a_fault() {
        let started = Instant::now();
        let mut panel = Panel::new(started, Way::Application);
        let after = |ms| started + Duration::from_millis(ms);
        panel.look(after(0), |judge| {
            judge.bytes_read(Received {
                asked: after(0),
                at: after(0),
                bytes: &[0x10, 0, 2],
                emptied: true,
            });
        });
        for ms in 1..30 {
            panel.look(after(ms), |judge| judge.read_empty(after(ms), after(ms)));
        }
        let json = panel.next().unwrap().fields(Object::new()).finish();
        let rows: Vec<String> = TABLE.iter().map(|row| row.versions()).collect();
        assert_eq!(
            json,
            format!(
                "{{\"rule\":\"split-payload\",\"remedy\":\"send each frame in one write, set TCP_NODELAY, and check that the length is big-endian\",\"at_ms\":1.000,\"offset\":0,\"bytes\":\"100002\",\"consequences\":[\
                 {{\"consequence\":\"hangs-up\",\"ends_call\":true,\"versions\":\"{}\"}}]}}",
                rows.join("; ")
            )
        );
        assert!(panel.next().is_none());
    }
}
