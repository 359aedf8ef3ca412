//! What each version of Asterisk does.

use std::time::Duration;

use super::{Consequence, Rule};
use crate::wire::DtmfDialect;

/// What a range of versions does with what a server sends. The ranges are the rows of [`TABLE`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Behaviour {
    /// The versions, as people write them.
    pub versions: &'static str,
    releases: &'static [Releases],
    /// Where it is known from.
    pub evidence: &'static str,
    /// The dialect in which it sends the caller's digits; `None` if it sends none.
    pub digits: Option<DtmfDialect>,
    /// Whether it knows audio at other rates than 8 kHz: the kinds 0x11 to 0x18.
    pub knows_all_rates: bool,
    /// How long it waits for the rest of a header before it matters; zero if it does not wait. See [`Rule::SplitHeader`].
    pub header_wait: Duration,
    /// How long it waits for the rest of a payload, each time anew; zero if it does not wait. See [`Rule::SplitPayload`].
    pub payload_wait: Duration,
    /// How long its application goes on without traffic in either direction; `None` for ever. See [`Rule::Idle`].
    pub idle_timeout: Option<Duration>,
    /// Whether its application lets the dialplan go on after a hangup frame. If not, the caller is hung up whatever the server
    /// does.
    pub goes_on_after_hangup: bool,
    empty_audio: Option<Consequence>,
    forbidden_kind: Option<Consequence>,
    split_header: Consequence,
    no_hangup: Option<Consequence>,
}

/// Releases of one major version: from one minor version to another.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Releases {
    major: u16,
    first: u16,
    last: u16,
}

const fn releases(major: u16, first: u16, last: u16) -> Releases {
    Releases { major, first, last }
}

/// Read in `res_audiosocket.c`, `app_audiosocket.c` and `chan_audiosocket.c` of every release.
const READ: &str = "read in its source";
/// Measured with Debian's 22.10.1 on loopback, and read like the others.
const MEASURED: &str = "measured with 22.10, read in its source";
/// Its modules were loaded in 22.10. What it does upon a hangup frame was not measured.
const MEASURED_FORK: &str = "its modules measured in 22.10, else as 20.13";

/// `ast_wait_for_input(svc, 5)` in `res_audiosocket.c`; measured: 4 ms pass, 6 ms end the call.
const FIVE_MS: Duration = Duration::from_millis(5);
/// It waits for a header for ever, and for that long neither sends the caller's audio nor takes the time-out of 2 s. What is
/// within the time of a frame delays none.
const A_FRAME: Duration = Duration::from_millis(20);
/// `MAX_WAIT_TIMEOUT_MSEC` in `app_audiosocket.c`; 2.003 s measured.
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// The behaviour of every version that is known, oldest first, the start-stop fork last.
pub const TABLE: [Behaviour; 8] = [
    TO_22_3, AT_22_4, AT_22_5, AT_21_12, AT_22_7, AT_22_9, AT_22_10, START_STOP,
];

// Each says what is different from the one before.

const TO_22_3: Behaviour = Behaviour {
    versions: "18, to 20.13, 21.8 and 22.3",
    releases: &[
        releases(18, 0, u16::MAX),
        releases(20, 0, 13),
        releases(21, 0, 8),
        releases(22, 0, 3),
    ],
    evidence: READ,
    digits: None,
    knows_all_rates: false,
    empty_audio: None,
    forbidden_kind: None,
    split_header: Consequence::HangsUp,
    header_wait: Duration::ZERO,
    payload_wait: Duration::ZERO,
    idle_timeout: None,
    no_hangup: Some(Consequence::Spins),
    goes_on_after_hangup: false,
};

const AT_22_4: Behaviour = Behaviour {
    versions: "20.14, 21.9, 22.4",
    releases: &[releases(20, 14, 14), releases(21, 9, 9), releases(22, 4, 4)],
    digits: Some(DtmfDialect::Asterisk),
    empty_audio: Some(Consequence::HangsUp),
    forbidden_kind: Some(Consequence::HangsUp),
    // One `read` of three bytes; for those it did not bring stands what was in memory.
    split_header: Consequence::Misreads,
    idle_timeout: Some(TWO_SECONDS),
    no_hangup: None,
    goes_on_after_hangup: true,
    ..TO_22_3
};

const AT_22_5: Behaviour = Behaviour {
    versions: "20.15-16, 21.10-11, 22.5-6, 23.0",
    releases: &[
        releases(20, 15, 16),
        releases(21, 10, 11),
        releases(22, 5, 6),
        releases(23, 0, 0),
    ],
    payload_wait: FIVE_MS,
    ..AT_22_4
};

const AT_21_12: Behaviour = Behaviour {
    versions: "21.12",
    releases: &[releases(21, 12, 12)],
    knows_all_rates: true,
    ..AT_22_5
};

const AT_22_7: Behaviour = Behaviour {
    versions: "20.17-18, 22.7-8, 23.1-2",
    releases: &[releases(20, 17, 18), releases(22, 7, 8), releases(23, 1, 2)],
    // It waits for the rest of a header, but reads that to the header's beginning.
    split_header: Consequence::Misreads,
    ..AT_21_12
};

const AT_22_9: Behaviour = Behaviour {
    versions: "20.19, 22.9, 23.3",
    releases: &[releases(20, 19, 19), releases(22, 9, 9), releases(23, 3, 3)],
    split_header: Consequence::StopsHearing,
    header_wait: A_FRAME,
    ..AT_22_7
};

const AT_22_10: Behaviour = Behaviour {
    versions: "20.20, 22.10, 23.4",
    releases: &[
        releases(20, 20, 20),
        releases(22, 10, 10),
        releases(23, 4, 4),
    ],
    evidence: MEASURED,
    ..AT_22_9
};

/// Made from a version of the first row. Its application sends no digits, its channel driver does.
const START_STOP: Behaviour = Behaviour {
    versions: "start-stop",
    releases: &[],
    evidence: MEASURED_FORK,
    digits: Some(DtmfDialect::StartStop),
    ..TO_22_3
};

impl Behaviour {
    /// What these versions do when a server breaks the rule; `None` if they take no offence.
    pub const fn consequence(&self, rule: Rule) -> Option<Consequence> {
        match rule {
            Rule::EmptyAudio => self.empty_audio,
            Rule::ForbiddenKind => self.forbidden_kind,
            // Without the kind it is like any other unknown one, but there it would have been heard.
            Rule::UnknownRate => match (self.knows_all_rates, self.forbidden_kind) {
                (true, _) => None,
                (false, Some(consequence)) => Some(consequence),
                (false, None) => Some(Consequence::Skips),
            },
            Rule::OddLength => Some(Consequence::RecordsNoise),
            Rule::SplitHeader => Some(self.split_header),
            Rule::SplitPayload | Rule::Reset | Rule::Truncated | Rule::NotReading => {
                Some(Consequence::HangsUp)
            }
            Rule::TooFast => Some(Consequence::PlaysFast),
            Rule::QueueOverflow => Some(Consequence::DropsAudio),
            Rule::Idle => match self.idle_timeout {
                Some(_) => Some(Consequence::HangsUp),
                None => None,
            },
            Rule::NoHangup => self.no_hangup,
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
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_release_is_in_one_row() {
        for (major, newest) in [(18, 99), (20, 20), (21, 12), (22, 10), (23, 4)] {
            for minor in 0..=newest {
                let rows = TABLE.iter().filter(|row| row.has_release(major, minor));
                assert_eq!(rows.count(), 1, "{major}.{minor}");
            }
        }
    }

    #[test]
    fn what_later_versions_forbid_and_allow() {
        let of = |rule| TABLE.map(|row| row.consequence(rule).map(|it| it.name()));
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
