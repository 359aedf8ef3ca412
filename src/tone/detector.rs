//! Samples to DTMF digits.

use core::borrow::Borrow;
use core::iter::repeat_n;

use super::band::{Band, decimation_factor};
use super::energy::{Energy, SHIFT};
use super::group::{HIGH, LOW, digit_at, key_of};
use super::level::{peak, power_ratio};
use super::track::{BEFORE, Track, WINDOW};
use crate::wire::{Digit, SampleRate};

/// A detector of DTMF digits in samples.
///
/// [The description of the module](super#limits) has the limits, and [the method](super#method). A start is reported 35 ms after
/// the tones started, a stop 38 ms after they ended. The reported positions are those of the tones, within 2 ms.
///
/// ```
/// use audiosocket::tone::{Detector, Generator, Signal};
/// use audiosocket::wire::{Digit, SampleRate};
///
/// let mut detector = Detector::new(SampleRate::Hz8000);
/// let mut detected = String::new();
/// let tones: Vec<i16> = Generator::new(SampleRate::Hz8000).digits(&Digit::ALL).collect();
/// for frame in tones.chunks(160) {
///     for signal in detector.feed(frame) {
///         if let Signal::Start { digit, .. } = signal {
///             detected.push(digit.to_char());
///         }
///     }
/// }
/// assert_eq!(detected, "123A456B789C*0#D");
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    rate: SampleRate,
    /// The number of input samples for each sample at 2 kHz. A tick is two samples at 2 kHz, so 1 ms.
    factor: u32,
    /// The number of input samples since the last sample at 2 kHz.
    taken: u32,
    /// Whether the last sample at 2 kHz was the first half of a tick.
    within_tick: bool,
    /// The number of input samples until the end of the last tick.
    position: u64,
    low_band: Band,
    high_band: Band,
    low: Track,
    high: Track,
    energy: Energy,
    limits: Limits,
    /// The digit that has been reported as started and not as stopped.
    held: Option<Held>,
    /// The end of the last digit.
    last_end: u64,
}

/// A start or a stop of a digit. Starts and stops alternate.
///
/// Positions count the samples fed to the detector; the first sample is at 0. They never decrease from signal to signal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// A digit started.
    Start {
        /// The digit.
        digit: Digit,
        /// The start of its tones.
        at: u64,
    },
    /// The digit that started has ended.
    Stop {
        /// The digit.
        digit: Digit,
        /// The start of its tones, as reported by [`Signal::Start`].
        start: u64,
        /// The end of its tones.
        end: u64,
        /// The duration of the tones in milliseconds, rounded down.
        duration_ms: u32,
    },
}

impl Signal {
    /// Returns the digit.
    pub const fn digit(&self) -> Digit {
        match *self {
            Signal::Start { digit, .. } | Signal::Stop { digit, .. } => digit,
        }
    }
}

/// The number of ticks without tones that ends a digit. A break of 25 ms must not split a digit; a pause of 40 ms must. The
/// filters make a break up to 3 ticks longer.
const GONE: u32 = 33;
/// The number of consecutive ticks with tones that ends a break. Speech can resemble tones for a shorter time.
const BACK: u32 = 4;
/// The least share of the tones in the energy, in percent. In noise 15 dB below, the tones have 97 %, and the filters take up to
/// 6 % away. Voices have energy at more than two frequencies.
const SHARE: u64 = 85;
/// The least share of clean tones in the energy above 250 Hz, in percent. Beside a dial tone 6 dB below, they have 80 %; beside
/// a third tone at their level, which must be ignored, 67 %.
const CLEAN_SHARE: u64 = 75;
/// The accepted difference between the deviations of the two tones, in 64ths of a thousandth. Deviations of 15 thousandths in
/// opposite directions must be accepted. This test rejects most high voices: their harmonics often have the ratio 3 to 2,
/// which is 4.6 % off the ratio of the tones of a `4`.
const MOST_APART: u32 = 34 * 64;
/// More than [`GONE`] plus the delay of the filters.
const FINAL_SILENCE_MS: u16 = 50;

impl Detector {
    /// Creates a detector with AT&T's limits in ITU-T Q.24.
    ///
    /// Tones of -25 dBm0 and above are detected. The high tone may be up to 4 dB louder than the low tone, or up to 8 dB weaker.
    pub fn new(rate: SampleRate) -> Detector {
        let factor = decimation_factor(rate);
        let tick_len = factor.wrapping_mul(2);
        Detector {
            rate,
            factor,
            taken: 0,
            within_tick: false,
            position: 0,
            low_band: Band::new(&LOW, rate),
            high_band: Band::new(&HIGH, rate),
            low: Track::new(&LOW, rate, tick_len),
            high: Track::new(&HIGH, rate, tick_len),
            energy: Energy::new(rate),
            limits: Limits::new(),
            held: None,
            last_end: 0,
        }
    }

    /// Sets the lowest level of each tone in dBm0, from -47 to +3.
    ///
    /// Values beyond that range count as its ends. The limit is not sharp: the detector ignores everything 4 dB below the floor.
    #[must_use]
    pub fn with_floor(mut self, dbm0: i8) -> Detector {
        self.limits.set_floor(dbm0);
        self
    }

    /// Sets how many decibels each tone may be louder than the other (the *twist*), up to 29.
    ///
    /// Authors disagree on which twist is "normal" and which is "reverse", so the parameters name the louder tone first. The
    /// detector ignores everything 2 dB beyond a limit. Values above 29 count as 29.
    #[must_use]
    pub fn with_twist(mut self, high_over_low_db: u8, low_over_high_db: u8) -> Detector {
        self.limits.set_twist(high_over_low_db, low_over_high_db);
        self
    }

    /// Returns the signals in these samples, as an iterator: `feed(&samples)`, or `feed(audio.samples())`.
    ///
    /// The result does not depend on how the samples are cut into pieces. The samples are read while you iterate. If you drop the
    /// iterator early, it reads the rest of the samples and discards their signals.
    ///
    /// `samples` may be endless. If it has no upper bound ([`Iterator::size_hint`]), dropping reads at most 2^20 samples, which
    /// is 131 s of audio at 8 kHz.
    pub fn feed<I>(&mut self, samples: I) -> Signals<'_, I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Borrow<i16>,
    {
        Signals {
            detector: self,
            samples: samples.into_iter(),
        }
    }

    /// Returns the last signals, as if 50 ms of silence followed. The silence counts as fed.
    ///
    /// A digit that lasts until the last sample ends there.
    pub fn finish(&mut self) -> impl Iterator<Item = Signal> {
        let silence = repeat_n(0, self.rate.samples_in(FINAL_SILENCE_MS));
        self.feed(silence)
    }

    /// Processes a sample and returns the signal of the tick that it completes, if any.
    fn take(&mut self, sample: i16) -> Option<Signal> {
        self.energy.add(sample);
        self.low_band.mix(sample);
        self.high_band.mix(sample);
        self.taken = self.taken.wrapping_add(1);
        if self.taken < self.factor {
            return None;
        }
        self.taken = 0;
        self.low_band.decimate();
        self.high_band.decimate();
        self.energy.decimate();
        self.within_tick = !self.within_tick;
        if self.within_tick {
            return None;
        }
        self.position = self.position.wrapping_add(self.tick_len());
        self.energy.end_tick();
        self.low.push(self.low_band.filtered());
        self.high.push(self.high_band.filtered());
        self.end_tick()
    }

    fn tick_len(&self) -> u64 {
        u64::from(self.factor).wrapping_mul(2)
    }

    /// Returns the position in the input that the tracks' tick of `ticks` ticks ago describes.
    fn filtered_until(&self, ticks: u64) -> u64 {
        // The filters' newest output describes the input 4.75 ticks ago, and its tick lasts until half a tick later: 17 / 4.
        let late = self.tick_len().wrapping_mul(17) / 4;
        let before = self.tick_len().wrapping_mul(ticks);
        self.position.saturating_sub(late.wrapping_add(before))
    }

    /// Ends the tick and returns its signal. If a digit follows another without a pause, the stop comes first, and the start a
    /// tick later.
    fn end_tick(&mut self) -> Option<Signal> {
        let digit = self.digit();
        let filtered_until = self.filtered_until(0);
        let Some(mut held) = self.held.take() else {
            let held = self.hold(digit?);
            self.held = Some(held);
            let Held {
                digit, start: at, ..
            } = held;
            return Some(Signal::Start { digit, at });
        };
        held.follow(self.continues(&held), filtered_until);
        let is_another = digit.is_some_and(|digit| digit != held.digit);
        if held.missing < GONE && !is_another {
            self.held = Some(held);
            return None;
        }
        let Held {
            digit, start, end, ..
        } = held;
        self.last_end = end;
        Some(Signal::Stop {
            digit,
            start,
            end,
            duration_ms: duration_ms(end.saturating_sub(start), self.rate),
        })
    }

    /// Returns the digit whose two tones fill the window and have nearly all of the energy. The cheap tests come first.
    fn digit(&self) -> Option<Digit> {
        let (low, high) = (self.low.power(), self.high.power());
        let power = low.wrapping_add(high);
        let is_most = self.has_share(power, CLEAN_SHARE, self.energy.without_lowest());
        if !self.limits.allow(low, high) || !is_most {
            return None;
        }
        let (low, high) = (self.low.tone()?, self.high.tone()?);
        let is_clean = low.is_clean && high.is_clean;
        if !is_clean && !self.has_share(power, SHARE, self.energy.all()) {
            return None;
        }
        if low.offset.abs_diff(high.offset) > MOST_APART {
            return None;
        }
        digit_at(low.index, high.index)
    }

    /// Returns whether tones of this power have at least this share of the energy, in percent.
    fn has_share(&self, power: i64, share: u64, energy: u64) -> bool {
        // A tone with the peak p has the power (p / 2)^2 in a tick, and the energy p^2 / 2 in each sample of the tick.
        let tones = (power as u64 >> SHIFT)
            .wrapping_mul(2)
            .wrapping_mul(self.tick_len());
        tones.wrapping_mul(100) >= energy.wrapping_mul(share)
    }

    /// Returns the new digit that fills the window, with the start of its tones.
    fn hold(&self, digit: Digit) -> Held {
        let mut held = Held {
            digit,
            low_power: self.low.power(),
            high_power: self.high.power(),
            start: 0,
            end: self.filtered_until(0),
            missing: 0,
            present: 0,
        };
        let before = self.ticks_before(&held) as u64;
        let start = self.filtered_until(before.wrapping_add(WINDOW as u64));
        // If one digit follows another without a pause, both are loud enough for a moment.
        held.start = start.max(self.last_end);
        held
    }

    /// Returns how many ticks before the window the tones started: 0, unless a break interrupted them early.
    fn ticks_before(&self, held: &Held) -> usize {
        let (mut ticks, mut missing, mut present) = (0, 0_u32, BACK);
        for before in 1..=BEFORE {
            if self.was_present(held, before.wrapping_add(WINDOW - 1)) {
                missing = 0;
                present = present.wrapping_add(1);
            } else {
                missing = missing.wrapping_add(1);
                present = 0;
            }
            if present >= BACK {
                ticks = before;
            }
            if missing >= GONE {
                break;
            }
        }
        ticks
    }

    /// Returns whether the newest tick continues both tones of the digit.
    fn continues(&self, held: &Held) -> bool {
        let (row, column) = key_of(held.digit);
        self.low.continues(row, held.low_power) && self.high.continues(column, held.high_power)
    }

    /// Returns whether both tones of the digit started or continued `back` ticks before the newest.
    fn was_present(&self, held: &Held, back: usize) -> bool {
        let (row, column) = key_of(held.digit);
        self.low.was_present(row, held.low_power, back)
            && self.high.was_present(column, held.high_power, back)
    }
}

/// A digit that has started and not ended.
#[derive(Clone, Copy, Debug)]
struct Held {
    digit: Digit,
    /// The powers of its tones in the first window.
    low_power: i64,
    high_power: i64,
    start: u64,
    end: u64,
    /// How long its tones have been missing since [`Held::end`]: each tick without them adds one, each tick with them subtracts
    /// two.
    missing: u32,
    /// The number of consecutive ticks with its tones, up to the newest.
    present: u32,
}

impl Held {
    /// Updates the end for the tick at the position `filtered_until`.
    fn follow(&mut self, is_there: bool, filtered_until: u64) {
        if is_there {
            self.missing = self.missing.saturating_sub(2);
            self.present = self.present.wrapping_add(1);
        } else {
            self.missing = self.missing.wrapping_add(1);
            self.present = 0;
        }
        if self.present >= BACK {
            self.missing = 0;
        }
        if self.missing == 0 {
            self.end = filtered_until;
        }
    }
}

/// The limits of the levels.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// The least power of a tone, as [`Track::power`] returns it.
    least_power: i64,
    /// The largest ratio of the powers, times 256.
    high_over_low: i64,
    /// The largest ratio of the powers, times 256.
    low_over_high: i64,
}

impl Limits {
    fn new() -> Limits {
        let mut limits = Limits {
            least_power: 0,
            high_over_low: 0,
            low_over_high: 0,
        };
        limits.set_floor(-25);
        limits.set_twist(4, 8);
        limits
    }

    fn set_floor(&mut self, dbm0: i8) {
        // 3 dB lower than the floor, because filters and noise can weaken a tone.
        let half_a_peak = i64::from(peak(dbm0.clamp(-47, 3).wrapping_sub(3)) / 2);
        self.least_power = half_a_peak
            .wrapping_mul(half_a_peak)
            .wrapping_mul(WINDOW as i64);
    }

    fn set_twist(&mut self, high_over_low_db: u8, low_over_high_db: u8) {
        // 1 dB more than required, for the same reason.
        let limit = |decibels: u8| power_ratio(decibels.saturating_add(1)).into();
        self.high_over_low = limit(high_over_low_db);
        self.low_over_high = limit(low_over_high_db);
    }

    fn allow(&self, low: i64, high: i64) -> bool {
        low >= self.least_power
            && high >= self.least_power
            && high.wrapping_mul(256) <= low.wrapping_mul(self.high_over_low)
            && low.wrapping_mul(256) <= high.wrapping_mul(self.low_over_high)
    }
}

/// Returns the duration of up to 2^32 samples in milliseconds, rounded down.
fn duration_ms(samples: u64, rate: SampleRate) -> u32 {
    let samples = u32::try_from(samples).unwrap_or(u32::MAX);
    // Each rate has a whole number of samples in 10 ms. Pieces of that length keep all products within 32 bits.
    let piece = rate.hz() / 100;
    let pieces = samples.checked_div(piece).unwrap_or(0);
    let rest = samples.wrapping_sub(pieces.wrapping_mul(piece));
    let rest_ms = rest.wrapping_mul(10).checked_div(piece).unwrap_or(0);
    pieces.saturating_mul(10).saturating_add(rest_ms)
}

/// The iterator over the signals in the samples of one [`Detector::feed`].
#[derive(Debug)]
#[must_use = "signals that are not read are lost"]
pub struct Signals<'a, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    detector: &'a mut Detector,
    samples: I,
}

impl<I> Iterator for Signals<'_, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    type Item = Signal;

    fn next(&mut self) -> Option<Signal> {
        let Signals { detector, samples } = self;
        samples.find_map(|sample| detector.take(*sample.borrow()))
    }
}

impl<I> Drop for Signals<'_, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    fn drop(&mut self) {
        if self.samples.size_hint().1.is_some() {
            while self.next().is_some() {}
            return;
        }
        // The iterator may be endless.
        for _ in 0..MOST_TAKEN_UNBOUNDED {
            let Some(sample) = self.samples.next() else {
                return;
            };
            self.detector.take(*sample.borrow());
        }
    }
}

/// The most samples that dropping [`Signals`] reads from an iterator without an upper bound.
const MOST_TAKEN_UNBOUNDED: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_down_and_saturate() {
        for &rate in SampleRate::ALL {
            for milliseconds in [0, 1, 9, 10, 39, 1000, 60_001] {
                let exact = u64::from(rate.hz()) * u64::from(milliseconds);
                let samples = exact.div_ceil(1000);
                assert_eq!(duration_ms(samples, rate), milliseconds, "{rate}");
                let before = samples.saturating_sub(1);
                assert_eq!(
                    duration_ms(before, rate),
                    milliseconds.saturating_sub(1),
                    "{rate}"
                );
            }
        }
        let longest = duration_ms(u64::MAX, SampleRate::Hz8000);
        assert_eq!(longest, u32::MAX / 8);
    }

    #[test]
    fn signals_of_an_endless_iterator_can_be_dropped() {
        let mut detector = Detector::new(SampleRate::Hz8000);
        let taken = core::cell::Cell::new(0_u32);
        let endless = core::iter::from_fn(|| {
            taken.set(taken.get() + 1);
            Some(0)
        });
        drop(detector.feed(endless));
        assert_eq!(taken.get(), MOST_TAKEN_UNBOUNDED);
    }

    #[test]
    fn limits_are_clamped_where_the_arithmetic_ends() {
        let limits = |floor, twist| {
            let mut limits = Limits::new();
            limits.set_floor(floor);
            limits.set_twist(twist, twist);
            (limits.least_power, limits.high_over_low)
        };
        assert_eq!(limits(i8::MIN, u8::MAX), limits(-47, 29));
        assert_eq!(limits(i8::MAX, 0), limits(3, 0));
        assert!(limits(-47, 0).0 > 0);
    }
}
