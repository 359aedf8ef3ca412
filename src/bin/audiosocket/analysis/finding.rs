//! Findings in a stream or a recording.

use std::time::Duration;

use audiosocket::wire::Frame;

use super::cadence::{Burst, Gap};
use super::tones::Tone;
use crate::capture::Lost;
use crate::failure::Failure;
use crate::panel::Fault;
use crate::tap_file::Sender;

/// Finding, in the order of discovery.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Sender and time, in a tap recording only. A raw stream has neither.
    pub passage: Option<Passage>,
    /// Byte offset in the stream of its direction.
    pub offset: usize,
    /// Position on the time axis of a picture. In a tap recording it is the arrival time, in a raw stream the duration of the
    /// audio before it. Audio of a tap recording is placed at its playback time, which is the arrival time without the jitter.
    pub time: Duration,
    pub what: What<'a>,
}

/// Sender and time of a finding. The time counts from the start of the recording to when the finding was seen or known.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    pub sender: Sender,
    pub at: Duration,
}

#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    Frame(Frame<'a>),
    /// Digit in the sound, found with the frame at the offset.
    Tone(Tone),
    /// Header of a WAV file in the sound, complete with the frame at the offset.
    WavHeader,
    /// Time from the previous audio frame to the one at the offset.
    Spacing(Duration),
    Gap(Gap),
    Burst(Burst),
    Split(Split),
    Ending(Ending),
    /// Bytes that a packet capture lacks.
    Lost(Lost),
    /// Violation by the server, with its consequences by version.
    Violation(&'a Fault),
}

/// Frame that arrived in pieces, with a pause between them.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    pub since: Duration,
    /// Number of its bytes that arrived first.
    pub after: usize,
    pub frame_len: usize,
    /// Time from its first byte to its last.
    pub lasted: Duration,
}

/// End of a side's sending or reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    Closed,
    Reset,
    StoppedReading,
}

impl Ending {
    /// Returns the name, as used in JSON and elsewhere.
    pub const fn name(self) -> &'static str {
        match self {
            Ending::Closed => "closed",
            Ending::Reset => "reset",
            Ending::StoppedReading => "takes-no-more",
        }
    }
}

/// Callback that receives findings.
pub type Show<'a> = dyn FnMut(&Finding<'_>) -> Result<(), Failure> + 'a;
