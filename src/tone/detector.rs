//! Sound to digits.

use core::borrow::Borrow;
use core::iter::{RepeatN, repeat_n};

use super::band::{Band, decimation_factor};
use super::energy::Energy;
use super::group::{HIGH, LOW, digit_at, key_of};
use super::level::{peak, power_ratio};
use super::track::{Track, WINDOW};
use crate::wire::{Digit, SampleRate};

/// Hears digits in samples.
///
/// What it accepts and what it refuses is [in the description of the module](super#limits). A digit is told 35 ms after its
/// tones began, its end 25 ms after they ended; the positions in what is told are those of the tones, right to 2 ms.
///
/// ```
/// use audiosocket::tone::{Detector, Generator, Signal};
/// use audiosocket::wire::{Digit, SampleRate};
///
/// let mut detector = Detector::new(SampleRate::Hz8000);
/// let mut heard = String::new();
/// let tones: Vec<i16> = Generator::new(SampleRate::Hz8000).digits(&Digit::ALL).collect();
/// for frame in tones.chunks(160) {
///     for signal in detector.feed(frame) {
///         if let Signal::Start { digit, .. } = signal {
///             heard.push(digit.to_char());
///         }
///     }
/// }
/// assert_eq!(heard, "123A456B789C*0#D");
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    rate: SampleRate,
    /// How many samples of the input become one at 2 kHz; two of these are a tick.
    factor: u32,
    /// How many samples were taken towards the next one at 2 kHz.
    taken: u32,
    within_tick: bool,
    /// How many samples were taken until the end of the last tick.
    position: u64,
    low_band: Band,
    high_band: Band,
    low: Track,
    high: Track,
    energy: Energy,
    limits: Limits,
    held: Option<Held>,
    /// Where the digit before ended.
    last_end: u64,
}

/// What a detector heard: the beginning of a digit, or its end. They come by turns, and their positions in order.
///
/// Positions count samples, and those that the detector was fed first are at 0.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// A digit began.
    Start {
        /// Which.
        digit: Digit,
        /// Where its tones began.
        at: u64,
    },
    /// The digit that began has ended.
    Stop {
        /// Which.
        digit: Digit,
        /// Where its tones began, as it was told at the start.
        start: u64,
        /// Where they ended.
        end: u64,
        /// How long they lasted in milliseconds, rounded down.
        duration_ms: u32,
    },
}

impl Signal {
    /// The digit.
    pub const fn digit(&self) -> Digit {
        match *self {
            Signal::Start { digit, .. } | Signal::Stop { digit, .. } => digit,
        }
    }
}

/// How long a tone has to be gone to have ended, in ticks of 1 ms: well between a break of 10 ms that must not part it, and a
/// pause of 40 ms that must.
const GONE: u32 = 20;
/// How much of the energy of all that is heard has to be that of the two tones, in hundredths: 97 are left by noise of 15 dB, and
/// the filters take up to 6 away. A voice has its energy in more than two places.
const MOST: u64 = 85;
/// More than the filters are late and [`GONE`] together, and less than could hide a digit.
const FINAL_SILENCE_MS: u16 = 40;

impl Detector {
    /// A detector for samples at this rate, with the limits of AT&T in ITU-T Q.24: a floor of -25 dBm0, and a high tone that
    /// is louder by 4 dB at most or weaker by 8 dB.
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
            energy: Energy::new(),
            limits: Limits::new(),
            held: None,
            last_end: 0,
        }
    }

    /// Down to which level of each of its tones a digit is heard, in dBm0, from -47 to +3.
    ///
    /// Some decibels of doubt belong to the filters and to noise: 4 dB below the floor nothing is heard any more.
    #[must_use]
    pub fn with_floor(mut self, dbm0: i8) -> Detector {
        self.limits.set_floor(dbm0);
        self
    }

    /// By how many decibels the high tone of a digit may be louder than the low one, and the low one louder than the high; 29
    /// at most.
    ///
    /// Either is called the normal twist by somebody, so they go by what is louder here. What is beyond by 2 dB is not heard.
    #[must_use]
    pub fn with_twist(mut self, high_over_low_db: u8, low_over_high_db: u8) -> Detector {
        self.limits.set_twist(high_over_low_db, low_over_high_db);
        self
    }

    /// Takes samples, lent or as numbers, as many as there are: `feed(&samples)`, or `feed(audio.samples())`.
    ///
    /// What is heard does not depend on how the samples are cut into pieces. It is heard while the answer is iterated over;
    /// when that is dropped, what is left of the samples is taken all the same, and what would have been told is lost.
    ///
    /// The iterator may be endless. If it has no upper bound ([`Iterator::size_hint`]), at most 2^20 samples are taken when the
    /// answer is dropped, which is 131 s of audio at 8 kHz.
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

    /// Tells what is still to be told of the samples so far, as if silence followed: 40 ms of it, which count as fed.
    ///
    /// A digit that sounds to the last sample ends there.
    pub fn finish(&mut self) -> Signals<'_, RepeatN<i16>> {
        let silence = repeat_n(0, self.rate.samples_in(FINAL_SILENCE_MS));
        self.feed(silence)
    }

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
        self.within_tick = !self.within_tick;
        if self.within_tick {
            return None;
        }
        self.position = self.position.wrapping_add(self.tick_len());
        self.energy.end_tick();
        self.low.push(self.low_band.filtered());
        self.high.push(self.high_band.filtered());
        self.hear()
    }

    fn tick_len(&self) -> u64 {
        u64::from(self.factor).wrapping_mul(2)
    }

    /// The place in the input, `ticks` before the end of that which the filters have answered for, in their middle.
    fn heard_until(&self, ticks: u64) -> u64 {
        // The filter's middle is 4.75 ticks late; that of the newest tick lies half a tick before its end.
        let late = self.tick_len().wrapping_mul(17) / 4;
        let before = self.tick_len().wrapping_mul(ticks);
        self.position.saturating_sub(late.wrapping_add(before))
    }

    /// What the newest tick tells.
    fn hear(&mut self) -> Option<Signal> {
        let digit = self.digit();
        let heard_until = self.heard_until(0);
        let Some(held) = &mut self.held else {
            let digit = digit?;
            // Two tones without a pause are each as loud as at their edges for a moment.
            let at = self.heard_until(WINDOW as u64).max(self.last_end);
            self.held = Some(Held {
                digit,
                low_power: self.low.power(),
                high_power: self.high.power(),
                start: at,
                end: heard_until,
                missing: 0,
            });
            return Some(Signal::Start { digit, at });
        };
        let (row, column) = key_of(held.digit);
        let is_there =
            self.low.carries(row, held.low_power) && self.high.carries(column, held.high_power);
        held.follow(is_there, heard_until);
        let is_another = digit.is_some_and(|digit| digit != held.digit);
        if held.missing < GONE && !is_another {
            return None;
        }
        let Held {
            digit, start, end, ..
        } = *held;
        self.held = None;
        self.last_end = end;
        Some(Signal::Stop {
            digit,
            start,
            end,
            duration_ms: duration_ms(end.saturating_sub(start), self.rate),
        })
    }

    /// The digit whose two tones were all that could be heard for the whole window.
    fn digit(&self) -> Option<Digit> {
        let (low, high) = (self.low.power(), self.high.power());
        if !self.limits.allow(low, high) || !self.is_most_of_all(low.wrapping_add(high)) {
            return None;
        }
        digit_at(self.low.tone()?, self.high.tone()?)
    }

    /// Whether so much power of tones is most of the energy of the input.
    fn is_most_of_all(&self, power: i64) -> bool {
        // A tone with the peak p has the power (p / 2)^2 in a tick, and the energy p^2 / 2 in a sample, times so many in a tick.
        let tones = (power as u64 >> 6)
            .wrapping_mul(2)
            .wrapping_mul(self.tick_len());
        tones.wrapping_mul(100) >= self.energy.sum().wrapping_mul(MOST)
    }
}

/// A digit that began and has not ended.
#[derive(Clone, Copy, Debug)]
struct Held {
    digit: Digit,
    /// Of its tones in the window in which it was first heard.
    low_power: i64,
    high_power: i64,
    start: u64,
    end: u64,
    /// How long its tones have been gone, in ticks; what was there in between counts back, twice.
    missing: u32,
}

impl Held {
    /// Minds whether its tones are there in the tick that ends at `heard_until`.
    fn follow(&mut self, is_there: bool, heard_until: u64) {
        if is_there {
            self.missing = self.missing.saturating_sub(2);
        } else {
            self.missing = self.missing.wrapping_add(1);
        }
        if self.missing == 0 {
            self.end = heard_until;
        }
    }
}

/// How loud tones have to be, and how much alike.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Of the power that a tone has in the whole window.
    least_power: i64,
    /// Ratios of powers, times 256.
    high_over_low: i64,
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
        let half_a_peak = i64::from(peak(dbm0.clamp(-47, 3).wrapping_sub(3)) / 2);
        self.least_power = half_a_peak
            .wrapping_mul(half_a_peak)
            .wrapping_mul(WINDOW as i64);
    }

    fn set_twist(&mut self, high_over_low_db: u8, low_over_high_db: u8) {
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

/// How long so many samples last, rounded down; 2^32 samples are the most that is told.
fn duration_ms(samples: u64, rate: SampleRate) -> u32 {
    let samples = u32::try_from(samples).unwrap_or(u32::MAX);
    // In pieces of 10 ms, of which each rate has a whole number in a second, so that no product needs more than 32 bits.
    let piece = rate.hz() / 100;
    let pieces = samples.checked_div(piece).unwrap_or(0);
    let rest = samples.wrapping_sub(pieces.wrapping_mul(piece));
    let rest_ms = rest.wrapping_mul(10).checked_div(piece).unwrap_or(0);
    pieces.saturating_mul(10).saturating_add(rest_ms)
}

/// What a detector hears in the samples of one [`Detector::feed`].
#[derive(Debug)]
#[must_use = "what is not asked for is not told again"]
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

/// How many samples of an iterator without an upper bound are taken when [`Signals`] is dropped.
const MOST_TAKEN_UNBOUNDED: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_down_and_have_no_end() {
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
