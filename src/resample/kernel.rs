//! The filter: a sinc with a Kaiser window.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the compiler evaluates most of this file, and rejects an overflow or a wrong index"
)]

use super::position::Position;

/// The length of the filter in samples of the lower rate.
pub(super) const TAPS: usize = 28;

/// The number of positions between two samples in the table. Pairs without 44.1 kHz need no others.
pub(super) const PHASES: u32 = 48;

/// The number of taps in the first of two sums. In each sum, the magnitudes of the taps add up to less than 2^16. Both lengths
/// are multiples of 4, so that compilers can use a processor's vectors.
pub(super) const EARLY: usize = 16;

/// The filter's values for the samples around a position, earliest sample first; 32,768 is 1.
pub(super) type Taps = [i16; TAPS];

/// The frequency with half of the amplitude, as a fraction of the lower rate.
const CUTOFF: f64 = 0.4925;
/// The shape of the window. A larger value makes the stop band deeper and the transition wider.
const BETA: f64 = 7.6;

/// The filter's values by phase, from 0 to the middle. A phase after the middle uses the mirrored row of `PHASES - phase`.
static ROWS: [Taps; PHASES as usize / 2 + 1] = rows();

/// The taps at a position.
pub(super) struct Row<'a> {
    pub(super) taps: &'a Taps,
    /// Whether the taps apply in reverse order.
    pub(super) is_mirrored: bool,
}

impl<'a> Row<'a> {
    /// Finds the taps in the table, or interpolates them into `room`.
    #[inline]
    pub(super) fn at(position: &Position, room: &'a mut Option<Taps>) -> Row<'a> {
        let (phase, weight) = position.phase_and_weight();
        // The middle row equals its mirror image, so two neighbouring rows never differ in direction.
        let is_mirrored = phase >= PHASES / 2;
        let (here, next) = if is_mirrored {
            let here = PHASES.wrapping_sub(phase);
            (here, here.wrapping_sub(1))
        } else {
            (phase, phase.wrapping_add(1))
        };
        let taps = if weight == 0 {
            stored(here)
        } else {
            room.insert(between(stored(here), stored(next), weight))
        };
        Row { taps, is_mirrored }
    }
}

/// Interpolates between two rows; a `weight` of 32,768 would be the next row.
fn between(row: &Taps, next: &Taps, weight: i32) -> Taps {
    let mut taps = *row;
    for (tap, next) in taps.iter_mut().zip(next) {
        let (from, to) = (i32::from(*tap), i32::from(*next));
        // Taps differ by less than 2^15 and the weight is below 2^15.
        let way = to.wrapping_sub(from).wrapping_mul(weight);
        *tap = from.wrapping_add(way.wrapping_add(1 << 14) >> 15) as i16;
    }
    taps
}

#[inline]
fn stored(row: u32) -> &'static Taps {
    ROWS.get(row as usize).unwrap_or(&ROWS[0])
}

// The taps of each sum stay below 2^16 with room for interpolation, which rounds each tap by at most a half more.
const _: () = {
    let mut phase = 0;
    while phase < ROWS.len() {
        let (mut first, mut last) = (TAPS as u32, TAPS as u32);
        let mut tap = 0;
        while tap < EARLY {
            first += ROWS[phase][tap].unsigned_abs() as u32;
            // The mirrored row.
            last += ROWS[phase][TAPS - 1 - tap].unsigned_abs() as u32;
            tap += 1;
        }
        assert!(first < 1 << 16 && last < 1 << 16);
        phase += 1;
    }
};

const fn rows() -> [Taps; PHASES as usize / 2 + 1] {
    let mut rows = [[0; TAPS]; PHASES as usize / 2 + 1];
    let mut phase = 0;
    while phase < rows.len() {
        let mut tap = 0;
        while tap < TAPS {
            let distance = phase as f64 / PHASES as f64 + (TAPS / 2 - 1) as f64 - tap as f64;
            rows[phase][tap] = rounded(filter(distance) * 32_768.0);
            tap += 1;
        }
        phase += 1;
    }
    rows
}

/// Returns the filter's value at a distance in samples of the lower rate.
pub(super) const fn filter(distance: f64) -> f64 {
    let place = distance / (TAPS / 2) as f64;
    2.0 * CUTOFF * sinc(2.0 * CUTOFF * distance) * kaiser(1.0 - place * place)
}

/// Returns sin(pi x) / (pi x).
const fn sinc(x: f64) -> f64 {
    let whole = rounded(x);
    let angle = (x - whole as f64) * core::f64::consts::PI;
    // The series of sin(angle), with the angle within a quarter of a turn.
    let (mut term, mut sum, mut k) = (angle, 0.0, 1.0);
    while k < 30.0 {
        sum += term;
        term *= -angle * angle / ((k + 1.0) * (k + 2.0));
        k += 2.0;
    }
    let sine = if whole % 2 == 0 { sum } else { -sum };
    if x == 0.0 {
        1.0
    } else {
        sine / (x * core::f64::consts::PI)
    }
}

/// Returns the window's value I0(BETA sqrt(x)) / I0(BETA), with `x` as 1 minus the square of the place from -1 to 1.
const fn kaiser(x: f64) -> f64 {
    bessel(BETA * BETA * x) / bessel(BETA * BETA)
}

/// Returns I0, the modified Bessel function of order 0, at the root of `square`, by its series.
const fn bessel(square: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 0.0, 1.0);
    while k < 40.0 {
        sum += term;
        term *= square / (4.0 * k * k);
        k += 1.0;
    }
    sum
}

const fn rounded(x: f64) -> i16 {
    if x < 0.0 {
        (x - 0.5) as i16
    } else {
        (x + 0.5) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_formula_of_the_float_unit() {
        let series = |square: f64| {
            (0..60).fold((1.0, 0.0), |(term, sum), k: i32| {
                (term * square / 4.0 / f64::from(k + 1).powi(2), sum + term)
            })
        };
        for phase in 0..PHASES {
            // The position of a rate that is PHASES times as high as the other.
            let mut room = None;
            let row = Row::at(&Position::new(1, PHASES, phase), &mut room);
            let mut taps = *row.taps;
            if row.is_mirrored {
                taps.reverse();
            }
            for (place, tap) in taps.into_iter().enumerate() {
                let distance = f64::from(phase) / f64::from(PHASES) + 13.0 - place as f64;
                let x = 2.0 * CUTOFF * distance * core::f64::consts::PI;
                let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
                let square = BETA * BETA * (1.0 - (distance / 14.0).powi(2));
                let window = series(square).1 / series(BETA * BETA).1;
                let exact = 2.0 * CUTOFF * sinc * window * 32_768.0;
                assert!((f64::from(tap) - exact).abs() < 0.501, "{phase} {place}");
            }
        }
    }
}
