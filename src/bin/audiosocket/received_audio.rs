//! Timing of the audio received on a call.

use std::time::{Duration, Instant};

use audiosocket::wire::Audio;

use crate::analysis::cadence::Cadence;
use crate::json::Object;
use crate::text::counted;

/// Monitor of the audio's arrival times, for the report at the end.
#[derive(Debug)]
pub struct ReceivedAudio {
    started: Instant,
    first: Option<Duration>,
    cadence: Cadence,
}

impl ReceivedAudio {
    /// Creates the monitor of a call that started at the given time.
    pub fn since(started: Instant) -> ReceivedAudio {
        ReceivedAudio {
            started,
            first: None,
            cadence: Cadence::default(),
        }
    }

    pub fn add(&mut self, audio: Audio<'_>) {
        let at = self.started.elapsed();
        if self.first.is_none() && audio.samples().any(|sample| sample != 0) {
            self.first = Some(at);
        }
        self.cadence.add(at, audio);
    }

    pub fn note_digit(&mut self) {
        self.cadence.note_digit(self.started.elapsed());
    }

    /// Adds `first_audio_ms`, `jitter_ms`, `gaps_in` and `worst_gap_in_ms`. The first is the time from the start to the first
    /// frame that is not silence. Gaps at digits do not count.
    pub fn fields(&self, object: Object) -> Object {
        let object = match self.first {
            Some(first) => object.thousandths("first_audio_ms", milliseconds(first)),
            None => object,
        };
        let object = match self.cadence.jitter_ms() {
            Some(jitter_ms) => object.thousandths("jitter_ms", jitter_ms),
            None => object,
        };
        let object = object.number("gaps_in", self.cadence.gaps());
        match self.cadence.worst_gap() {
            Some(gap) => object.thousandths("worst_gap_in_ms", milliseconds(gap.lasted)),
            None => object,
        }
    }

    /// Returns the time of the first sound, the jitter and the gaps as short text lines. Returns no line if no audio was
    /// received.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(first) = self.first {
            lines.push(format!("first sound after {} ms", first.as_millis()));
        }
        if let Some(jitter_ms) = self.cadence.jitter_ms() {
            let gaps = match self.cadence.worst_gap() {
                None => String::from("no gaps"),
                Some(gap) => format!(
                    "{}, longest {} ms",
                    counted(self.cadence.gaps(), "gap"),
                    gap.lasted.as_millis()
                ),
            };
            lines.push(format!("received with {jitter_ms:.1} ms jitter, {gaps}"));
        }
        lines
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
