//! Exact positions of samples of one rate between those of another.

use super::kernel::PHASES;

/// The position of a sample of the higher rate between two of the lower rate: an exact fraction.
///
/// It is `(phase + rest / higher) / PHASES` of the distance between the two.
#[derive(Clone, Debug)]
pub(super) struct Position {
    /// Below [`PHASES`].
    phase: u32,
    /// Below `higher`.
    rest: u32,
    phase_step: u32,
    rest_step: u32,
    /// The higher rate in hundreds of hertz.
    higher: u32,
    /// 2^31 / `higher`.
    reciprocal: u32,
}

impl Position {
    /// Returns a position that starts `start / higher` after a sample. The rates are in hundreds of hertz.
    pub(super) const fn new(lower: u32, higher: u32, start: u32) -> Position {
        let (phase, rest) = Position::split(start, higher);
        let (phase_step, rest_step) = Position::split(lower, higher);
        Position {
            phase,
            rest,
            phase_step,
            rest_step,
            higher,
            reciprocal: match (1_u32 << 31).checked_div(higher) {
                Some(reciprocal) => reciprocal,
                None => 0,
            },
        }
    }

    /// Returns `part / higher` as a phase and a rest.
    const fn split(part: u32, higher: u32) -> (u32, u32) {
        // At most 1,920 times 48.
        let steps = part.wrapping_mul(PHASES);
        match (steps.checked_div(higher), steps.checked_rem(higher)) {
            (Some(phase), Some(rest)) => (phase, rest),
            _ => (0, 0),
        }
    }

    /// Advances by one sample of the higher rate and returns whether that reaches or passes one of the lower rate.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        self.phase = self.phase.wrapping_add(self.phase_step);
        self.rest = self.rest.wrapping_add(self.rest_step);
        if self.rest >= self.higher {
            self.rest = self.rest.wrapping_sub(self.higher);
            self.phase = self.phase.wrapping_add(1);
        }
        let passes = self.phase >= PHASES;
        if passes {
            self.phase = self.phase.wrapping_sub(PHASES);
        }
        passes
    }

    /// Returns the phase, and the weight of the next phase in an interpolation; 32,768 is 1.
    #[inline]
    pub(super) fn phase_and_weight(&self) -> (u32, i32) {
        let weight = self.rest.wrapping_mul(self.reciprocal) >> 16;
        (self.phase, weight as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::SampleRate;

    #[test]
    fn position_is_exact_at_every_sample() {
        for lower in SampleRate::ALL.iter().map(|rate| rate.hz() / 100) {
            for higher in SampleRate::ALL.iter().map(|rate| rate.hz() / 100) {
                if lower >= higher {
                    continue;
                }
                let mut position = Position::new(lower, higher, lower / 3);
                let mut passed = 0;
                // After 20 ms it is where it started, so after an hour it is, too.
                for count in 0..=2 * higher {
                    let exact = lower / 3 + count * lower;
                    assert_eq!(passed, exact / higher, "{count} of {lower} in {higher}");
                    let steps = exact % higher * PHASES;
                    assert_eq!(position.phase, steps / higher);
                    assert_eq!(position.rest, steps % higher);
                    let (phase, weight) = position.phase_and_weight();
                    let way = f64::from(position.rest) / f64::from(higher);
                    assert_eq!(phase, position.phase);
                    assert!((f64::from(weight) / 32_768.0 - way).abs() < 1e-4);
                    assert!(weight < 32_768);
                    passed += u32::from(position.advance());
                }
            }
        }
    }
}
