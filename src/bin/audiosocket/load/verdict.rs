//! Result of a load.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use audiosocket::wire::Kind;

use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::{counted, wrapped};

use super::placed_call::{Fault, Outcome};
use super::run::Run;
use super::tally::Tally;

/// Sum of all outcomes.
#[derive(Debug, Default)]
pub struct Verdict {
    calls: usize,
    tally: Tally,
    faults: BTreeMap<Fault, usize>,
    unexpected: BTreeSet<u8>,
}

const KINDS_NAMED: usize = 3;

const NO_ECHO: &str = "the server does not echo";

impl Verdict {
    pub fn add(&mut self, outcome: Outcome) {
        self.calls += 1;
        self.tally += outcome.tally;
        if let Some(fault) = outcome.fault {
            *self.faults.entry(fault).or_default() += 1;
        }
        self.unexpected.extend(outcome.unexpected);
    }

    /// Returns how many calls are over.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Prints the result. Returns an error if any call or frame had a fault.
    pub fn print(&self, run: &Run, json: bool, output: &Output) -> Result<(), Failure> {
        if self.is_without_echo() {
            output.line(&match json {
                true => Object::event("problem")
                    .text("what", "no-echo")
                    .text("reason", NO_ECHO)
                    .number("calls", self.calls)
                    .finish(),
                false => wrapped("", "  ", NO_ECHO),
            })?;
        }
        for (fault, count) in &self.faults {
            let (what, reason) = described(fault);
            if json {
                let problem = Object::event("problem")
                    .text("what", what)
                    .text("reason", reason)
                    .number("calls", *count);
                output.line(&problem.finish())?;
            } else {
                let start = format!("{} {}: ", counted(*count, "call"), what.replace('-', " "));
                output.line(&wrapped(&start, "  ", reason))?;
            }
        }
        if self.tally.unexpected > 0 {
            let kinds = self.unexpected_kinds();
            if json {
                let problem = Object::event("problem")
                    .text("what", "unexpected")
                    .text("reason", &kinds)
                    .number("frames", self.tally.unexpected);
                output.line(&problem.finish())?;
            } else {
                let frames = counted(self.tally.unexpected, "frame");
                output.line(&wrapped(&format!("{frames} unexpected: "), "  ", &kinds))?;
            }
        }
        if json {
            output.line(&self.summary(run).finish())?;
        } else {
            output.text(&self.text(run))?;
        }
        match self.complaint() {
            Some(complaint) => Err(Failure::Failed(complaint)),
            None if json => Ok(()),
            None => output.line("ok: nothing was lost or altered"),
        }
    }

    /// Returns the first few unexpected kinds. A server that sends noise sends every kind.
    fn unexpected_kinds(&self) -> String {
        let kinds = self.unexpected.iter().map(|kind| Kind::from_byte(*kind));
        let mut names: Vec<String> = kinds
            .take(KINDS_NAMED)
            .map(|kind| kind.to_string())
            .collect();
        if let more @ 1.. = self.unexpected.len().saturating_sub(KINDS_NAMED) {
            names.push(counted(more, "more kind"));
        }
        names.join(", ")
    }

    fn refused(&self) -> usize {
        self.calls_with(|fault| matches!(fault, Fault::Refused(_)))
    }

    fn ended_early(&self) -> usize {
        self.calls_with(|fault| matches!(fault, Fault::EndedEarly(_)))
    }

    fn not_closed(&self) -> usize {
        self.calls_with(|fault| matches!(fault, Fault::NotClosed))
    }

    fn still_playing(&self) -> usize {
        self.calls_with(|fault| matches!(fault, Fault::StillPlaying))
    }

    /// Returns whether no call got a frame back. Refused calls prove nothing.
    fn is_without_echo(&self) -> bool {
        self.tally.is_without_echo() && self.refused() < self.calls
    }

    fn calls_with(&self, is_meant: impl Fn(&Fault) -> bool) -> usize {
        let faults = self.faults.iter().filter(|(fault, _)| is_meant(fault));
        faults.map(|(_, count)| count).sum()
    }

    fn summary(&self, run: &Run) -> Object {
        let tally = self.tally;
        let mut summary = Object::event("summary")
            .number("calls", self.calls)
            .thousandths("seconds", run.started.elapsed().as_secs_f64())
            .number("refused", self.refused())
            .number("ended_early", self.ended_early())
            .number("not_closed", self.not_closed())
            .number("still_playing", self.still_playing())
            .number("frames_sent", tally.sent)
            .number("frames_received", tally.received())
            .number("lost", tally.lost())
            .number("corrupt", tally.corrupt)
            .number("doubled", tally.doubled)
            .number("out_of_order", tally.out_of_order)
            .number("crossed", tally.crossed)
            .number("foreign", tally.foreign)
            .number("unexpected", tally.unexpected);
        summary = summary.thousandths("behind_ms", run.behind().as_secs_f64() * 1000.0);
        for (name, time) in [
            ("rtt_ms_p50", run.round_trips.percentile_ms(50)),
            ("rtt_ms_p90", run.round_trips.percentile_ms(90)),
            ("rtt_ms_p99", run.round_trips.percentile_ms(99)),
            ("rtt_ms_max", run.round_trips.longest_ms()),
            ("late_ms_p50", run.lateness.percentile_ms(50)),
            ("late_ms_p99", run.lateness.percentile_ms(99)),
        ] {
            if let Some(time) = time {
                summary = summary.thousandths(name, time);
            }
        }
        summary
    }

    fn text(&self, run: &Run) -> String {
        let tally = self.tally;
        let sent = format!("{} sent, ", counted(tally.sent, "frame"));
        let mut text = wrapped(&sent, "  ", &format!("{} received", tally.received())) + "\n";
        let mut faults = format!(
            "{} lost, {} corrupt, {} doubled, {} out of order, {} crossed",
            tally.lost(),
            tally.corrupt,
            tally.doubled,
            tally.out_of_order,
            tally.crossed
        );
        if tally.foreign > 0 {
            faults += &format!(", {} foreign", tally.foreign);
        }
        text += &(wrapped("", "  ", &faults) + "\n");
        for (what, times) in [
            ("round trip", &run.round_trips),
            ("lateness", &run.lateness),
        ] {
            let times = (
                times.percentile_ms(50),
                times.percentile_ms(90),
                times.percentile_ms(99),
                times.longest_ms(),
            );
            if let (Some(p50), Some(p90), Some(p99), Some(longest)) = times {
                text += &format!(
                    "{what:10} p50 {p50:.2} ms, p90 {p90:.2}, p99 {p99:.2}, max {longest:.2}\n"
                );
            }
        }
        let behind = run.behind();
        // Less is printed as 0.0 s.
        if behind >= Duration::from_millis(50) {
            let reason = "behind schedule: this machine is too slow";
            let start = format!("{:.1} s ", behind.as_secs_f64());
            text += &(wrapped(&start, "  ", reason) + "\n");
        }
        text
    }

    /// Returns all faults in one line, or `None` if there are no faults.
    fn complaint(&self) -> Option<String> {
        let tally = self.tally;
        let frames = [
            (tally.lost(), "lost"),
            (tally.corrupt, "corrupt"),
            (tally.doubled, "doubled"),
            (tally.out_of_order, "out of order"),
            (tally.crossed, "crossed"),
            (tally.foreign, "foreign"),
            (tally.unexpected, "unexpected"),
        ];
        let calls = [
            (self.refused(), "refused"),
            (self.ended_early(), "ended early"),
            (self.not_closed(), "not closed"),
            (self.still_playing(), "still playing"),
        ];
        let named = |all: &[(usize, &str)], noun: &str| {
            let mut names = Vec::new();
            for (count, what) in all.iter().filter(|(count, _)| *count > 0) {
                names.push(match names.is_empty() {
                    true => format!("{} {what}", counted(*count, noun)),
                    false => format!("{count} {what}"),
                });
            }
            names
        };
        let mut all = named(&frames, "frame");
        all.extend(named(&calls, "call"));
        let all = (!all.is_empty()).then(|| all.join(", "))?;
        Some(match self.is_without_echo() {
            true => format!("{NO_ECHO}: {all}"),
            false => all,
        })
    }
}

/// Returns a fault's name for scripts, and its reason.
fn described(fault: &Fault) -> (&'static str, &str) {
    match fault {
        Fault::Refused(reason) => ("refused", reason),
        Fault::EndedEarly(reason) => ("ended-early", reason),
        Fault::NotClosed => (
            "not-closed",
            "the server did not close within 2 s of the hangup",
        ),
        Fault::StillPlaying => (
            "still-playing",
            "the server still sent audio 2 s after the hangup",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_first_kinds_are_named() {
        let mut verdict = Verdict {
            unexpected: BTreeSet::from([0x01, 0x03]),
            ..Verdict::default()
        };
        assert_eq!(verdict.unexpected_kinds(), "UUID (0x01), DTMF (0x03)");
        verdict.unexpected.extend(0..=255);
        assert_eq!(
            verdict.unexpected_kinds(),
            "hangup (0x00), UUID (0x01), DTMF (0x02), 253 more kinds"
        );
    }

    #[test]
    fn failure_names_only_what_was_wrong() {
        let mut verdict = Verdict::default();
        let outcome = |tally, fault| Outcome {
            tally,
            fault,
            unexpected: BTreeSet::new(),
        };
        let all_right = Tally {
            sent: 10,
            right: 10,
            ..Tally::default()
        };
        verdict.add(outcome(all_right, None));
        assert_eq!(verdict.complaint(), None);
        let two_lost = Tally {
            right: 7,
            corrupt: 1,
            ..all_right
        };
        verdict.add(outcome(two_lost, Some(Fault::NotClosed)));
        let refused = || Some(Fault::Refused(String::from("why")));
        verdict.add(outcome(Tally::default(), refused()));
        verdict.add(outcome(Tally::default(), refused()));
        assert_eq!(
            verdict.complaint().unwrap(),
            "2 frames lost, 1 corrupt, 2 calls refused, 1 not closed"
        );
    }
}
