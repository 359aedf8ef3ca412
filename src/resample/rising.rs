//! From a lower rate to a higher one.

use super::kernel::{EARLY, Row, TAPS};
use super::position::Position;

/// The filter going up: makes each output sample from the last [`TAPS`] input samples.
#[derive(Clone, Debug)]
pub(super) struct Rising {
    position: Position,
    /// Each sample twice, [`TAPS`] apart. So the last [`TAPS`] samples are always contiguous, from `oldest`.
    recent: [i16; 2 * TAPS],
    /// Below [`TAPS`].
    oldest: usize,
    /// Whether an output sample lies before the next input sample.
    is_due: bool,
}

impl Rising {
    /// Returns a filter for rates in hundreds of hertz.
    pub(super) const fn new(from: u32, to: u32) -> Rising {
        // With this start, the output sample number `delay` is exactly at the first input sample.
        let start = match half_of(to).checked_rem(from) {
            Some(start) => start,
            None => 0,
        };
        Rising {
            position: Position::new(from, to, start),
            recent: [0; 2 * TAPS],
            oldest: 0,
            is_due: false,
        }
    }

    /// Returns the delay in output samples.
    pub(super) const fn delay(from: u32, to: u32) -> usize {
        match half_of(to).checked_div(from) {
            Some(delay) => delay as usize,
            None => 0,
        }
    }

    /// Adds the next input sample. The output samples before it must have been pulled.
    pub(super) fn push(&mut self, sample: i16) {
        let (first, second) = self.recent.split_at_mut(TAPS);
        if let (Some(first), Some(second)) =
            (first.get_mut(self.oldest), second.get_mut(self.oldest))
        {
            (*first, *second) = (sample, sample);
        }
        self.oldest = self.oldest.wrapping_add(1);
        if self.oldest >= TAPS {
            self.oldest = 0;
        }
        self.is_due = true;
    }

    /// Returns the next output sample before the next input sample.
    pub(super) fn pull(&mut self) -> Option<i16> {
        if !self.is_due {
            return None;
        }
        let mut room = None;
        let row = Row::at(&self.position, &mut room);
        self.is_due = !self.position.advance();
        let recent = self.recent.get(self.oldest..).unwrap_or(&[]);
        let recent = recent.first_chunk::<TAPS>()?;
        let (old, new) = recent.split_at(EARLY);
        // Each of the two sums stays in 31 bits. Their total may not.
        let (early, late) = if row.is_mirrored {
            let (late, early) = row.taps.split_at(TAPS - EARLY);
            let early = sum_of_products(old, early.iter().rev());
            (early, sum_of_products(new, late.iter().rev()))
        } else {
            let (early, late) = row.taps.split_at(EARLY);
            let early = sum_of_products(old, early.iter());
            (early, sum_of_products(new, late.iter()))
        };
        let sum = early.saturating_add(late);
        let rounded = sum.saturating_add(1 << 14) >> 15;
        Some(rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    }
}

/// Returns half of the filter's length in samples of the higher rate, times the lower rate.
const fn half_of(higher: u32) -> u32 {
    // At most 1,920 times 14.
    higher.wrapping_mul(TAPS as u32 / 2)
}

fn sum_of_products<'t>(samples: &[i16], taps: impl Iterator<Item = &'t i16>) -> i32 {
    let pairs = samples.iter().zip(taps);
    pairs.fold(0, |sum: i32, (sample, tap)| {
        sum.wrapping_add(i32::from(*sample).wrapping_mul(i32::from(*tap)))
    })
}
