//! Speech in the caller's audio, apart from the echo of the bot's own voice.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use audiosocket::call::Direction;
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
const LONGEST: usize = 625 * WINDOW;
/// The recognizer also receives the 0.4 s ahead of the start.
const LEAD: usize = 25 * WINDOW;
/// A soft voice has this mean amplitude. The noise of a line has less.
const SOFT: u32 = 150;
/// The echo of the bot's own voice returns within this time.
const ECHO: Duration = Duration::from_secs(1);
/// A line without audio for this long suppresses silence, or a key is held. A shorter pause may be the network's.
pub const GAP: Duration = Duration::from_secs(1);

pub enum Sound {
    SpeechStarts,
    /// All of it, as raw samples of 16 kHz.
    SpeechEnds(Vec<u8>),
}

pub struct SpeechDetector {
    detector: Box<Detector>,
    resampler: Resampler,
    /// The caller's audio, and until when it is known.
    samples: Vec<i16>,
    samples_until: Instant,
    /// How many of these samples were judged.
    judged: usize,
    /// A bit for each window, 1 if it has a voice. The lowest bit is the last window.
    voiced: u64,
    is_speech: bool,
    /// How loud each frame sent in the last second was.
    own_voice: VecDeque<(Instant, u32)>,
}

impl SpeechDetector {
    pub fn new() -> SpeechDetector {
        SpeechDetector {
            detector: Detector::default_boxed(),
            resampler: Resampler::new(SampleRate::Hz16000, SampleRate::Hz16000),
            samples: Vec::new(),
            samples_until: Instant::now(),
            judged: 0,
            voiced: 0,
            is_speech: false,
            own_voice: VecDeque::new(),
        }
    }

    /// Adds a frame of either direction.
    pub fn push(&mut self, direction: Direction, audio: Audio<'_>, at: Instant) {
        if direction == Direction::Sent {
            let samples: Vec<i16> = audio.samples().collect();
            self.own_voice.push_back((at, loudness(&samples)));
            return;
        }
        if self.resampler.input_rate() != audio.rate() {
            self.resampler = Resampler::new(audio.rate(), SampleRate::Hz16000);
        }
        self.samples.extend(self.resampler.feed(audio.samples()));
        self.samples_until = at;
    }

    /// Returns the next sound of the audio until now.
    pub fn next_sound(&mut self, now: Instant) -> Option<Sound> {
        if self.is_speech && now - self.samples_until > GAP {
            self.samples.extend([0; 38 * WINDOW]);
            self.samples_until = now;
        }
        while self.samples.len() >= self.judged + WINDOW {
            // An echo comes back at least 6 dB down, so it has less than half of what was sent.
            self.own_voice.retain(|(sent, _)| now - *sent < ECHO);
            let echoes = self.own_voice.iter().map(|(_, loudness)| loudness / 2);
            let threshold = echoes.fold(SOFT, u32::max);
            let window = &self.samples[self.judged..][..WINDOW];
            let is_voice = self.detector.predict_i16(window) >= 0.5 && loudness(window) > threshold;
            self.voiced = self.voiced << 1 | u64::from(is_voice);
            self.judged += WINDOW;
            if self.is_speech && (self.voiced & END == 0 || self.judged > LONGEST) {
                let speech = self.samples.drain(..self.judged);
                let speech = speech.flat_map(i16::to_le_bytes).collect();
                (self.judged, self.voiced, self.is_speech) = (0, 0, false);
                return Some(Sound::SpeechEnds(speech));
            } else if !self.is_speech && (self.voiced & START.0).count_ones() >= START.1 {
                self.is_speech = true;
                return Some(Sound::SpeechStarts);
            } else if !self.is_speech && self.judged > LEAD {
                self.samples.drain(..WINDOW);
                self.judged -= WINDOW;
            }
        }
        None
    }
}

/// Returns the mean amplitude.
fn loudness(samples: &[i16]) -> u32 {
    let amplitudes = samples.iter().map(|it| u32::from(it.unsigned_abs()));
    amplitudes.sum::<u32>() / samples.len().max(1) as u32
}
