//! The behaviour of each version of Asterisk.

use std::format;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use super::{Consequence, Rule, Way};
use crate::wire::DtmfDialect;

/// The behaviour of a range of Asterisk versions towards a server. [`TABLE`] has one row for each range.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Behaviour {
    releases: &'static [Releases],
    /// The releases whose application uses a whole core during a call. See [`busy_releases`](Behaviour::busy_releases).
    busy_releases: &'static [Releases],
    /// The measured release of this row, if there is one.
    measured: Option<(u16, u16)>,
    /// The source of the facts.
    pub evidence: &'static str,
    /// Whether Asterisk supports audio at rates other than 8 kHz: the kinds 0x11 to 0x18.
    pub knows_all_rates: bool,
    /// The longest delay inside a header that does no harm; zero if any delay does.
    ///
    /// Asterisk may wait for longer: see [`waits_for_header`](Behaviour::waits_for_header) and [`Rule::SplitHeader`].
    pub header_wait: Duration,
    /// Whether Asterisk waits for the rest of a header without a limit.
    ///
    /// If so, the end of the stream inside a header is a hangup, and a hangup frame takes effect with its third byte. Other
    /// versions hang up at its first byte. See [`Rule::StalledHeader`].
    pub waits_for_header: bool,
    /// The wait for the rest of a payload; zero if Asterisk does not wait.
    ///
    /// Each part that arrives restarts the wait. See [`Rule::SplitPayload`].
    pub payload_wait: Duration,
    /// The behaviour of the application `AudioSocket()`.
    pub application: Consequences,
    /// The behaviour of the channel driver, `Dial(AudioSocket/...)`.
    pub channel_driver: Consequences,
}

/// The behaviour of the application or of the channel driver, with the consequences of violations.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Consequences {
    /// The way.
    pub way: Way,
    /// The source of these facts: measured, or read in the source.
    pub evidence: &'static str,
    /// The dialect of the caller's DTMF digits; `None` if no digits are sent.
    pub digits: Option<DtmfDialect>,
    /// The treatment of the caller's frames that are neither audio nor a digit.
    pub other_frames: OtherFrames,
    /// The limit on the time without traffic in either direction. Asterisk then ends the call.
    ///
    /// `None` if there is no limit. See [`Rule::Idle`].
    pub idle_timeout: Option<Duration>,
    /// Whether the dialplan continues after a hangup frame. If not, Asterisk hangs up the caller.
    ///
    /// After `Dial()`, the dialplan continues only with the option `g`. It then also continues after a violation or a reset.
    pub continues_after_hangup: bool,
    empty_audio: Option<Consequence>,
    forbidden_kind: Option<Consequence>,
    split_header: Consequence,
    no_hangup: Option<Consequence>,
}

/// The treatment of the caller's frames that are neither audio nor a digit.
///
/// An example is comfort noise, which telephones send during a silence.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OtherFrames {
    /// It ignores them.
    Ignored,
    /// It sends them to the server as audio at 8 kHz, kind 0x10. Comfort noise becomes a frame without a sample, `10 00 00`
    /// (measured with the modules of 2020 and of the start-stop fork).
    SentAsAudio,
    /// It ends its leg of the call and logs "Unsupported frame type 10 for AudioSocket".
    EndLeg,
}

/// A range of minor versions within one major version.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Releases {
    major: u16,
    first: u16,
    last: u16,
}

/// Returns all releases of a major version.
const fn all_of(major: u16) -> Releases {
    releases(major, 0, u16::MAX)
}

const fn releases(major: u16, first: u16, last: u16) -> Releases {
    Releases { major, first, last }
}

/// The facts were read in `res_audiosocket.c`, `app_audiosocket.c` and `chan_audiosocket.c` of every release.
const READ: &str = "read in its source";
/// The facts were measured with Debian's 22.10.1 on loopback, and read in the source like the others.
const MEASURED: &str = "measured with 22.10, read in its source";
/// The modules in Asterisk's repository in February 2020, before 18.0, were loaded in 22.10.
const MEASURED_2020: &str = "modules of 2020 measured in 22.10, read in its source";
/// The fork's modules were loaded in 22.10.
const MEASURED_FORK: &str = "the fork's modules measured in 22.10; the rest as 20.13";

/// The wait of `ast_wait_for_input(svc, 5)` in `res_audiosocket.c`. Measured: a gap of 4 ms passes, a gap of 6 ms ends the call.
const FIVE_MS: Duration = Duration::from_millis(5);
/// The duration of one frame. While Asterisk waits for the rest of a header, it does not send the caller's audio, and does not
/// enforce the time-out of 2 s. A wait within the duration of a frame delays nothing.
const A_FRAME: Duration = Duration::from_millis(20);
/// `MAX_WAIT_TIMEOUT_MSEC` in `app_audiosocket.c`; 2.003 s measured.
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// The behaviour of every known version: oldest first, the start-stop fork last.
///
/// 22.11, 23.5 and 20.21 are in the newest row because the AudioSocket files of their release candidates equal those of 22.10.
///
/// To add a release that behaves like the newest row, change the last release of its major version there.
pub const TABLE: &[Behaviour] = &[
    TO_22_3, AT_22_4, AT_22_5, AT_21_12, AT_22_7, AT_22_9, AT_22_10, START_STOP,
];

// Each row states its differences from the row before it.

const TO_22_3: Behaviour = row(
    &[
        all_of(18),
        all_of(19),
        releases(20, 0, 13),
        releases(21, 0, 8),
        releases(22, 0, 3),
    ],
    Consequences {
        way: Way::Application,
        evidence: MEASURED_2020,
        digits: None,
        other_frames: OtherFrames::Ignored,
        idle_timeout: None,
        continues_after_hangup: false,
        empty_audio: None,
        forbidden_kind: None,
        split_header: Consequence::HangsUp,
        no_hangup: Some(Consequence::Spins),
    },
    Behaviour {
        releases: &[],
        // `ms` is 0 in the loop of `app_audiosocket.c`, fixed in 18.20, 20.5 and 21.0.
        busy_releases: &[releases(18, 0, 19), all_of(19), releases(20, 0, 4)],
        measured: None,
        evidence: MEASURED_2020,
        knows_all_rates: false,
        header_wait: Duration::ZERO,
        waits_for_header: false,
        payload_wait: Duration::ZERO,
        application: NONE,
        channel_driver: driver(OtherFrames::SentAsAudio),
    },
);

const AT_22_4: Behaviour = row(
    &[releases(20, 14, 14), releases(21, 9, 9), releases(22, 4, 4)],
    Consequences {
        evidence: READ,
        digits: Some(DtmfDialect::Asterisk),
        idle_timeout: Some(TWO_SECONDS),
        continues_after_hangup: true,
        empty_audio: Some(Consequence::HangsUp),
        forbidden_kind: Some(Consequence::HangsUp),
        // Asterisk reads the three bytes with one `read`. Missing bytes keep whatever the memory held before.
        split_header: Consequence::Misreads,
        no_hangup: None,
        ..TO_22_3.application
    },
    Behaviour {
        busy_releases: &[],
        evidence: READ,
        channel_driver: driver(OtherFrames::EndLeg),
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

// These versions wait for the rest of a header, but write it to the start of the header, so they still misread it.
const AT_22_7: Behaviour = row(
    &[releases(20, 17, 18), releases(22, 7, 8), releases(23, 1, 2)],
    AT_21_12.application,
    Behaviour {
        waits_for_header: true,
        ..AT_21_12
    },
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
        releases(20, 20, 21),
        releases(22, 10, 11),
        releases(23, 4, 5),
    ],
    Consequences {
        evidence: MEASURED,
        ..AT_22_9.application
    },
    Behaviour {
        measured: Some((22, 10)),
        evidence: MEASURED,
        channel_driver: driver(OtherFrames::Ignored),
        ..AT_22_9
    },
);

/// The start-stop fork, made from a version of the first row. Its application sends no digits; its channel driver does.
///
/// The channel driver refuses a dial string with `/c()`: it takes all that follows the address for the UUID (measured).
const START_STOP: Behaviour = {
    let fork = row(
        &[],
        Consequences {
            evidence: MEASURED_FORK,
            ..TO_22_3.application
        },
        Behaviour {
            evidence: MEASURED_FORK,
            busy_releases: &[],
            ..TO_22_3
        },
    );
    Behaviour {
        channel_driver: Consequences {
            digits: Some(DtmfDialect::StartStop),
            ..fork.channel_driver
        },
        ..fork
    }
};

/// Returns a row for these releases.
///
/// The channel driver reads the server's bytes with the same functions of `res_audiosocket.c` as the application. It has no
/// time-out, and it ends its leg where the application hangs up the caller. `behaviour` has its treatment of other frames.
const fn row(
    releases: &'static [Releases],
    application: Consequences,
    behaviour: Behaviour,
) -> Behaviour {
    Behaviour {
        releases,
        application,
        channel_driver: Consequences {
            way: Way::ChannelDriver,
            other_frames: behaviour.channel_driver.other_frames,
            idle_timeout: None,
            continues_after_hangup: true,
            ..application
        },
        ..behaviour
    }
}

/// Returns the part of a channel driver that [`row`] does not take from the application.
const fn driver(other_frames: OtherFrames) -> Consequences {
    Consequences {
        other_frames,
        ..NONE
    }
}

/// A placeholder for a row under construction.
const NONE: Consequences = Consequences {
    way: Way::Application,
    evidence: "",
    digits: None,
    other_frames: OtherFrames::Ignored,
    idle_timeout: None,
    continues_after_hangup: false,
    empty_audio: None,
    forbidden_kind: None,
    split_header: Consequence::HangsUp,
    no_hangup: None,
};

impl Releases {
    fn text(&self) -> String {
        let Releases { major, first, last } = self;
        match (*first, *last) {
            (0, u16::MAX) => format!("{major}.x"),
            (first, last) if first == last => format!("{major}.{first}"),
            // "18.0-19, 19.x" could be read as the releases from 18.0 to 19.
            (0, last) => format!("{major}.0 to {major}.{last}"),
            (first, last) => format!("{major}.{first}-{last}"),
        }
    }
}

impl OtherFrames {
    /// Returns the stable name for scripts: `ignored`, `sent-as-audio` or `end-leg`.
    pub const fn name(self) -> &'static str {
        match self {
            OtherFrames::Ignored => "ignored",
            OtherFrames::SentAsAudio => "sent-as-audio",
            OtherFrames::EndLeg => "end-leg",
        }
    }
}

impl Behaviour {
    /// Returns the releases as text, for example "20.15-16, 23.0" or "18.x, 20.0 to 20.13".
    pub fn versions(&self) -> String {
        if self.releases.is_empty() {
            return String::from("start-stop");
        }
        let texts = self.releases.iter().map(Releases::text);
        texts.collect::<Vec<_>>().join(", ")
    }

    /// Returns the releases that use a whole processor core during a call, for example "18.0 to 18.19, 19.x".
    ///
    /// Only their application does so, not their channel driver, and a server cannot prevent it. The text is empty if there are no
    /// such releases.
    pub fn busy_releases(&self) -> String {
        let texts = self.busy_releases.iter().map(Releases::text);
        texts.collect::<Vec<_>>().join(", ")
    }

    /// Returns the consequence of a violation in the application `AudioSocket()`.
    ///
    /// Returns `None` if these versions have no such rule.
    pub const fn consequence(&self, rule: Rule) -> Option<Consequence> {
        self.consequence_in(&self.application, rule)
    }

    /// Returns the behaviour in one of the two ways.
    pub const fn through(&self, way: Way) -> &Consequences {
        match way {
            Way::Application => &self.application,
            Way::ChannelDriver => &self.channel_driver,
        }
    }

    /// Returns the consequence of a violation in one of the two ways.
    ///
    /// `consequences` is [`application`](Behaviour::application) or [`channel_driver`](Behaviour::channel_driver) of this
    /// behaviour.
    pub const fn consequence_in(
        &self,
        consequences: &Consequences,
        rule: Rule,
    ) -> Option<Consequence> {
        match (
            consequences.way,
            self.consequence_for_caller(consequences, rule),
        ) {
            (Way::ChannelDriver, Some(Consequence::HangsUp)) => Some(Consequence::EndsLeg),
            (Way::ChannelDriver, Some(Consequence::Hangs)) => Some(Consequence::Freezes),
            (_, consequence) => consequence,
        }
    }

    /// Returns the consequence of a violation in the terms of the application, which hangs up the caller.
    const fn consequence_for_caller(
        &self,
        consequences: &Consequences,
        rule: Rule,
    ) -> Option<Consequence> {
        match rule {
            Rule::EmptyAudio => consequences.empty_audio,
            Rule::ForbiddenKind => consequences.forbidden_kind,
            // Versions without all rates treat the kind as unknown. Versions with all rates play the audio.
            Rule::UnknownRate => match (self.knows_all_rates, consequences.forbidden_kind) {
                (true, _) => None,
                (false, Some(consequence)) => Some(consequence),
                (false, None) => Some(Consequence::Skips),
            },
            Rule::OddLength => Some(Consequence::RecordsNoise),
            Rule::SplitHeader => Some(consequences.split_header),
            Rule::StalledHeader => match self.waits_for_header {
                true => Some(Consequence::Hangs),
                false => None,
            },
            Rule::SplitPayload | Rule::Reset | Rule::Truncated | Rule::NotReading => {
                Some(Consequence::HangsUp)
            }
            Rule::TooFast => Some(Consequence::PlaysFast),
            Rule::QueueOverflow => Some(Consequence::DropsAudio),
            Rule::Idle => match consequences.idle_timeout {
                Some(_) => Some(Consequence::HangsUp),
                None => None,
            },
            Rule::NoHangup => consequences.no_hangup,
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

    /// Returns the release that represents the row.
    ///
    /// This is the measured release, else the newest of Asterisk 22, else the last in the row.
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
                "18.x, 19.x, 20.0 to 20.13, 21.0 to 21.8, 22.0 to 22.3",
                "20.14, 21.9, 22.4",
                "20.15-16, 21.10-11, 22.5-6, 23.0",
                "21.12",
            ]
        );
        assert_eq!(versions.last().unwrap(), "start-stop");
    }

    #[test]
    fn later_versions_forbid_and_allow_as_listed() {
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
                Rule::StalledHeader,
                [
                    none,
                    none,
                    none,
                    none,
                    Some("hangs"),
                    Some("hangs"),
                    Some("hangs"),
                    none,
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

    #[test]
    fn driver_ends_its_leg_and_dialplan_continues() {
        for row in TABLE {
            let driver = row.through(Way::ChannelDriver);
            assert_eq!(driver.way, Way::ChannelDriver);
            assert!(driver.continues_after_hangup);
            assert_eq!(row.consequence_in(driver, Rule::Idle), None);
            for &rule in Rule::ALL {
                let expected = match row.consequence(rule) {
                    _ if rule == Rule::Idle => None,
                    Some(Consequence::HangsUp) => Some(Consequence::EndsLeg),
                    Some(Consequence::Hangs) => Some(Consequence::Freezes),
                    other => other,
                };
                assert_eq!(row.consequence_in(driver, rule), expected, "{rule}");
            }
        }
    }

    #[test]
    fn comfort_noise_ends_legs_from_22_4_to_22_9() {
        let in_driver = TABLE
            .iter()
            .map(|row| row.channel_driver.other_frames.name());
        let mut expected = ["end-leg"; 8];
        (expected[0], expected[7]) = ("sent-as-audio", "sent-as-audio");
        expected[6] = "ignored";
        assert_eq!(in_driver.collect::<Vec<_>>(), expected);
        let mut applications = TABLE.iter().map(|row| row.application.other_frames);
        assert!(applications.all(|it| it == OtherFrames::Ignored));
    }

    #[test]
    fn busy_releases_are_in_the_oldest_row() {
        assert_eq!(
            TABLE[0].busy_releases(),
            "18.0 to 18.19, 19.x, 20.0 to 20.4"
        );
        for row in &TABLE[1..] {
            assert_eq!(row.busy_releases(), "");
        }
        for range in TABLE[0].busy_releases {
            assert!(TABLE[0].has_release(range.major, range.last));
        }
    }

    #[test]
    fn fork_sends_digits_from_its_driver_only() {
        let fork = TABLE.last().unwrap();
        assert_eq!(fork.application.digits, None);
        assert_eq!(fork.channel_driver.digits, Some(DtmfDialect::StartStop));
        assert!(!fork.application.continues_after_hangup);
    }
}
