//! The keys that a caller presses, from signals and from tones. Each press counts once.

use std::boxed::Box;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::playback_queue::duration_of;
use super::{KeyEvent, KeyEvents};
use crate::tone::{Detector, Signal};
use crate::wire::{Audio, Digit, Dtmf, SampleRate};

/// The key presses of a call that no question has used yet (type-ahead).
#[derive(Debug, Default)]
pub(super) struct Keypad {
    signals: KeyEvents,
    /// Boxed because almost no call detects tones.
    tones: Option<Box<Tones>>,
    typed: VecDeque<Digit>,
    /// Recent presses from one source that the other source may still report.
    unmatched: VecDeque<Reported>,
}

#[derive(Debug)]
struct Tones {
    rate: SampleRate,
    detector: Detector,
    /// The duration of the audio received so far.
    received: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Reported {
    digit: Digit,
    source: Source,
    at: Instant,
    /// The duration of the audio received before it.
    received: Duration,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    Signal,
    Tone,
}

/// The most audio between a signal and a tone of the same press. Both are reported when the key comes up: a tone at most 45 ms later, a
/// signal with its own delay in the trunk. Measured in audio, the time does not depend on stalls of the connection.
const SAME_PRESS: Duration = Duration::from_millis(500);

/// The most time between a signal and a tone of the same press, even if no audio was received meanwhile.
const LONGEST_STALL: Duration = Duration::from_secs(5);

impl Keypad {
    /// Takes the first press.
    pub(super) fn take_typed(&mut self) -> Option<Digit> {
        self.typed.pop_front()
    }

    /// Takes the first press of one of these keys, and leaves the others.
    pub(super) fn take_typed_of(&mut self, keys: &[Digit]) -> Option<Digit> {
        let place = self.typed.iter().position(|digit| keys.contains(digit))?;
        self.typed.remove(place)
    }

    pub(super) fn has_typed(&self) -> bool {
        !self.typed.is_empty()
    }

    pub(super) fn discard_typed(&mut self) {
        self.typed.clear();
    }

    pub(super) fn listen_for_tones(&mut self, listens: bool) {
        match (listens, &self.tones) {
            (false, _) => self.tones = None,
            (true, None) => self.tones = Some(Box::new(Tones::new(SampleRate::Hz8000))),
            (true, Some(_)) => {}
        }
    }

    /// Ignores the next stop of a key whose start went to the handler as an event.
    pub(super) fn ignore_stop(&mut self, digit: Digit) {
        self.signals.ignore_stop(digit);
    }

    /// Adds a signal. Returns a key that went down.
    pub(super) fn push_signal(&mut self, signal: Dtmf, now: Instant) -> Option<Digit> {
        self.signals.push(signal, now);
        self.settle(now)
    }

    /// Detects tones in received audio. Returns a key that went down.
    pub(super) fn push_audio(&mut self, audio: Audio<'_>, now: Instant) -> Option<Digit> {
        let mut tones = self.tones.take()?;
        if tones.rate != audio.rate() {
            tones.rate = audio.rate();
            tones.detector = Detector::new(audio.rate());
        }
        let duration = duration_of(audio.bytes().len(), audio.rate());
        tones.received = tones.received.saturating_add(duration);
        let received = tones.received;
        let mut down = None;
        for signal in tones.detector.feed(audio.samples()) {
            match signal {
                Signal::Start { digit, .. } => down = Some(digit),
                // As for a signal, a press counts when the key comes up.
                Signal::Stop { digit, .. } => self.press(Reported {
                    digit,
                    source: Source::Tone,
                    at: now,
                    received,
                }),
            }
        }
        self.tones = Some(tones);
        down
    }

    /// Adds the presses that the signals so far have completed. Returns a key that went down.
    pub(super) fn settle(&mut self, now: Instant) -> Option<Digit> {
        let mut down = None;
        while let Some(event) = self.signals.pop(now) {
            match event {
                KeyEvent::Down(digit) => down = Some(digit),
                KeyEvent::Press { digit, .. } => self.press(Reported {
                    digit,
                    source: Source::Signal,
                    at: now,
                    received: self.tones.as_ref().map_or(Duration::ZERO, |it| it.received),
                }),
            }
        }
        down
    }

    /// Returns when to call [`settle`](Keypad::settle) again without a signal.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.signals.deadline()
    }

    fn press(&mut self, press: Reported) {
        self.unmatched.retain(|earlier| {
            press.received.saturating_sub(earlier.received) <= SAME_PRESS
                && press.at.saturating_duration_since(earlier.at) <= LONGEST_STALL
        });
        let same_press = self
            .unmatched
            .iter()
            .position(|earlier| earlier.digit == press.digit && earlier.source != press.source);
        if let Some(place) = same_press {
            self.unmatched.remove(place);
            return;
        }
        let is_expected_twice = self.tones.is_some() || press.source == Source::Tone;
        if is_expected_twice && self.unmatched.len() < MOST_TYPED {
            self.unmatched.push_back(press);
        }
        if self.typed.len() < MOST_TYPED {
            self.typed.push_back(press.digit);
        }
    }
}

/// The most presses that are kept, so that a peer cannot fill the memory.
const MOST_TYPED: usize = 256;

impl Tones {
    fn new(rate: SampleRate) -> Tones {
        Tones {
            rate,
            detector: Detector::new(rate),
            received: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;
    use crate::tone::Generator;

    fn digit(character: char) -> Digit {
        Digit::try_from(character).unwrap()
    }

    fn typed(keypad: &mut Keypad) -> String {
        core::iter::from_fn(|| keypad.take_typed())
            .map(Digit::to_char)
            .collect()
    }

    /// Plays the digits as tones in frames of 20 ms, with a signal for each `lag` after its tone has ended.
    fn press_both_ways(digits: &str, lag: Option<Duration>) -> String {
        let digits: Vec<Digit> = digits.chars().map(digit).collect();
        let samples: Vec<i16> = Generator::new(SampleRate::Hz8000).digits(&digits).collect();
        let mut keypad = Keypad::default();
        keypad.listen_for_tones(true);
        let started = Instant::now();
        let at = |ms: usize| started + Duration::from_millis(ms as u64);
        let mut signals: Vec<(Instant, Digit)> = match lag {
            None => Vec::new(),
            // A digit of the generator lasts 100 ms, and the pause after it as long.
            Some(lag) => digits
                .iter()
                .enumerate()
                .map(|(place, digit)| (at(200 * place + 100) + lag, *digit))
                .collect(),
        };
        let mut silence = samples;
        silence.resize(silence.len() + 8 * 700, 0);
        for (frame, samples) in silence.chunks(160).enumerate() {
            let now = at(20 * (frame + 1));
            signals.retain(|(time, digit)| {
                if *time <= now {
                    keypad.push_signal(Dtmf::Digit(*digit), now);
                }
                *time > now
            });
            let mut bytes = [0; 320];
            let mut whole = [0; 160];
            whole[..samples.len()].copy_from_slice(samples);
            let audio = Audio::from_samples(SampleRate::Hz8000, &whole, &mut bytes).unwrap();
            keypad.push_audio(audio, now);
        }
        typed(&mut keypad)
    }

    #[test]
    fn press_as_tone_and_signal_counts_once() {
        for lag in [0, 20, 60, 150, 300] {
            let lag = Some(Duration::from_millis(lag));
            assert_eq!(press_both_ways("5", lag), "5", "{lag:?}");
            assert_eq!(press_both_ways("55#1A", lag), "55#1A", "{lag:?}");
        }
        assert_eq!(press_both_ways("5512", None), "5512");
    }

    #[test]
    fn stall_between_signal_and_tone_counts_once() {
        let mut keypad = Keypad::default();
        keypad.listen_for_tones(true);
        let started = Instant::now();
        keypad.push_signal(Dtmf::Digit(digit('5')), started);
        let mut samples: Vec<i16> = Generator::new(SampleRate::Hz8000)
            .digits(&[digit('5')])
            .collect();
        samples.resize(160 * 15, 0);
        let stalled = started + Duration::from_secs(4);
        for frame in samples.chunks(160) {
            let mut bytes = [0; 320];
            let audio = Audio::from_samples(SampleRate::Hz8000, frame, &mut bytes).unwrap();
            keypad.push_audio(audio, stalled);
        }
        assert_eq!(typed(&mut keypad), "5");
    }

    #[test]
    fn equal_signals_count_each() {
        let mut keypad = Keypad::default();
        keypad.listen_for_tones(true);
        let now = Instant::now();
        keypad.push_signal(Dtmf::Digit(digit('5')), now);
        keypad.push_signal(Dtmf::Digit(digit('5')), now);
        assert_eq!(typed(&mut keypad), "55");
    }

    #[test]
    fn typed_keys_are_removed_in_order_or_by_key() {
        let mut keypad = Keypad::default();
        let now = Instant::now();
        for key in "12#3".chars() {
            keypad.push_signal(Dtmf::Digit(digit(key)), now);
        }
        assert_eq!(
            keypad.take_typed_of(&[digit('#'), digit('3')]),
            Some(digit('#'))
        );
        assert_eq!(keypad.take_typed_of(&[digit('9')]), None);
        assert_eq!(typed(&mut keypad), "123");
    }

    #[test]
    fn waiting_presses_are_bounded() {
        let mut keypad = Keypad::default();
        let now = Instant::now();
        for _ in 0..1000 {
            keypad.push_signal(Dtmf::Digit(digit('1')), now);
        }
        assert_eq!(keypad.typed.len(), MOST_TYPED);
        assert!(keypad.unmatched.is_empty());
    }
}
