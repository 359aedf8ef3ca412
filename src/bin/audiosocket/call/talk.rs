//! Sending side of a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use audiosocket::call::SendError;
use audiosocket::simulator::SimulatedCaller;
use audiosocket::wav::Wav;
use audiosocket::wire::{Audio, Digit, SampleRate};

use super::wish::Options;
use crate::histogram::Histogram;

/// Result of the sending side.
pub struct Sent {
    pub late: Histogram,
    /// Why the caller stopped early, if it did.
    pub failure: Option<SendError>,
    /// Digits that the caller did not press because it stopped early.
    pub unpressed: Vec<Digit>,
}

/// Duration of a call without a file, digits or `--seconds`.
pub const DEFAULT_LENGTH: Duration = Duration::from_secs(5);
/// How long the caller sends audio or silence before the first digit.
pub const BEFORE_DIGITS: Duration = Duration::from_secs(1);
pub const DIGIT_HELD: Duration = Duration::from_millis(100);
/// How long the caller sends audio or silence between two digits.
pub const BETWEEN_DIGITS: Duration = Duration::from_millis(100);
/// How long the call lasts after the end of the file and the last digit.
pub const AFTER_ALL: Duration = Duration::from_secs(1);

/// Sends audio and presses keys until the end of the script. Stops early at the time limit, when `quiet` is set, or when a send
/// fails.
pub fn talk(caller: &mut SimulatedCaller, options: &Options, quiet: &AtomicBool) -> Sent {
    let mut talk = Talk {
        pressed: 0,
        source: Source::new(options),
        late: Histogram::default(),
        ends: options
            .seconds
            .and_then(|seconds| Instant::now().checked_add(seconds)),
        quiet,
        caller,
    };
    let stopped = talk.send_all(&options.digits);
    Sent {
        late: talk.late,
        failure: match stopped {
            Err(Stopped::Failed(error)) => Some(error),
            Ok(()) | Err(Stopped::InTime) => None,
        },
        unpressed: options.digits.iter().skip(talk.pressed).copied().collect(),
    }
}

struct Talk<'a> {
    caller: &'a mut SimulatedCaller,
    source: Source<'a>,
    /// Number of digits pressed.
    pressed: usize,
    late: Histogram,
    ends: Option<Instant>,
    quiet: &'a AtomicBool,
}

/// Reason why the caller stopped early.
enum Stopped {
    /// The time limit was reached, or `quiet` was set.
    InTime,
    Failed(SendError),
}

impl From<SendError> for Stopped {
    fn from(error: SendError) -> Stopped {
        Stopped::Failed(error)
    }
}

impl Talk<'_> {
    fn send_all(&mut self, digits: &[Digit]) -> Result<(), Stopped> {
        let has_only_silence = digits.is_empty() && self.source.is_at_end();
        if !digits.is_empty() {
            self.send_for(BEFORE_DIGITS)?;
        }
        for (place, digit) in digits.iter().enumerate() {
            if place > 0 {
                self.send_for(BETWEEN_DIGITS)?;
            }
            self.caller.press(*digit, DIGIT_HELD)?;
            self.pressed += 1;
        }
        while !self.source.is_at_end() {
            self.send_frame()?;
        }
        match self.ends {
            Some(_) => self.send_for(Duration::MAX),
            None if has_only_silence => self.send_for(DEFAULT_LENGTH),
            None => self.send_for(AFTER_ALL),
        }
    }

    fn send_for(&mut self, duration: Duration) -> Result<(), Stopped> {
        let frames = duration.as_millis() / 20;
        for _ in 0..frames {
            self.send_frame()?;
        }
        Ok(())
    }

    fn send_frame(&mut self) -> Result<(), Stopped> {
        if self.quiet.load(Ordering::Relaxed)
            || self.ends.is_some_and(|ends| Instant::now() >= ends)
        {
            return Err(Stopped::InTime);
        }
        if let Some(audio) = self.source.next_frame() {
            self.late.add(self.caller.send_frame(audio)?);
        }
        Ok(())
    }
}

/// Audio that the caller sends, in frames of 20 ms: the file, then silence.
struct Source<'a> {
    rate: SampleRate,
    left: &'a [u8],
    frame: Vec<u8>,
}

impl<'a> Source<'a> {
    fn new(options: &'a Options) -> Source<'a> {
        Source {
            rate: options.rate,
            left: options.speech.as_ref().map_or(&[], Wav::bytes),
            frame: vec![0; options.rate.samples_in(20) * 2],
        }
    }

    fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    fn next_frame(&mut self) -> Option<Audio<'_>> {
        let (piece, left) = self.left.split_at(self.frame.len().min(self.left.len()));
        self.left = left;
        self.frame[..piece.len()].copy_from_slice(piece);
        self.frame[piece.len()..].fill(0);
        Audio::new(self.rate, &self.frame).ok()
    }
}
