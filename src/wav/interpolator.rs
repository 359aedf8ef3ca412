//! Audio of one rate at another.

use std::collections::VecDeque;

/// Brings samples from one rate to another by linear interpolation: good enough to listen to. What lies above half the lower rate
/// folds down into it.
///
/// It knows by a whole number where it is between two samples, so frames join without a click, and no rate drifts from another:
/// of `n` samples come `n * to / from`, rounded up. What comes out is one sample of the input late.
#[derive(Clone, Debug)]
pub(super) struct Interpolator {
    from: u32,
    to: u32,
    /// How far the next sample to come out lies behind `last`, where `to` is the distance between two samples of the input.
    phase: u32,
    last: i16,
}

impl Interpolator {
    /// An interpolator between two rates in hertz, which goes on from a sample that was there before.
    pub(super) const fn new(from: u32, to: u32, last: i16) -> Interpolator {
        Interpolator {
            from,
            to,
            phase: 0,
            last,
        }
    }

    /// The rate of what goes in, in hertz.
    pub(super) const fn from(&self) -> u32 {
        self.from
    }

    /// Takes one sample in, and puts those that are due behind `out`.
    pub(super) fn push(&mut self, sample: i16, out: &mut VecDeque<i16>) {
        while self.phase < self.to {
            out.push_back(self.between(sample));
            self.phase = self.phase.saturating_add(self.from);
        }
        self.phase = self.phase.saturating_sub(self.to);
        self.last = sample;
    }

    /// The value at `phase` on the line from `last` to `next`.
    fn between(&self, next: i16) -> i16 {
        let (last, next) = (i64::from(self.last), i64::from(next));
        // Within 17 bits for the distance and 18 for the phase.
        let way = next
            .saturating_sub(last)
            .saturating_mul(i64::from(self.phase));
        let way = way.checked_div(i64::from(self.to)).unwrap_or(0);
        // Between two 16-bit numbers, so one itself.
        last.saturating_add(way) as i16
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::wire::SampleRate;

    fn through(
        interpolator: &mut Interpolator,
        samples: impl IntoIterator<Item = i16>,
    ) -> Vec<i16> {
        let mut out = VecDeque::new();
        for sample in samples {
            interpolator.push(sample, &mut out);
        }
        out.into()
    }

    #[test]
    fn lines_stay_lines() {
        let mut up = Interpolator::new(8_000, 16_000, 0);
        assert_eq!(
            through(&mut up, [10, 20, -20, -32_768, 32_767]),
            [0, 5, 10, 15, 20, 0, -20, -16_394, -32_768, -1]
        );
        let mut down = Interpolator::new(16_000, 8_000, 7);
        assert_eq!(through(&mut down, [1, 2, 3, 4, 5]), [7, 2, 4]);
        let mut odd = Interpolator::new(12_000, 8_000, 0);
        assert_eq!(through(&mut odd, [2, 4, 6, 8, 10, 12]), [0, 3, 6, 9]);
    }

    #[test]
    fn no_rate_drifts_from_another() {
        for &from in SampleRate::ALL {
            for &to in SampleRate::ALL {
                let (from, to) = (from.hz() as usize, to.hz() as usize);
                let mut interpolator = Interpolator::new(from as u32, to as u32, 0);
                let mut out = 0;
                for count in 1..3 * from / 100 + 5 {
                    out += through(&mut interpolator, [0]).len();
                    assert_eq!(
                        out,
                        (count * to).div_ceil(from),
                        "{count} from {from} to {to}"
                    );
                }
                // A hundredth of a second is a whole number of samples at every rate: there it is where it began, and so it
                // is after an hour.
                let mut interpolator = Interpolator::new(from as u32, to as u32, 0);
                through(&mut interpolator, (0..from / 100).map(|_| 0));
                assert_eq!(interpolator.phase, 0, "from {from} to {to}");
            }
        }
    }

    #[test]
    fn no_step_is_larger_than_the_lines() {
        let mut interpolator = Interpolator::new(44_100, 48_000, 0);
        let input: Vec<i16> = (0..4410_i32)
            .map(|place| (place * 89 % 997 * 60 - 29_000) as i16)
            .collect();
        let mut so_far = Vec::new();
        for frame in input.chunks(441) {
            so_far.extend(through(&mut interpolator, frame.iter().copied()));
        }
        let steepest = |samples: &[i16]| {
            samples
                .windows(2)
                .map(|pair| i32::from(pair[1]).abs_diff(i32::from(pair[0])))
                .max()
        };
        assert!(steepest(&so_far[2..]) <= steepest(&input));
        let mut whole = Interpolator::new(44_100, 48_000, 0);
        assert_eq!(through(&mut whole, input), so_far);
    }
}
