//! Digits in the sound of a stream.

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Audio, Digit, SampleRate};

/// Hears digits in audio frames that come one after the other. A change of rate begins anew, since nothing can be said of how the
/// audio before and after it fits together.
#[derive(Debug, Default)]
pub struct Tones {
    hearing: Option<(SampleRate, Detector)>,
    /// How much audio came before that of the detector.
    before_ms: f64,
    samples: u64,
}

/// A digit that was heard, and when, in milliseconds of audio from the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    pub digit: Digit,
    pub at_ms: f64,
    pub duration_ms: u32,
}

impl Tones {
    /// The digits that end in this audio, or have ended a moment before it.
    pub fn hear(&mut self, audio: Audio<'_>) -> Vec<Tone> {
        let mut tones = Vec::new();
        if self
            .hearing
            .as_ref()
            .is_none_or(|(rate, _)| *rate != audio.rate())
        {
            tones = self.finish();
            self.hearing = Some((audio.rate(), Detector::new(audio.rate())));
        }
        if let Some((rate, detector)) = &mut self.hearing {
            self.samples += audio.samples().len() as u64;
            let signals = detector.feed(audio.samples());
            tones.extend(signals.filter_map(|signal| tone(signal, *rate, self.before_ms)));
        }
        tones
    }

    /// The digit that the audio has ended with, if it has.
    pub fn finish(&mut self) -> Vec<Tone> {
        let Some((rate, mut detector)) = self.hearing.take() else {
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
