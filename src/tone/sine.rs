//! Sines in integers.

use core::num::Wrapping;

use crate::wire::SampleRate;

/// Returns the sine of a phase times 32,767, within 3. A turn is 2^32.
pub(super) fn sine(phase: Wrapping<u32>) -> i32 {
    let rising = if phase.0 & QUARTER_TURN == 0 {
        phase.0
    } else {
        !phase.0
    };
    let index = (rising >> 24 & 0x3f) as usize;
    let between = Wrapping((rising >> 9 & 0x7fff) as i32);
    let entry = |index| Wrapping(QUARTER.get(index).copied().map_or(0, i32::from));
    let (from, to) = (entry(index), entry(index.wrapping_add(1)));
    let sine = from + (((to - from) * between + Wrapping(0x4000)) >> 15);
    if phase.0 & HALF_TURN == 0 {
        sine.0
    } else {
        (Wrapping(0) - sine).0
    }
}

/// Returns the cosine of a phase times 32,767, within 3. A turn is 2^32.
pub(super) fn cosine(phase: Wrapping<u32>) -> i32 {
    sine(phase + Wrapping(QUARTER_TURN))
}

/// Returns the phase advance of a tone from sample to sample: `hertz * 2^32 / rate`, rounded down.
///
/// Divides only 32 bits by 32, because small processors have an instruction for that.
pub(super) fn phase_step(hertz: u16, rate: SampleRate) -> Wrapping<u32> {
    let hertz = Wrapping(u32::from(hertz));
    let divide = |dividend: u32| dividend.checked_div(rate.hz()).unwrap_or(0);
    // 2^32 = turn * rate + rest. No rate divides 2^32, so the quotient of 2^32 - 1 is the same.
    let turn = Wrapping(divide(u32::MAX));
    let rest = Wrapping(0) - turn * Wrapping(rate.hz());
    // At most 1,700 times 192,000, which 32 bits hold.
    hertz * turn + Wrapping(divide((hertz * rest).0))
}

const HALF_TURN: u32 = 1 << 31;
const QUARTER_TURN: u32 = 1 << 30;

/// The sine of a quarter turn in 64 steps; the code interpolates between them.
#[rustfmt::skip]
const QUARTER: [i16; 65] = [
    0, 804, 1608, 2410, 3212, 4011, 4808, 5602, 6393, 7179, 7962, 8739, 9512, 10278, 11039, 11793,
    12539, 13279, 14010, 14732, 15446, 16151, 16846, 17530, 18204, 18868, 19519, 20159, 20787, 21403, 22005, 22594,
    23170, 23731, 24279, 24811, 25329, 25832, 26319, 26790, 27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956,
    30273, 30571, 30852, 31113, 31356, 31580, 31785, 31971, 32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757,
    32767,
];

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const TURN: f64 = 4_294_967_296.0;

    #[test]
    fn sines_agree_with_floating_point() {
        for phase in (0..=u32::MAX).step_by(65_521) {
            let angle = f64::from(phase) / TURN * TAU;
            let off = |value: i32, exact: f64| (f64::from(value) - exact * 32_767.0).abs();
            assert!(off(sine(Wrapping(phase)), angle.sin()) < 4.0, "{phase}");
            assert!(off(cosine(Wrapping(phase)), angle.cos()) < 4.0, "{phase}");
        }
        let at = |phase| sine(Wrapping(phase));
        assert_eq!(
            [at(0), at(1 << 30), at(1 << 31), at(3 << 30)],
            [0, 32_767, 0, -32_767]
        );
    }

    #[test]
    fn phase_step_is_rounded_down() {
        for &rate in SampleRate::ALL {
            for hertz in [1, 697, 1209, 1633, 1700] {
                let exact = (u64::from(hertz) << 32) / u64::from(rate.hz());
                assert_eq!(
                    u64::from(phase_step(hertz, rate).0),
                    exact,
                    "{hertz} at {rate}"
                );
            }
        }
    }
}
