//! What each version of Asterisk does.

use std::format;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

use super::{Consequence, Rule};
use crate::wire::DtmfDialect;

/// What a range of versions does with what a server sends. The ranges are the rows of [`TABLE`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Behaviour {
    releases: &'static [Releases],
    /// The release of this row that was measured, if one was.
    measured: Option<(u16, u16)>,
    /// Where the facts come from.
    pub evidence: &'static str,
    /// The dialect in which Asterisk sends the caller's digits; `None` if it sends none.
    pub digits: Option<DtmfDialect>,
    /// Whether it knows audio at other rates than 8 kHz: the kinds 0x11 to 0x18.
    pub knows_all_rates: bool,
    /// How long it waits for the rest of a header before it matters; zero if it does not wait. See [`Rule::SplitHeader`].
    pub header_wait: Duration,
    /// How long it waits for the rest of a payload, each time anew; zero if it does not wait. See [`Rule::SplitPayload`].
    pub payload_wait: Duration,
    /// Through the application `AudioSocket()`.
    pub application: Consequences,
    /// Through the channel driver, `Dial(AudioSocket/...)`.
    pub channel_driver: Consequences,
}

/// What comes of violations in one of Asterisk's two ways to a server.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Consequences {
    /// Whether this way was measured or read, or is taken to be like the other.
    pub evidence: &'static str,
    /// How long the call lasts without traffic in either direction; `None` if it has no limit. See [`Rule::Idle`].
    pub idle_timeout: Option<Duration>,
    /// Whether the dialplan continues after a hangup frame. If not, Asterisk hangs up the caller.
    pub continues_after_hangup: bool,
    empty_audio: Option<Consequence>,
    forbidden_kind: Option<Consequence>,
    split_header: Consequence,
    no_hangup: Option<Consequence>,
}

/// Releases of one major version, from one minor version to another.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Releases {
    major: u16,
    first: u16,
    last: u16,
}

/// All releases of a major version.
const fn all_of(major: u16) -> Releases {
    releases(major, 0, u16::MAX)
}

const fn releases(major: u16, first: u16, last: u16) -> Releases {
    Releases { major, first, last }
}

/// Read in `res_audiosocket.c`, `app_audiosocket.c` and `chan_audiosocket.c` of every release.
const READ: &str = "read in its source";
/// Measured with Debian's 22.10.1 on loopback, and read like the others.
const MEASURED: &str = "measured with 22.10, read in its source";
/// Its modules were loaded in 22.10. What it does after a hangup frame was not measured.
const MEASURED_FORK: &str = "its modules measured in 22.10, else as 20.13";
/// The one difference known is that the driver has no time-out (measured with 22.10).
const LIKE_APPLICATION: &str = "not measured: like the application, without its time-out";

/// `ast_wait_for_input(svc, 5)` in `res_audiosocket.c`; measured: 4 ms pass, 6 ms end the call.
const FIVE_MS: Duration = Duration::from_millis(5);
/// It waits for a header without a limit, and meanwhile neither sends the caller's audio nor keeps to the time-out of 2 s. A rest
/// that arrives within the time of a frame delays nothing.
const A_FRAME: Duration = Duration::from_millis(20);
/// `MAX_WAIT_TIMEOUT_MSEC` in `app_audiosocket.c`; 2.003 s measured.
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// The behaviour of every known version, oldest first, the start-stop fork last.
///
/// A new release that behaves like the newest row is one more number there; everything else follows.
pub const TABLE: &[Behaviour] = &[
    TO_22_3, AT_22_4, AT_22_5, AT_21_12, AT_22_7, AT_22_9, AT_22_10, START_STOP,
];

// Each row states what differs from the row before.

const TO_22_3: Behaviour = row(
    &[
        all_of(18),
        releases(20, 0, 13),
        releases(21, 0, 8),
        releases(22, 0, 3),
    ],
    Consequences {
        evidence: READ,
        idle_timeout: None,
        continues_after_hangup: false,
        empty_audio: None,
        forbidden_kind: None,
        split_header: Consequence::HangsUp,
        no_hangup: Some(Consequence::Spins),
    },
    Behaviour {
        releases: &[],
        measured: None,
        evidence: READ,
        digits: None,
        knows_all_rates: false,
        header_wait: Duration::ZERO,
        payload_wait: Duration::ZERO,
        application: Consequences::NONE,
        channel_driver: Consequences::NONE,
    },
);

const AT_22_4: Behaviour = row(
    &[releases(20, 14, 14), releases(21, 9, 9), releases(22, 4, 4)],
    Consequences {
        idle_timeout: Some(TWO_SECONDS),
        continues_after_hangup: true,
        empty_audio: Some(Consequence::HangsUp),
        forbidden_kind: Some(Consequence::HangsUp),
        // One `read` of three bytes; bytes that it did not bring keep what was in memory.
        split_header: Consequence::Misreads,
        no_hangup: None,
        ..TO_22_3.application
    },
    Behaviour {
        digits: Some(DtmfDialect::Asterisk),
        ..TO_22_3
    },
);

const AT_22_5: Behaviour = row(
    &[
        releases(20, 15, 16),
        releases(21, 10, 11),
        releases(22, 5, 6),
        releases(23, 0, 0),
    ],
    AT_22_4.application,
    Behaviour {
        payload_wait: FIVE_MS,
        ..AT_22_4
    },
);

const AT_21_12: Behaviour = row(
    &[releases(21, 12, 12)],
    AT_22_5.application,
    Behaviour {
        knows_all_rates: true,
        ..AT_22_5
    },
);

// It waits for the rest of a header, but reads it to the header's beginning: misread, as before.
const AT_22_7: Behaviour = row(
    &[releases(20, 17, 18), releases(22, 7, 8), releases(23, 1, 2)],
    AT_21_12.application,
    AT_21_12,
);

const AT_22_9: Behaviour = row(
    &[releases(20, 19, 19), releases(22, 9, 9), releases(23, 3, 3)],
    Consequences {
        split_header: Consequence::StopsHearing,
        ..AT_22_7.application
    },
    Behaviour {
        header_wait: A_FRAME,
        ..AT_22_7
    },
);

const AT_22_10: Behaviour = row(
    &[
        releases(20, 20, 20),
        releases(22, 10, 10),
        releases(23, 4, 4),
    ],
    Consequences {
        evidence: MEASURED,
        ..AT_22_9.application
    },
    Behaviour {
        measured: Some((22, 10)),
        evidence: MEASURED,
        ..AT_22_9
    },
);

/// Made from a version of the first row. Its application sends no digits, its channel driver does.
const START_STOP: Behaviour = row(
    &[],
    Consequences {
        evidence: MEASURED_FORK,
        ..TO_22_3.application
    },
    Behaviour {
        evidence: MEASURED_FORK,
        digits: Some(DtmfDialect::StartStop),
        ..TO_22_3
    },
);

/// A row for these releases whose channel driver is not known to differ, except in its time-out.
const fn row(
    releases: &'static [Releases],
    application: Consequences,
    behaviour: Behaviour,
) -> Behaviour {
    Behaviour {
        releases,
        application,
        channel_driver: Consequences {
            evidence: LIKE_APPLICATION,
            idle_timeout: None,
            ..application
        },
        ..behaviour
    }
}

impl Consequences {
    /// For a row under construction.
    const NONE: Consequences = Consequences {
        evidence: "",
        idle_timeout: None,
        continues_after_hangup: false,
        empty_audio: None,
        forbidden_kind: None,
        split_header: Consequence::HangsUp,
        no_hangup: None,
    };
}

impl Behaviour {
    /// The releases, as people write them: "20.20, 22.10, 23.4".
    pub fn versions(&self) -> String {
        if self.releases.is_empty() {
            return String::from("start-stop");
        }
        let (whole, ranges): (Vec<&Releases>, Vec<&Releases>) = self
            .releases
            .iter()
            .partition(|range| (range.first, range.last) == (0, u16::MAX));
        let mut texts: Vec<String> = whole.iter().map(|range| range.major.to_string()).collect();
        match ranges.iter().all(|range| range.first == 0) {
            // The oldest row.
            true => {
                let last = |range: &&Releases| format!("{}.{}", range.major, range.last);
                let newest: Vec<String> = ranges.iter().map(last).collect();
                texts.push(format!("to {}", enumerated(&newest)));
            }
            false => texts.extend(ranges.iter().map(|range| match range.first == range.last {
                true => format!("{}.{}", range.major, range.first),
                false => format!("{}.{}-{}", range.major, range.first, range.last),
            })),
        }
        texts.join(", ")
    }

    /// What comes of breaking a rule through the application `AudioSocket()`; `None` if these versions take no offence.
    pub const fn consequence(&self, rule: Rule) -> Option<Consequence> {
        self.consequence_in(&self.application, rule)
    }

    /// What comes of breaking a rule through one of the two ways, [`application`](Behaviour::application) or
    /// [`channel_driver`](Behaviour::channel_driver).
    pub const fn consequence_in(&self, way: &Consequences, rule: Rule) -> Option<Consequence> {
        match rule {
            Rule::EmptyAudio => way.empty_audio,
            Rule::ForbiddenKind => way.forbidden_kind,
            // These versions treat the kind like any unknown one, but one that knows it would play the audio.
            Rule::UnknownRate => match (self.knows_all_rates, way.forbidden_kind) {
                (true, _) => None,
                (false, Some(consequence)) => Some(consequence),
                (false, None) => Some(Consequence::Skips),
            },
            Rule::OddLength => Some(Consequence::RecordsNoise),
            Rule::SplitHeader => Some(way.split_header),
            Rule::SplitPayload | Rule::Reset | Rule::Truncated | Rule::NotReading => {
                Some(Consequence::HangsUp)
            }
            Rule::TooFast => Some(Consequence::PlaysFast),
            Rule::QueueOverflow => Some(Consequence::DropsAudio),
            Rule::Idle => match way.idle_timeout {
                Some(_) => Some(Consequence::HangsUp),
                None => None,
            },
            Rule::NoHangup => way.no_hangup,
        }
    }

    pub(super) fn has_release(&self, major: u16, minor: u16) -> bool {
        self.releases
            .iter()
            .any(|it| it.major == major && (it.first..=it.last).contains(&minor))
    }

    pub(super) fn newest_minor(&self, major: u16) -> Option<u16> {
        let of_major = self.releases.iter().filter(|it| it.major == major);
        of_major.map(|it| it.last).max()
    }

    pub(super) fn majors(&self) -> impl Iterator<Item = u16> {
        self.releases.iter().map(|it| it.major)
    }

    /// The release that stands for the row: the measured one, else the newest of Asterisk 22, else the last named.
    pub(super) const fn representative(&self) -> Option<(u16, u16)> {
        if self.measured.is_some() {
            return self.measured;
        }
        let mut representative = None;
        let mut releases = self.releases;
        while let [range, rest @ ..] = releases {
            if !matches!(representative, Some((22, _))) {
                representative = Some((range.major, range.last));
            }
            releases = rest;
        }
        representative
    }

    pub(super) const fn is_measured(&self) -> bool {
        self.measured.is_some()
    }
}

/// "1", "1 and 2", "1, 2 and 3".
pub(super) fn enumerated(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_is_in_one_row() {
        for major in TABLE.iter().flat_map(Behaviour::majors) {
            let newest = TABLE.iter().filter_map(|row| row.newest_minor(major)).max();
            for minor in 0..=newest.unwrap().min(99) {
                let rows = TABLE.iter().filter(|row| row.has_release(major, minor));
                assert_eq!(rows.count(), 1, "{major}.{minor}");
            }
        }
    }

    #[test]
    fn rows_are_named_by_their_releases() {
        let versions: Vec<String> = TABLE.iter().map(Behaviour::versions).collect();
        assert_eq!(
            versions[..4],
            [
                "18, to 20.13, 21.8 and 22.3",
                "20.14, 21.9, 22.4",
                "20.15-16, 21.10-11, 22.5-6, 23.0",
                "21.12",
            ]
        );
        assert_eq!(versions.last().unwrap(), "start-stop");
    }

    #[test]
    fn what_later_versions_forbid_and_allow() {
        let of = |rule| -> Vec<Option<&str>> {
            let consequences = TABLE.iter().map(|row| row.consequence(rule));
            consequences.map(|it| it.map(|it| it.name())).collect()
        };
        let hangs_up = Some("hangs-up");
        let none = None;
        for (rule, expected) in [
            (
                Rule::EmptyAudio,
                [
                    none, hangs_up, hangs_up, hangs_up, hangs_up, hangs_up, hangs_up, none,
                ],
            ),
            (
                Rule::UnknownRate,
                [
                    Some("skips"),
                    hangs_up,
                    hangs_up,
                    none,
                    none,
                    none,
                    none,
                    Some("skips"),
                ],
            ),
            (
                Rule::SplitHeader,
                [
                    hangs_up,
                    Some("misreads"),
                    Some("misreads"),
                    Some("misreads"),
                    Some("misreads"),
                    Some("stops-hearing"),
                    Some("stops-hearing"),
                    hangs_up,
                ],
            ),
            (
                Rule::NoHangup,
                [
                    Some("spins"),
                    none,
                    none,
                    none,
                    none,
                    none,
                    none,
                    Some("spins"),
                ],
            ),
        ] {
            assert_eq!(of(rule), expected, "{rule}");
        }
        let waits: Vec<u128> = TABLE
            .iter()
            .map(|row| row.payload_wait.as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 5, 5, 5, 5, 5, 0]);
    }
}
