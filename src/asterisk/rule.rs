//! What a server may do wrong, and what comes of it.

use core::fmt;

/// A rule that some Asterisk has for what a server sends, named after the fault that breaks it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Rule {
    /// An audio frame came without audio.
    EmptyAudio,
    /// A frame came that is neither audio nor a hangup: a server cannot send DTMF digits to stock Asterisk, for one.
    ForbiddenKind,
    /// Audio came of a kind that this Asterisk does not know: 0x11 and up, before it had them.
    UnknownRate,
    /// Audio came with half a sample at its end.
    OddLength,
    /// The three bytes of a header came in parts, further apart than this Asterisk waits.
    SplitHeader,
    /// A payload came apart from its header, or in parts, further apart than this Asterisk waits.
    SplitPayload,
    /// Audio came more than a second ahead of real time.
    TooFast,
    /// More audio came at once than Asterisk's queue of 96 frames holds. The thread that empties it may keep up: of 10 s at once
    /// 22.10 lost some in 38 calls of 40 (measured).
    QueueOverflow,
    /// Nothing moved in either direction for 2 s, in the dialplan's application. The channel driver waits for ever.
    Idle,
    /// The server closed the connection while audio from Asterisk was unread, which makes its kernel send a reset. Right behind a
    /// hangup frame it is chance which of the two Asterisk meets first, mostly the hangup.
    Reset,
    /// The server closed the connection inside a frame.
    Truncated,
    /// The server closed the connection without a hangup frame.
    NoHangup,
    /// The server did not read, until there was no room for what Asterisk had to send.
    NotReading,
}

impl Rule {
    /// All of them.
    pub const ALL: &[Rule] = &[
        Rule::EmptyAudio,
        Rule::ForbiddenKind,
        Rule::UnknownRate,
        Rule::OddLength,
        Rule::SplitHeader,
        Rule::SplitPayload,
        Rule::TooFast,
        Rule::QueueOverflow,
        Rule::Idle,
        Rule::Reset,
        Rule::Truncated,
        Rule::NoHangup,
        Rule::NotReading,
    ];

    /// A name for scripts that does not change: `empty-audio`, `forbidden-kind`, `unknown-rate`, `odd-length`, `split-header`,
    /// `split-payload`, `too-fast`, `queue-overflow`, `idle`, `reset`, `truncated`, `no-hangup` or `not-reading`.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::EmptyAudio => "empty-audio",
            Rule::ForbiddenKind => "forbidden-kind",
            Rule::UnknownRate => "unknown-rate",
            Rule::OddLength => "odd-length",
            Rule::SplitHeader => "split-header",
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

    /// What the server did, in a few words.
    pub const fn fault(self) -> &'static str {
        match self {
            Rule::EmptyAudio => "audio without a sample",
            Rule::ForbiddenKind => "neither audio nor a hangup",
            Rule::UnknownRate => "audio of a kind it does not know",
            Rule::OddLength => "audio with half a sample",
            Rule::SplitHeader => "a header in parts",
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

    /// Where it is known from, besides the versions' own [evidence](super::Behaviour::evidence).
    pub const fn source(self) -> &'static str {
        match self {
            Rule::EmptyAudio | Rule::ForbiddenKind | Rule::SplitHeader | Rule::SplitPayload => {
                "res_audiosocket.c; measured with 22.10"
            }
            Rule::UnknownRate | Rule::NoHangup => "res_audiosocket.c",
            Rule::Idle => "app_audiosocket.c; measured with 22.10",
            Rule::Reset | Rule::Truncated | Rule::NotReading => "measured with 22.10",
            Rule::OddLength => "measured with 22.10, in its Record()",
            Rule::TooFast => "measured with 22.10, in the RTP it sends",
            Rule::QueueOverflow => "channel.c; measured with 22.10",
        }
    }

    /// How reliably it is seen from the other end of the connection. None is ever seen where it is not.
    pub const fn detectability(self) -> &'static str {
        match self {
            Rule::EmptyAudio
            | Rule::ForbiddenKind
            | Rule::UnknownRate
            | Rule::OddLength
            | Rule::Truncated
            | Rule::NoHangup => "always",
            Rule::SplitHeader | Rule::SplitPayload => {
                "where a part is waited for: if it takes 0.6 ms more; where none is: if the parts are read apart"
            }
            Rule::TooFast => "from 1.03 s ahead on",
            Rule::QueueOverflow => "from 103 frames at once on",
            Rule::Idle => "within 0.06 s",
            Rule::Reset => "whenever it happens: only if audio is unread at that moment",
            Rule::NotReading => "when some megabytes are unread",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an Asterisk does when a server breaks a rule.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Consequence {
    /// It ends the call and hangs up the caller: the dialplan does not go on. The channel driver ends its leg.
    HangsUp,
    /// It takes other bytes for the header, and so loses its place in the stream; as a rule that ends the call, too.
    Misreads,
    /// It skips the audio: the caller does not hear it.
    Skips,
    /// It waits, and meanwhile the server does not hear the caller.
    StopsHearing,
    /// It plays the audio as fast as it comes.
    PlaysFast,
    /// It drops the oldest 64 frames that wait to be played.
    DropsAudio,
    /// It plays the audio; what it records of it from there on is noise.
    RecordsNoise,
    /// It stays in the call and uses a whole processor core, until the caller hangs up.
    Spins,
}

impl Consequence {
    /// A name for scripts that does not change: `hangs-up`, `misreads`, `skips`, `stops-hearing`, `plays-fast`, `drops-audio`,
    /// `records-noise` or `spins`.
    pub const fn name(self) -> &'static str {
        match self {
            Consequence::HangsUp => "hangs-up",
            Consequence::Misreads => "misreads",
            Consequence::Skips => "skips",
            Consequence::StopsHearing => "stops-hearing",
            Consequence::PlaysFast => "plays-fast",
            Consequence::DropsAudio => "drops-audio",
            Consequence::RecordsNoise => "records-noise",
            Consequence::Spins => "spins",
        }
    }

    /// Whether the call is over with it.
    pub const fn ends_call(self) -> bool {
        matches!(self, Consequence::HangsUp | Consequence::Misreads)
    }
}

/// What Asterisk does, in a few words that follow its name.
impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Consequence::HangsUp => "hangs up the caller",
            Consequence::Misreads => "takes other bytes for the header",
            Consequence::Skips => "skips it, unheard",
            Consequence::StopsHearing => "waits, and the caller is not heard",
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
    fn every_rule_has_a_name_of_its_own_for_scripts() {
        for (place, rule) in Rule::ALL.iter().enumerate() {
            let name = rule.name();
            assert!(Rule::ALL[..place].iter().all(|other| other.name() != name));
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert_eq!(*rule as usize, place, "in the order of their declaration");
        }
    }
}
