//! A recursive low-pass filter.

use core::num::Wrapping;

/// A third-order elliptic low-pass filter: half the sum of a first-order and a second-order all-pass filter.
///
/// This form needs one multiplication for each order, and rounded coefficients cannot raise its gain above 1.
#[derive(Clone, Debug)]
pub(super) struct LowPass {
    coefficients: Coefficients,
    input: [Wrapping<i32>; 2],
    first: Wrapping<i32>,
    second: [Wrapping<i32>; 2],
}

/// The coefficients of both all-pass filters, times 2^15: the pole of the first; of the second `z` and then `1` in its denominator.
pub(super) type Coefficients = [i32; 3];

/// Bits after the binary point inside the filter. A sample has 15 bits before it, and the all-pass filters less than two more.
const FRACTION: usize = 12;

impl LowPass {
    pub(super) fn new(coefficients: Coefficients) -> LowPass {
        LowPass {
            coefficients,
            input: [Wrapping(0); 2],
            first: Wrapping(0),
            second: [Wrapping(0); 2],
        }
    }

    /// Filters a sample. The result can exceed 16 bits for a moment, but not 17.
    pub(super) fn filter(&mut self, sample: i16) -> i32 {
        let [pole, linear, constant] = self.coefficients;
        let input = Wrapping(i32::from(sample)) << FRACTION;
        let [before, earlier] = self.input;
        let first = before + scaled(self.first - input, pole);
        let [last, second_last] = self.second;
        let second = earlier + scaled(before - last, linear) + scaled(input - second_last, constant);
        self.input = [input, before];
        self.first = first;
        self.second = [second, last];
        ((first + second) >> (FRACTION.wrapping_add(1))).0
    }
}

fn scaled(value: Wrapping<i32>, coefficient: i32) -> Wrapping<i32> {
    let product = Wrapping(i64::from(value.0)) * Wrapping(i64::from(coefficient));
    Wrapping((product >> 15).0 as i32)
}
