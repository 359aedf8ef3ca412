//! A recursive low-pass filter.

use core::num::Wrapping;

/// A third-order elliptic low-pass filter: half the sum of a first-order and a second-order all-pass filter.
///
/// This form needs one multiplication for each order, and its gain stays at most 1 with rounded coefficients.
#[derive(Clone, Debug)]
pub(super) struct LowPass {
    coefficients: Coefficients,
    /// Newest first.
    inputs: [Wrapping<i32>; 2],
    /// The last output of the first-order filter.
    first: Wrapping<i32>,
    /// The last outputs of the second-order filter, newest first.
    second: [Wrapping<i32>; 2],
}

/// First-order pole, linear and constant term of the second-order denominator, times 2^15.
pub(super) type Coefficients = [i32; 3];

/// Bits after the binary point. The 16 of a sample and two more for the gain of an all-pass filter's parts stay below 32.
const FRACTION: usize = 12;

impl LowPass {
    pub(super) fn new(coefficients: Coefficients) -> LowPass {
        LowPass {
            coefficients,
            inputs: [Wrapping(0); 2],
            first: Wrapping(0),
            second: [Wrapping(0); 2],
        }
    }

    /// Returns the filtered sample. A loud step overshoots 16 bits for a moment.
    pub(super) fn filter(&mut self, sample: i16) -> i32 {
        let [pole, linear, constant] = self.coefficients;
        let [last_input, earlier_input] = self.inputs;
        let [last, earlier] = self.second;
        let input = Wrapping(i32::from(sample)) << FRACTION;
        let first = last_input + scaled(self.first - input, pole);
        let second =
            earlier_input + scaled(last_input - last, linear) + scaled(input - earlier, constant);
        self.inputs = [input, last_input];
        self.first = first;
        self.second = [second, last];
        ((first + second) >> (FRACTION + 1)).0
    }
}

fn scaled(value: Wrapping<i32>, coefficient: i32) -> Wrapping<i32> {
    let product = Wrapping(i64::from(value.0)) * Wrapping(i64::from(coefficient));
    Wrapping((product >> 15).0 as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stable filter at 2 kHz that passes 190 Hz.
    const NARROW: Coefficients = [13_380, -37_460, 21_170];
    /// A stable filter at 192 kHz that passes 3,320 Hz, with the poles nearest to the unit circle.
    const SHARP: Coefficients = [29_592, -63_772, 31_452];

    #[test]
    fn constant_input_passes_unchanged() {
        for level in [i16::MIN, -1000, 1, i16::MAX] {
            let mut filter = LowPass::new(NARROW);
            let last = (0..200).map(|_| filter.filter(level)).last();
            let off = last.map_or(i32::MAX, |last| (last - i32::from(level)).abs());
            assert!(off <= 1, "{level}: {last:?}");
        }
    }

    #[test]
    fn extreme_steps_do_not_wrap_around() {
        // The blocks include half a period of the frequencies where the filters overshoot most.
        for (coefficients, block) in [NARROW, SHARP]
            .into_iter()
            .flat_map(|coefficients| (1..60).map(move |block| (coefficients, block)))
        {
            let mut filter = LowPass::new(coefficients);
            let outputs = (0..2000).map(|place| {
                let is_up = place / block % 2 == 0;
                filter.filter(if is_up { i16::MAX } else { i16::MIN }).abs()
            });
            let greatest = outputs.max().unwrap_or(0);
            assert!(
                greatest < 60_000,
                "{coefficients:?}, blocks of {block}: {greatest}"
            );
        }
    }
}
