//! Sounds to test a detector with, computed in floating point and always the same. Shares no code with the library's tones.

use std::f64::consts::TAU;

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Digit, SampleRate};

pub const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
pub const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// The two tones of a digit, each with its frequency offset.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub digit: Digit,
    pub low_dbm0: f64,
    pub high_dbm0: f64,
    /// The frequency offsets: 0.015 is 1.5 % too high.
    pub low_off: f64,
    pub high_off: f64,
}

impl Pair {
    /// Both tones at this level, and at their frequencies.
    pub fn of(digit: Digit, dbm0: f64) -> Pair {
        Pair {
            digit,
            low_dbm0: dbm0,
            high_dbm0: dbm0,
            low_off: 0.0,
            high_off: 0.0,
        }
    }

    fn hertz(&self) -> (f64, f64) {
        let key = Digit::ALL.iter().position(|key| *key == self.digit);
        let key = key.expect("one of the sixteen");
        (
            ROWS[key / 4] * (1.0 + self.low_off),
            COLUMNS[key % 4] * (1.0 + self.high_off),
        )
    }

    /// The power of both tones together, in dBm0.
    fn dbm0(&self) -> f64 {
        10.0 * (10_f64.powf(self.low_dbm0 / 10.0) + 10_f64.powf(self.high_dbm0 / 10.0)).log10()
    }
}

/// The level of the largest sine (ITU-T G.711, A-law).
#[expect(clippy::approx_constant, reason = "decibels")]
const FULL_SCALE_DBM0: f64 = 3.14;

/// The peak of a sine of this level.
pub fn peak(dbm0: f64) -> f64 {
    32_768.0 * 10_f64.powf((dbm0 - FULL_SCALE_DBM0) / 20.0)
}

/// A sound that grows at its end.
#[derive(Clone, Debug)]
pub struct Sound {
    pub rate: SampleRate,
    samples: Vec<f64>,
    random: Random,
}

impl Sound {
    /// An empty sound. Its random parts, phases and noise, depend on the seed.
    pub fn new(rate: SampleRate, seed: u64) -> Sound {
        Sound {
            rate,
            samples: Vec::new(),
            random: Random::new(seed),
        }
    }

    pub fn len_of(&self, ms: f64) -> usize {
        (f64::from(self.rate.hz()) * ms / 1000.0).round() as usize
    }

    pub fn len(&self) -> usize {
        self.samples.len()
    }

    pub fn silence(self, ms: f64) -> Sound {
        self.wave(ms, |_| 0.0)
    }

    /// Adds a function of the seconds since its own start.
    pub fn wave(mut self, ms: f64, wave: impl FnMut(f64) -> f64) -> Sound {
        let hertz = f64::from(self.rate.hz());
        let places = (0..self.len_of(ms)).map(|place| place as f64 / hertz);
        self.samples.extend(places.map(wave));
        self
    }

    /// Adds both tones with any phase, with the hardest possible start and end.
    pub fn pair(mut self, pair: Pair, ms: f64) -> Sound {
        let (low, high) = pair.hertz();
        let (low_phase, high_phase) = (self.random.unit(), self.random.unit());
        self.wave(ms, |seconds| {
            peak(pair.low_dbm0) * (TAU * (low * seconds + low_phase)).sin()
                + peak(pair.high_dbm0) * (TAU * (high * seconds + high_phase)).sin()
        })
    }

    /// Adds a function of the seconds to the whole sound.
    pub fn over(mut self, mut wave: impl FnMut(f64) -> f64) -> Sound {
        let hertz = f64::from(self.rate.hz());
        for (place, sample) in self.samples.iter_mut().enumerate() {
            *sample += wave(place as f64 / hertz);
        }
        self
    }

    /// Replaces `ms` milliseconds with zeros. They start `before_end` milliseconds before the end of the sound.
    pub fn zeroed(mut self, before_end: f64, ms: f64) -> Sound {
        let from = self.len() - self.len_of(before_end);
        let to = (from + self.len_of(ms)).min(self.len());
        self.samples[from..to].fill(0.0);
        self
    }

    /// Removes `ms` milliseconds. They start `before_end` milliseconds before the end of the sound.
    pub fn without(mut self, before_end: f64, ms: f64) -> Sound {
        let from = self.len() - self.len_of(before_end);
        let to = (from + self.len_of(ms)).min(self.len());
        self.samples.drain(from..to);
        self
    }

    /// Adds white noise to the whole sound, `decibels` below the power of a pair.
    pub fn noise_below(self, pair: Pair, decibels: f64) -> Sound {
        self.noise(pair.dbm0() - decibels)
    }

    /// Adds white noise to the whole sound, from 0 Hz to half of the rate.
    pub fn noise(mut self, dbm0: f64) -> Sound {
        let deviation = peak(dbm0) / 2_f64.sqrt();
        for sample in &mut self.samples {
            *sample += deviation * self.random.normal();
        }
        self
    }

    /// The sound after eight bits of u-law, whose steps grow with the samples (ITU-T G.711, in its continuous form).
    pub fn companded(mut self) -> Sound {
        const MU: f64 = 255.0;
        for sample in &mut self.samples {
            let magnitude = (sample.abs() / 32_768.0).min(1.0);
            let step = (127.0 * (1.0 + MU * magnitude).ln() / (1.0 + MU).ln()).round();
            let again = ((1.0 + MU).powf(step / 127.0) - 1.0) / MU;
            *sample = (32_768.0 * again).copysign(*sample);
        }
        self
    }

    /// The samples, clipped where necessary.
    pub fn samples(&self) -> Vec<i16> {
        let narrowed = |sample: &f64| sample.round() as i16;
        self.samples.iter().map(narrowed).collect()
    }

    /// Returns the signals of a detector, up to the end of the sound.
    pub fn detected(&self) -> Vec<Signal> {
        detected(Detector::new(self.rate), &self.samples())
    }
}

pub fn detected(mut detector: Detector, samples: &[i16]) -> Vec<Signal> {
    let mut signals: Vec<Signal> = detector.feed(samples).collect();
    signals.extend(detector.finish());
    signals
}

/// Returns the digits that started, in order. Checks that each also ended, and after its start.
#[track_caller]
pub fn digits(signals: &[Signal]) -> String {
    let mut digits = String::new();
    for pair in signals.chunks(2) {
        match *pair {
            [
                Signal::Start { digit, at },
                Signal::Stop {
                    digit: same,
                    start,
                    end,
                    ..
                },
            ] if digit == same && at == start && start <= end => digits.push(digit.to_char()),
            _ => panic!("no start and its stop: {pair:?}"),
        }
    }
    digits
}

/// Marsaglia's xorshift, 64 bits.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// With mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (TAU * self.unit()).cos()
    }
}
