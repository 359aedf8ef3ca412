//! Speech in the caller's audio, apart from the echo of the bot's own voice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use audiosocket::resample::Resampler;
use audiosocket::wire::{Audio, SampleRate};
use earshot::Detector;

/// The voice detector judges 16 ms of 16 kHz at a time.
const WINDOW: usize = 256;
/// Speech starts when 6 of the last 10 windows have a voice.
const START: (u64, u32) = ((1 << 10) - 1, 6);
/// Speech ends when none of the last 38 windows, 0.6 s, has a voice.
const END: u64 = (1 << 38) - 1;
/// Speech ends after 10 s at the latest.
const MAX_WINDOWS: usize = 625;
/// The recognizer also receives the 0.4 s ahead of the start.
const LEAD: usize = 25 * WINDOW;
/// A soft voice has this mean amplitude. The noise of a line has less.
const SOFT: u32 = 150;
/// The echo of the bot's own voice returns within this time.
const ECHO: Duration = Duration::from_secs(1);

/// A detector of the start and the end of speech.
pub struct SpeechDetector {
    own_voice: Loudness,
    resampler: Resampler,
    windows: Box<Detector>,
    window: Vec<i16>,
    lead: VecDeque<i16>,
    /// A bit for each window, 1 if it has a voice. The lowest bit is the last window.
    voiced: u64,
    /// The length of the current speech in windows.
    speech: Option<usize>,
}

/// Speech, as samples of 16 kHz.
#[derive(Debug, Eq, PartialEq)]
pub enum Sound {
    Started(Vec<i16>),
    Speech(Vec<i16>),
    Ended,
}

impl SpeechDetector {
    pub fn new(own_voice: Loudness) -> SpeechDetector {
        SpeechDetector {
            own_voice,
            resampler: Resampler::new(SampleRate::Hz16000, SampleRate::Hz16000),
            windows: Detector::default_boxed(),
            window: Vec::with_capacity(WINDOW),
            lead: VecDeque::with_capacity(LEAD),
            voiced: 0,
            speech: None,
        }
    }

    /// Adds a frame of the caller's audio, and passes the sounds that it completes to `on_sound`.
    pub fn push(&mut self, audio: Audio<'_>, mut on_sound: impl FnMut(Sound)) {
        if self.resampler.input_rate() != audio.rate() {
            self.resampler = Resampler::new(audio.rate(), SampleRate::Hz16000);
        }
        let samples: Vec<i16> = self.resampler.feed(audio.samples()).collect();
        for sample in samples {
            self.window.push(sample);
            if self.window.len() == WINDOW {
                if let Some(sound) = self.judge() {
                    on_sound(sound);
                }
                self.window.clear();
            }
        }
    }

    fn judge(&mut self) -> Option<Sound> {
        let has_voice = self.windows.predict_i16(&self.window) >= 0.5;
        // An echo has less than half of what was sent: it comes back at least 6 dB down.
        let threshold = SOFT.max(self.own_voice.max_of_last(ECHO) / 2);
        let is_loud = mean_amplitude(self.window.iter().copied()) > threshold;
        self.voiced = self.voiced << 1 | u64::from(has_voice && is_loud);
        if let Some(windows) = &mut self.speech {
            *windows += 1;
            if self.voiced & END == 0 || *windows > MAX_WINDOWS {
                self.speech = None;
                self.voiced = 0;
                return Some(Sound::Ended);
            }
            return Some(Sound::Speech(self.window.clone()));
        }
        self.lead
            .drain(..(self.lead.len() + WINDOW).saturating_sub(LEAD));
        self.lead.extend(&self.window);
        if (self.voiced & START.0).count_ones() < START.1 {
            return None;
        }
        self.speech = Some(0);
        Some(Sound::Started(self.lead.drain(..).collect()))
    }
}

/// How loud the bot's own voice was in each frame sent. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Loudness(Arc<Mutex<VecDeque<(Instant, u32)>>>);

impl Loudness {
    /// Notes a frame that was sent.
    pub fn note(&self, audio: Audio<'_>, sent: Instant) {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frames.retain(|(earlier, _)| sent.saturating_duration_since(*earlier) < ECHO);
        frames.push_back((sent, mean_amplitude(audio.samples())));
    }

    fn max_of_last(&self, time: Duration) -> u32 {
        let frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = frames.iter().filter(|(sent, _)| sent.elapsed() < time);
        recent.map(|(_, amplitude)| *amplitude).max().unwrap_or(0)
    }
}

fn mean_amplitude(samples: impl ExactSizeIterator<Item = i16>) -> u32 {
    let count = samples.len().max(1) as u64;
    let sum: u64 = samples.map(|sample| u64::from(sample.unsigned_abs())).sum();
    u32::try_from(sum / count).unwrap_or(u32::MAX)
}
