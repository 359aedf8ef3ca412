//! The events of a call.

use core::fmt;

use super::Mark;
use crate::wire::{Audio, Dtmf, Frame, Header, Message, PayloadError};

/// An event on a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A message was received: audio, a DTMF digit, or a rarer one.
    Message(Message<'a>),
    /// A frame was received whose payload does not suit its kind. The next frames are not affected.
    #[non_exhaustive]
    Malformed {
        /// The frame.
        frame: Frame<'a>,
        /// What is wrong with its payload.
        error: PayloadError,
    },
    /// A frame was received that is longer than the call accepts. It was skipped. The next frames are not affected.
    TooLong(Header),
    /// All audio ahead of this mark has been handed to the kernel. See [`Voice::mark`](super::Voice::mark).
    MarkReached(Mark),
    /// The time passed to [`receive_until`](super::CallReceiver::receive_until) has been reached.
    TimeUp,
}

impl<'a> Event<'a> {
    /// Returns the audio, if the event is audio.
    ///
    /// ```
    /// use audiosocket::call::Event;
    ///
    /// assert_eq!(Event::TimeUp.audio(), None);
    /// ```
    pub const fn audio(&self) -> Option<Audio<'a>> {
        match self {
            Event::Message(Message::Audio(audio)) => Some(*audio),
            _ => None,
        }
    }

    /// Returns the DTMF signal, if the event is one.
    pub const fn dtmf(&self) -> Option<Dtmf> {
        match self {
            Event::Message(Message::Dtmf(dtmf)) => Some(*dtmf),
            _ => None,
        }
    }
}

/// Prints the event in a few words, for logs.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Message(message) => message.fmt(f),
            Event::Malformed { error, .. } => error.fmt(f),
            Event::TooLong(header) => write!(f, "frame too long: {header}"),
            Event::MarkReached(_) => f.write_str("the mark has been reached"),
            Event::TimeUp => f.write_str("the time is up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::wire::Kind;

    #[test]
    fn event_texts_read_well() {
        let frame = Frame::new(Kind::SLIN, &[]).unwrap();
        let error = frame.message().unwrap_err();
        for (event, text) in [
            (
                Event::Message(Message::LegacySilence),
                "silence without payload",
            ),
            (
                Event::Malformed { frame, error },
                "audio (0x10) without a sample: expected at least 2 bytes",
            ),
            (
                Event::TooLong(Header::new(Kind::SLIN, 65_000)),
                "frame too long: audio (0x10), payload length 65000",
            ),
            (Event::TimeUp, "the time is up"),
        ] {
            assert_eq!(event.to_string(), text);
        }
    }
}
