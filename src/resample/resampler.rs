//! Samples of one rate to samples of another.

use core::borrow::Borrow;
use core::iter::{RepeatN, repeat_n};

use super::falling::Falling;
use super::rising::Rising;
use crate::wire::SampleRate;

/// A converter of samples from one of the nine rates to another, piece by piece.
///
/// The module's description states [its accuracy](super#limits). It has at most 160 bytes of state at all rates.
///
/// ```
/// use audiosocket::resample::Resampler;
/// use audiosocket::wire::SampleRate;
///
/// let mut resampler = Resampler::new(SampleRate::Hz24000, SampleRate::Hz8000);
/// let speech = [1000; 480];
/// let mut narrow: Vec<i16> = resampler.feed(&speech).collect();
/// assert_eq!(narrow.len(), 160);
///
/// // The complete output, aligned with the input: `finish` adds the end, and the delay is skipped.
/// narrow.extend(resampler.finish());
/// let aligned = &narrow[resampler.delay()..];
/// assert_eq!(aligned.len(), 160);
/// assert_eq!(aligned[80], 1000);
/// ```
#[derive(Clone, Debug)]
pub struct Resampler {
    from: SampleRate,
    to: SampleRate,
    filter: Filter,
}

#[derive(Clone, Debug)]
enum Filter {
    Rising(Rising),
    Falling(Falling),
    /// Both rates are equal.
    Same,
}

/// Returns the rate in hundreds of hertz. Products of two such rates fit into 32 bits.
const fn hundreds(rate: SampleRate) -> u32 {
    rate.hz() / 100
}

impl Resampler {
    /// Creates a resampler from one rate to another, as if silence preceded the input.
    ///
    /// With equal rates, it returns the input unchanged and without a delay.
    pub const fn new(from: SampleRate, to: SampleRate) -> Resampler {
        let (input, output) = (hundreds(from), hundreds(to));
        let filter = if input < output {
            Filter::Rising(Rising::new(input, output))
        } else if input > output {
            Filter::Falling(Falling::new(input, output))
        } else {
            Filter::Same
        };
        Resampler { from, to, filter }
    }

    /// Returns the rate of the input.
    pub const fn input_rate(&self) -> SampleRate {
        self.from
    }

    /// Returns the rate of the output.
    pub const fn output_rate(&self) -> SampleRate {
        self.to
    }

    /// Returns the delay of the output behind the input, in output samples. It is exact.
    ///
    /// Going up, it is 14 samples of the lower rate (1.75 ms at 8 kHz), or up to one output sample less with 44.1 kHz. Going
    /// down, it is 13 samples of the lower rate (1.625 ms at 8 kHz).
    pub const fn delay(&self) -> usize {
        match self.filter {
            Filter::Rising(_) => Rising::delay(hundreds(self.from), hundreds(self.to)),
            Filter::Falling(_) => Falling::delay(),
            Filter::Same => 0,
        }
    }

    /// Returns the output for a piece of the input, as an iterator.
    ///
    /// The samples are references, values, or an iterator such as [`Audio::samples`](crate::wire::Audio::samples). The output
    /// does not depend on how the input is cut into pieces. 10 ms of input make exactly 10 ms of output.
    ///
    /// The input is read while you iterate. If you drop the iterator early, it reads the rest of the input, and the rest of the
    /// output is lost. So the input must end: with an endless one, the drop never returns.
    pub fn feed<I>(&mut self, samples: I) -> Resampled<'_, I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Borrow<i16>,
    {
        Resampled {
            resampler: self,
            samples: samples.into_iter(),
        }
    }

    /// Returns the last [`delay`](Resampler::delay) samples of the output, as if silence followed the input.
    ///
    /// The silence counts as fed. Start a new resampler for other audio.
    pub fn finish(&mut self) -> Resampled<'_, RepeatN<i16>> {
        let delay = self.delay() as u32;
        let (from, to) = (hundreds(self.from), hundreds(self.to));
        // The product is at most 14 * 1,920: the higher rate times half of the filter's length.
        let silence = delay.wrapping_mul(from).div_ceil(to);
        self.feed(repeat_n(0, silence as usize))
    }

    fn next<S: Borrow<i16>>(&mut self, samples: &mut impl Iterator<Item = S>) -> Option<i16> {
        match &mut self.filter {
            Filter::Rising(rising) => {
                if let Some(sample) = rising.pull() {
                    return Some(sample);
                }
                rising.push(*samples.next()?.borrow());
                rising.pull()
            }
            Filter::Falling(falling) => samples.find_map(|sample| falling.take(*sample.borrow())),
            Filter::Same => samples.next().map(|sample| *sample.borrow()),
        }
    }
}

/// An iterator over the output of a [`Resampler`].
#[derive(Debug)]
pub struct Resampled<'a, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    resampler: &'a mut Resampler,
    samples: I,
}

impl<I> Resampled<'_, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    /// Writes the next samples to a buffer and returns their number.
    ///
    /// The number is less than the buffer's length only if there are no more samples.
    pub fn fill(&mut self, buffer: &mut [i16]) -> usize {
        let mut count = 0_usize;
        for (place, sample) in buffer.iter_mut().zip(self) {
            *place = sample;
            count = count.wrapping_add(1);
        }
        count
    }
}

impl<I> Iterator for Resampled<'_, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        self.resampler.next(&mut self.samples)
    }
}

impl<I> Drop for Resampled<'_, I>
where
    I: Iterator,
    I::Item: Borrow<i16>,
{
    fn drop(&mut self) {
        while self.next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::super::kernel::{TAPS, filter};
    use super::*;

    fn pairs() -> impl Iterator<Item = (SampleRate, SampleRate)> {
        let rates = SampleRate::ALL.iter();
        let all = rates.flat_map(|from| SampleRate::ALL.iter().map(move |to| (*from, *to)));
        all.filter(|(from, to)| from != to)
    }

    /// What the filter's formula makes of the input at the time of an output sample, without rounding.
    fn exact(from: SampleRate, to: SampleRate, input: &[i16], place: i64) -> f64 {
        let (from, to) = (f64::from(from.hz()), f64::from(to.hz()));
        let lower = from.min(to);
        let weights = input.iter().enumerate().map(|(index, sample)| {
            let distance = (place as f64 / to - index as f64 / from) * lower;
            f64::from(*sample) * weight(distance)
        });
        weights.sum::<f64>() * lower / from
    }

    fn weight(distance: f64) -> f64 {
        if distance.abs() > TAPS as f64 / 2.0 {
            0.0
        } else {
            filter(distance)
        }
    }

    /// The largest input for one output sample: each sample has the sign of its weight.
    fn largest(from: SampleRate, to: SampleRate, place: i64) -> Vec<i16> {
        let lower = f64::from(from.hz().min(to.hz()));
        let count = from.samples_in(10);
        let samples = (0..count).map(|index| {
            let time = place as f64 / f64::from(to.hz()) - index as f64 / f64::from(from.hz());
            let sign = weight(time * lower) < 0.0;
            if sign { i16::MIN } else { i16::MAX }
        });
        samples.collect()
    }

    #[test]
    fn output_is_the_formula_and_clips_at_full_scale() {
        for (from, to) in pairs() {
            let middle = to.samples_in(5) as i64;
            // Two places with different phases, both polarities.
            for place in [middle, middle + 1] {
                let upwards = largest(from, to, place);
                let downwards: Vec<i16> = upwards.iter().map(|sample| !*sample).collect();
                for input in [upwards, downwards] {
                    let mut resampler = Resampler::new(from, to);
                    let mut output: Vec<i16> = resampler.feed(&input).collect();
                    output.extend(resampler.finish());
                    let aligned = &output[resampler.delay()..];
                    for place in [place - 1, place, place + 1] {
                        let exact = exact(from, to, &input, place).clamp(-32_768.0, 32_767.0);
                        let sample = f64::from(aligned[place as usize]);
                        // Rounded taps: up to half a unit each, or 3/4 if interpolated.
                        assert!(
                            (sample - exact).abs() < 24.0,
                            "{from} {to}: {sample} {exact}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn output_is_as_long_as_the_input_in_time() {
        for (from, to) in pairs() {
            let mut resampler = Resampler::new(from, to);
            let (hz, to_hz) = (u64::from(from.hz()), u64::from(to.hz()));
            let mut made = 0_u64;
            for count in 1..=from.samples_in(20) as u64 {
                made += resampler.feed([0_i16]).count() as u64;
                let off = (made * hz).abs_diff(count * to_hz);
                assert!(off < hz.max(to_hz), "{count}: {made} from {from} to {to}");
            }
            assert_eq!(made, to.samples_in(20) as u64, "from {from} to {to}");
            let rest = resampler.finish().count();
            assert_eq!(rest, resampler.delay(), "from {from} to {to}");
        }
    }

    #[test]
    fn output_does_not_depend_on_pieces() {
        for (from, to) in pairs() {
            let input: Vec<i16> = (0..from.samples_in(10) as u32)
                .map(|place| (place.wrapping_mul(2_654_435_761) >> 16) as i16)
                .collect();
            let whole: Vec<i16> = Resampler::new(from, to).feed(&input).collect();
            let mut resampler = Resampler::new(from, to);
            let mut pieces = Vec::new();
            for piece in input.chunks(7) {
                let mut buffer = [0; 5];
                let mut resampled = resampler.feed(piece);
                loop {
                    let count = resampled.fill(&mut buffer);
                    pieces.extend_from_slice(&buffer[..count]);
                    if count < buffer.len() {
                        break;
                    }
                }
            }
            assert_eq!(pieces, whole, "from {from} to {to}");
        }
    }

    #[test]
    fn dropped_output_does_not_change_later_output() {
        let (from, to) = (SampleRate::Hz8000, SampleRate::Hz44100);
        let mut asked = Resampler::new(from, to);
        let mut dropped = asked.clone();
        let _ = asked.feed([1000_i16; 80]).count();
        let mut first = dropped.feed([1000_i16; 80]);
        first.next();
        drop(first);
        let after = |resampler: &mut Resampler| resampler.feed([-5_i16; 80]).collect::<Vec<_>>();
        assert_eq!(after(&mut asked), after(&mut dropped));
    }

    #[test]
    fn delay_is_exact_for_every_pair() {
        for (from, to) in pairs() {
            // The filter is symmetric, so what comes of a single sample is symmetric around its time.
            let mut input = vec![0; from.samples_in(20)];
            input[from.samples_in(10)] = i16::MAX;
            let mut resampler = Resampler::new(from, to);
            let output: Vec<i16> = resampler.feed(&input).collect();
            let middle = to.samples_in(10) + resampler.delay();
            assert!(output[middle] > 1000, "{from} {to}");
            for distance in 1..to.samples_in(2) {
                let (before, after) = (output[middle - distance], output[middle + distance]);
                assert!(before.abs_diff(after) <= 2, "{from} {to}: {before} {after}");
            }
        }
    }

    #[test]
    fn equal_rates_pass_samples_unchanged() {
        for &rate in SampleRate::ALL {
            let mut resampler = Resampler::new(rate, rate);
            let samples = [1, -1, i16::MAX, i16::MIN, 0];
            let output: Vec<i16> = resampler.feed(samples).collect();
            assert_eq!(output, samples);
            assert_eq!((resampler.delay(), resampler.finish().count()), (0, 0));
        }
    }

    #[test]
    fn state_is_as_small_as_described() {
        assert!(size_of::<Resampler>() <= 160, "{}", size_of::<Resampler>());
    }
}
