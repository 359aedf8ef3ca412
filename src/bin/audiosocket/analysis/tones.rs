//! Digits in the sound of a stream.

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Audio, Digit, SampleRate};

/// Detection of digits in consecutive audio frames. A change of rate starts the detection again, because audio before and after
/// it cannot be joined.
#[derive(Debug, Default)]
pub struct Tones {
    detector: Option<(SampleRate, Detector)>,
    /// Milliseconds of audio before that of the current detector.
    before_ms: f64,
    samples: u64,
}

/// Detected digit, with its time in milliseconds of audio from the start.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    pub digit: Digit,
    pub at_ms: f64,
    pub duration_ms: u32,
}

impl Tones {
    /// Returns the digits that end in this audio or shortly before it.
    pub fn add(&mut self, audio: Audio<'_>) -> Vec<Tone> {
        let mut tones = Vec::new();
        if self
            .detector
            .as_ref()
            .is_none_or(|(rate, _)| *rate != audio.rate())
        {
            tones = self.finish();
            self.detector = Some((audio.rate(), Detector::new(audio.rate())));
        }
        if let Some((rate, detector)) = &mut self.detector {
            self.samples += audio.samples().len() as u64;
            let signals = detector.feed(audio.samples());
            tones.extend(signals.filter_map(|signal| tone(signal, *rate, self.before_ms)));
        }
        tones
    }

    /// Returns the digit at the end of the audio, if there is one.
    pub fn finish(&mut self) -> Vec<Tone> {
        let Some((rate, mut detector)) = self.detector.take() else {
            return Vec::new();
        };
        let tones = detector.finish();
        let tones = tones
            .filter_map(|signal| tone(signal, rate, self.before_ms))
            .collect();
        self.before_ms += self.samples as f64 * 1000.0 / f64::from(rate.hz());
        self.samples = 0;
        tones
    }
}

fn tone(signal: Signal, rate: SampleRate, before_ms: f64) -> Option<Tone> {
    match signal {
        Signal::Stop {
            digit,
            start,
            duration_ms,
            ..
        } => Some(Tone {
            digit,
            at_ms: before_ms + start as f64 * 1000.0 / f64::from(rate.hz()),
            duration_ms,
        }),
        _ => None,
    }
}
