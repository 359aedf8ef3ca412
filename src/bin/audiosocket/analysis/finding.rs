//! What is found in a stream or a recording.

use std::time::Duration;

use audiosocket::wire::Frame;

use super::cadence::{Burst, Gap};
use super::tones::Tone;
use crate::failure::Failure;
use crate::tap_file::Sender;

/// Something found, in the order in which it is found.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Of a tap recording alone: a raw stream has no times, and tells not who sent it.
    pub passage: Option<Passage>,
    /// Where in the stream of its direction.
    pub offset: usize,
    /// Where on the time axis of a picture: when it passed, or, in a raw stream, how much audio came before. Audio of a tap
    /// recording is where it would be heard, which is its own time but for the jitter.
    pub time: Duration,
    pub what: What<'a>,
}

/// Who sent something, and when it was seen or known, since the recording began.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    pub sender: Sender,
    pub at: Duration,
}

#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    Frame(Frame<'a>),
    /// A digit in the sound, found with the frame at the offset.
    Tone(Tone),
    /// How long after the audio frame before it the one at the offset came.
    Spacing(Duration),
    Gap(Gap),
    Burst(Burst),
    Split(Split),
    Ending(Ending),
}

/// A frame that came in pieces, with a time between them.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    pub since: Duration,
    /// How many of its bytes came first.
    pub after: usize,
    pub frame_len: usize,
    /// From its first byte to its last.
    pub lasted: Duration,
}

/// The end of what one of both sends, or takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    Closed,
    Reset,
    TakesNoMore,
}

impl Ending {
    /// As a word, in JSON and elsewhere.
    pub const fn name(self) -> &'static str {
        match self {
            Ending::Closed => "closed",
            Ending::Reset => "reset",
            Ending::TakesNoMore => "takes-no-more",
        }
    }
}

/// Where findings go.
pub type Show<'a> = dyn FnMut(&Finding<'_>) -> Result<(), Failure> + 'a;
