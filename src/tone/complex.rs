//! Complex samples.

use core::num::Wrapping;

use super::sine::{cosine, sine};

/// A sample with a real and an imaginary part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Complex {
    pub(super) real: i16,
    pub(super) imaginary: i16,
}

impl Complex {
    pub(super) fn real(self) -> Wrapping<i32> {
        Wrapping(self.real.into())
    }

    pub(super) fn imaginary(self) -> Wrapping<i32> {
        Wrapping(self.imaginary.into())
    }

    /// Returns the square of the magnitude, below 2^32.
    pub(super) fn power(self) -> i64 {
        self.turned_from(self).real.0
    }

    /// Returns the phase advance since an earlier sample: the product of this and its conjugate.
    pub(super) fn turned_from(self, earlier: Complex) -> Turn {
        let product = |a: i16, b: i16| Wrapping(i64::from((wide(a) * wide(b)).0));
        Turn {
            real: product(self.real, earlier.real) + product(self.imaginary, earlier.imaginary),
            imaginary: product(self.imaginary, earlier.real)
                - product(self.real, earlier.imaginary),
        }
    }
}

fn wide(part: i16) -> Wrapping<i32> {
    Wrapping(part.into())
}

/// An angle with a power as its weight: a product of samples, or a sum of such products.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    pub(super) real: Wrapping<i64>,
    pub(super) imaginary: Wrapping<i64>,
}

impl Turn {
    /// Returns the angle of a phase with the weight 32,767.
    pub(super) fn by(phase: Wrapping<u32>) -> Turn {
        Turn {
            real: Wrapping(cosine(phase).into()),
            imaginary: Wrapping(sine(phase).into()),
        }
    }

    /// Returns the weighted mean of both angles.
    pub(super) fn plus(self, other: Turn) -> Turn {
        Turn {
            real: self.real + other.real,
            imaginary: self.imaginary + other.imaginary,
        }
    }

    /// Returns the difference of both angles with the product of their weights.
    pub(super) fn minus(self, other: Turn) -> Turn {
        Turn {
            real: self.real * other.real + self.imaginary * other.imaginary,
            imaginary: self.imaginary * other.real - self.real * other.imaginary,
        }
    }

    /// Divides the weight by 2^`bits`.
    pub(super) fn lightened(self, bits: usize) -> Turn {
        Turn {
            real: self.real >> bits,
            imaginary: self.imaginary >> bits,
        }
    }

    /// Returns the tangent of the angle times 2^15. The angle must be below an eighth of a turn to either side.
    pub(super) fn tangent(self) -> i32 {
        let bits = i64::BITS.wrapping_sub(self.real.0.leading_zeros());
        // With 15 bits a division of 32 bits is enough.
        let Turn { real, imaginary } = self.lightened(bits.saturating_sub(15) as usize);
        let imaginary = Wrapping(imaginary.0 as i32) << 15;
        imaginary.0.checked_div(real.0 as i32).unwrap_or(0)
    }

    /// Returns whether the angle is at most that of `phase` to either side.
    ///
    /// The phase must be below a quarter of a turn, and the weight below 2^48.
    pub(super) fn is_within(self, phase: Wrapping<u32>) -> bool {
        let limit = Turn::by(phase);
        let distance = Wrapping(self.imaginary.0.wrapping_abs());
        self.real.0 > 0 && distance * limit.real <= self.real * limit.imaginary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A phase in degrees.
    fn degrees(degrees: f64) -> Wrapping<u32> {
        Wrapping((degrees / 360.0 * 4_294_967_296.0) as i64 as u32)
    }

    #[test]
    fn turn_is_the_angle_between_two_samples() {
        let at = |angle: f64, magnitude: f64| Complex {
            real: (magnitude * angle.to_radians().cos()).round() as i16,
            imaginary: (magnitude * angle.to_radians().sin()).round() as i16,
        };
        for magnitude in [450.0, 32_767.0] {
            for from in [0.0, 77.0, 200.0] {
                for between in [-170.0, -90.0, -3.0, 0.0, 3.0, 90.0, 170.0] {
                    let turn = at(from + between, magnitude).turned_from(at(from, magnitude));
                    let rest = turn.minus(Turn::by(degrees(between))).lightened(15);
                    assert!(rest.is_within(degrees(0.3)), "{between} degrees: {rest:?}");
                    let limit = degrees(2.0);
                    assert!(
                        !rest
                            .minus(Turn::by(degrees(2.5)))
                            .lightened(15)
                            .is_within(limit)
                    );
                    assert!(
                        !rest
                            .minus(Turn::by(degrees(-2.5)))
                            .lightened(15)
                            .is_within(limit)
                    );
                    assert!(
                        !rest
                            .minus(Turn::by(degrees(180.0)))
                            .lightened(15)
                            .is_within(limit)
                    );
                }
            }
        }
    }

    #[test]
    fn power_is_the_square_of_the_magnitude() {
        let lowest = Complex {
            real: i16::MIN,
            imaginary: i16::MIN,
        };
        assert_eq!(lowest.power(), 1 << 31);
        assert_eq!(
            Complex {
                real: 3,
                imaginary: -4
            }
            .power(),
            25
        );
    }

    #[test]
    fn tangent_is_right_at_any_weight() {
        for weight in [1.0, 100.0, 3e9, 2e14_f64] {
            for angle in [-40.0, -5.0, 0.0, 1.0, 20.0, 44.0_f64] {
                let (sine, cosine) = angle.to_radians().sin_cos();
                let turn = Turn {
                    real: Wrapping((32_768.0 * weight * cosine) as i64),
                    imaginary: Wrapping((32_768.0 * weight * sine) as i64),
                };
                let off = f64::from(turn.tangent()) - 32_768.0 * angle.to_radians().tan();
                assert!(off.abs() < 6.0, "{angle} degrees, {weight}: {off} off");
            }
        }
        assert_eq!(Turn::default().tangent(), 0);
    }

    #[test]
    fn zero_is_within_no_angle() {
        assert!(!Turn::default().is_within(degrees(89.0)));
    }
}
