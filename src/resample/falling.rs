//! From a higher rate to a lower one.

use super::kernel::{Row, TAPS};
use super::position::Position;

/// The filter going down: adds each input sample to the [`TAPS`] output samples that it affects.
#[derive(Clone, Debug)]
pub(super) struct Falling {
    position: Position,
    /// The unfinished output samples, earliest first, times 2^15 / 2^`shift`.
    sums: [i32; TAPS],
    /// The right shift of the products, so that the sums stay in 31 bits.
    shift: u32,
    /// The factor that makes a sum a sample; 2^35 is 1.
    gain: i32,
}

impl Falling {
    /// Returns a filter for rates in hundreds of hertz.
    pub(super) const fn new(from: u32, to: u32) -> Falling {
        // The magnitudes of the taps that make one output sample add up to less than 2.4 times the ratio of the rates.
        let magnitudes = from.wrapping_mul(12).checked_div(to.wrapping_mul(5));
        let shift = match magnitudes {
            Some(magnitudes @ 1..) => magnitudes.ilog2(),
            _ => 0,
        };
        // The rate is below 2^11.
        let gain = match to.wrapping_shl(20).checked_div(from) {
            Some(gain) => gain.wrapping_shl(shift) as i32,
            None => 0,
        };
        Falling {
            position: Position::new(to, from, 0),
            sums: [0; TAPS],
            shift,
            gain,
        }
    }

    /// Returns the delay in output samples: a sample is complete when the input passes the end of its filter.
    pub(super) const fn delay() -> usize {
        TAPS / 2 - 1
    }

    /// Adds an input sample and returns the output sample that it completes, if any.
    pub(super) fn take(&mut self, sample: i16) -> Option<i16> {
        let mut room = None;
        let row = Row::at(&self.position, &mut room);
        if row.is_mirrored {
            self.add(sample, row.taps.iter().rev());
        } else {
            self.add(sample, row.taps.iter());
        }
        if !self.position.advance() {
            return None;
        }
        let [whole, ..] = self.sums;
        self.sums.copy_within(1.., 0);
        if let Some(last) = self.sums.last_mut() {
            *last = 0;
        }
        let scaled = i64::from(whole).wrapping_mul(i64::from(self.gain));
        let rounded = scaled.wrapping_add(1 << 34) >> 35;
        Some(rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    }

    fn add<'t>(&mut self, sample: i16, taps: impl Iterator<Item = &'t i16>) {
        for (sum, tap) in self.sums.iter_mut().zip(taps) {
            let product = i32::from(sample).wrapping_mul(i32::from(*tap));
            *sum = sum.wrapping_add(product.wrapping_shr(self.shift));
        }
    }
}
