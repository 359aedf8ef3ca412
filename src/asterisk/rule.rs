//! The faults of a server and their consequences.

use core::fmt;

/// A rule for servers, named after the fault that violates it. Not every version has every rule.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Rule {
    /// An audio frame carried no audio.
    EmptyAudio,
    /// A frame was neither audio nor a hangup. For example, a server cannot send DTMF digits to stock Asterisk.
    ForbiddenKind,
    /// Audio had a kind that this Asterisk does not support: 0x11 and up, in versions older than these kinds.
    UnknownRate,
    /// Audio ended with half a sample.
    OddLength,
    /// The three bytes of a header arrived in parts, with a delay above [`header_wait`](super::Behaviour::header_wait).
    SplitHeader,
    /// A header was incomplete for 2 s, while the connection stayed open. Its first byte may be that of a hangup.
    StalledHeader,
    /// The payload and its header, or parts of the payload, arrived further apart than this Asterisk waits
    /// ([`payload_wait`](super::Behaviour::payload_wait)).
    SplitPayload,
    /// Audio arrived more than 1 s ahead of real time.
    TooFast,
    /// More audio arrived at once than Asterisk's queue of 96 frames holds. The thread that empties the queue sometimes keeps up:
    /// 22.10 lost audio in 38 of 40 calls with a burst of 10 s (measured).
    QueueOverflow,
    /// There was no traffic in either direction for 2 s, in the dialplan's application. The channel driver waits indefinitely.
    Idle,
    /// The server closed the connection while audio from Asterisk was unread, so its kernel sent a reset. If the reset directly
    /// follows a hangup frame, Asterisk sees the hangup first in most calls, and the reset in some.
    Reset,
    /// The server closed the connection inside a frame.
    Truncated,
    /// The server closed the connection without a hangup frame.
    NoHangup,
    /// The server did not read, until there was no room for Asterisk's data.
    NotReading,
}

impl Rule {
    /// All rules.
    pub const ALL: &[Rule] = &[
        Rule::EmptyAudio,
        Rule::ForbiddenKind,
        Rule::UnknownRate,
        Rule::OddLength,
        Rule::SplitHeader,
        Rule::StalledHeader,
        Rule::SplitPayload,
        Rule::TooFast,
        Rule::QueueOverflow,
        Rule::Idle,
        Rule::Reset,
        Rule::Truncated,
        Rule::NoHangup,
        Rule::NotReading,
    ];

    /// Returns the stable name for scripts.
    ///
    /// The names are `empty-audio`, `forbidden-kind`, `unknown-rate`, `odd-length`, `split-header`, `stalled-header`,
    /// `split-payload`, `too-fast`, `queue-overflow`, `idle`, `reset`, `truncated`, `no-hangup` and `not-reading`.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::EmptyAudio => "empty-audio",
            Rule::ForbiddenKind => "forbidden-kind",
            Rule::UnknownRate => "unknown-rate",
            Rule::OddLength => "odd-length",
            Rule::SplitHeader => "split-header",
            Rule::StalledHeader => "stalled-header",
            Rule::SplitPayload => "split-payload",
            Rule::TooFast => "too-fast",
            Rule::QueueOverflow => "queue-overflow",
            Rule::Idle => "idle",
            Rule::Reset => "reset",
            Rule::Truncated => "truncated",
            Rule::NoHangup => "no-hangup",
            Rule::NotReading => "not-reading",
        }
    }

    /// Returns a short description of the server's fault.
    pub const fn fault(self) -> &'static str {
        match self {
            Rule::EmptyAudio => "audio without a sample",
            Rule::ForbiddenKind => "neither audio nor a hangup",
            Rule::UnknownRate => "audio of a kind that it does not know",
            Rule::OddLength => "audio with half a sample",
            Rule::SplitHeader => "a header in parts",
            Rule::StalledHeader => "a header that does not continue for 2 s",
            Rule::SplitPayload => "a payload apart from its header, or in parts",
            Rule::TooFast => "audio more than 1 s ahead of real time",
            Rule::QueueOverflow => "more than 96 frames of audio at once",
            Rule::Idle => "2 s without traffic in either direction",
            Rule::Reset => "closed with audio unread, which is a reset",
            Rule::Truncated => "closed inside a frame",
            Rule::NoHangup => "closed without a hangup frame",
            Rule::NotReading => "does not read what is sent",
        }
    }

    /// Returns what to change in the server.
    ///
    /// In a server of this crate, [`Call::play`](crate::call::Call::play) and the hangup do most of this. See
    /// [Troubleshooting](crate::guide::troubleshooting).
    pub const fn remedy(self) -> &'static str {
        match self {
            Rule::EmptyAudio => "send a frame of silence, or nothing, instead of length 0",
            Rule::ForbiddenKind => {
                "send only audio and hangups, and digits as tones (if you do, an earlier length was wrong)"
            }
            Rule::UnknownRate => {
                "resample to 8 kHz and send kind 0x10, or use Asterisk 20.17, 21.12, 22.7, 23.1 or later"
            }
            Rule::OddLength => {
                "keep an odd last byte for the next frame, and check that the length is big-endian"
            }
            Rule::SplitHeader | Rule::SplitPayload => {
                "send each frame in one write, set TCP_NODELAY, and check that the length is big-endian"
            }
            Rule::StalledHeader => "send each frame whole (a hangup is three bytes: 00 00 00)",
            Rule::TooFast => "send 20 ms of audio every 20 ms, by a clock (320 bytes at 8 kHz)",
            Rule::QueueOverflow => {
                "do not send a whole file or sentence at once, but 20 ms of audio every 20 ms"
            }
            Rule::Idle => "send a frame of silence each second while there is nothing to play",
            Rule::Reset | Rule::NoHangup => {
                "send 00 00 00, close the sending direction, read to the end, then close"
            }
            Rule::Truncated => "finish the frame before you hang up and close",
            Rule::NotReading => "read all the time, also while you send",
        }
    }

    /// Returns the source of the rule, besides the versions' own [evidence](super::Behaviour::evidence).
    pub const fn source(self) -> &'static str {
        match self {
            Rule::EmptyAudio | Rule::ForbiddenKind | Rule::SplitHeader | Rule::SplitPayload => {
                "res_audiosocket.c; measured with 22.10"
            }
            Rule::UnknownRate | Rule::NoHangup => "res_audiosocket.c",
            Rule::Idle => "app_audiosocket.c; measured with 22.10",
            Rule::Reset | Rule::Truncated | Rule::NotReading => "measured with 22.10",
            Rule::StalledHeader => "res_audiosocket.c; measured with 22.10",
            Rule::OddLength => "measured with 22.10, in its Record()",
            Rule::TooFast => "measured with 22.10, in the RTP it sends",
            Rule::QueueOverflow => "channel.c; measured with 22.10",
        }
    }

    /// Returns how reliably a judge detects the fault from the other end of the connection.
    ///
    /// A judge never reports a fault that did not happen.
    pub const fn detectability(self) -> &'static str {
        match self {
            Rule::EmptyAudio
            | Rule::ForbiddenKind
            | Rule::UnknownRate
            | Rule::OddLength
            | Rule::Truncated
            | Rule::NoHangup => "always",
            Rule::SplitHeader | Rule::SplitPayload => {
                "if Asterisk waits: parts that take 0.6 ms longer; otherwise: parts that are read apart"
            }
            Rule::TooFast => "from 1.03 s ahead",
            Rule::QueueOverflow => "from 103 frames at once",
            Rule::Idle | Rule::StalledHeader => "within 0.06 s",
            Rule::Reset => "always, but it happens only if audio is unread at that moment",
            Rule::NotReading => "when some megabytes are unread",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The reaction of Asterisk to a violation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Consequence {
    /// It ends the call and hangs up the caller, so the dialplan does not continue.
    HangsUp,
    /// The channel driver ends the AudioSocket channel, its leg of the call. The dialplan continues if `Dial()` has the option `g`.
    EndsLeg,
    /// It reads other bytes as the header and so loses its place in the stream. One of the next bytes that it reads as a header
    /// then usually ends the call, so a judge ends it at once.
    Misreads,
    /// It skips the audio, so the caller does not hear it.
    Skips,
    /// It waits, and sends the server none of the caller's audio meanwhile.
    ///
    /// The channel driver keeps its channel locked while it waits. Starts and ends of other calls, and Asterisk's command line,
    /// then wait for it, too (measured with 22.10.1).
    StopsHearing,
    /// It waits for the rest without a limit, and sends the server none of the caller's audio. The time-out of 2 s does not end
    /// the call.
    Hangs,
    /// The channel driver waits for the rest without a limit. If its leg is then hung up, that request blocks, and so can all
    /// other calls: Asterisk 22.10.1 stood still for 20 minutes, until the server closed (measured).
    Freezes,
    /// It plays the audio as fast as it arrives.
    PlaysFast,
    /// It drops the oldest 64 frames in its queue.
    DropsAudio,
    /// It plays the audio, but records noise from there on.
    RecordsNoise,
    /// It stays in the call and uses a whole processor core, until the caller hangs up.
    ///
    /// If the server has closed both directions, the caller's next audio also ends the call: within 40 ms in the channel driver of
    /// the start-stop fork (measured).
    Spins,
}

impl Consequence {
    /// Returns the stable name for scripts.
    ///
    /// The names are `hangs-up`, `ends-leg`, `misreads`, `skips`, `stops-hearing`, `hangs`, `freezes`, `plays-fast`, `drops-audio`,
    /// `records-noise` and `spins`.
    pub const fn name(self) -> &'static str {
        match self {
            Consequence::HangsUp => "hangs-up",
            Consequence::EndsLeg => "ends-leg",
            Consequence::Misreads => "misreads",
            Consequence::Skips => "skips",
            Consequence::StopsHearing => "stops-hearing",
            Consequence::Hangs => "hangs",
            Consequence::Freezes => "freezes",
            Consequence::PlaysFast => "plays-fast",
            Consequence::DropsAudio => "drops-audio",
            Consequence::RecordsNoise => "records-noise",
            Consequence::Spins => "spins",
        }
    }

    /// Returns whether the consequence ends the call. [`Misreads`](Consequence::Misreads) counts, because it usually does.
    pub const fn ends_call(self) -> bool {
        matches!(
            self,
            Consequence::HangsUp | Consequence::EndsLeg | Consequence::Misreads
        )
    }
}

/// Writes a few words that follow the name "Asterisk".
impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Consequence::HangsUp => "hangs up the caller",
            Consequence::EndsLeg => "ends the AudioSocket channel",
            Consequence::Misreads => "misreads the header and the bytes after it",
            Consequence::Skips => "skips it",
            Consequence::StopsHearing => "waits, and the caller is not heard",
            Consequence::Hangs => "waits indefinitely",
            Consequence::Freezes => "waits indefinitely, which can stop all calls",
            Consequence::PlaysFast => "plays it too fast",
            Consequence::DropsAudio => "drops the oldest 64 frames",
            Consequence::RecordsNoise => "records noise from there on",
            Consequence::Spins => "uses up a processor core",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_names_for_scripts_are_unique() {
        for (place, rule) in Rule::ALL.iter().enumerate() {
            let name = rule.name();
            assert!(Rule::ALL[..place].iter().all(|other| other.name() != name));
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert_eq!(*rule as usize, place, "in the order of their declaration");
        }
    }
}
