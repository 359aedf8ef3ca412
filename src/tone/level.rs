//! Levels in dBm0 as peaks of 16-bit samples.

/// The peak of a sine of 0 dBm0: 3.14 dB below the largest that 16 bits can hold, 32,768 (ITU-T G.711, A-law).
///
/// With the u-law (+3.17 dBm0, a peak of 32,636 in 16 bits), it would be 22,657, which is only 0.06 dB less.
pub(super) const PEAK_AT_0_DBM0: i32 = 22_827;

/// Returns the peak of a sine of this level, from -70 to +3 dBm0.
pub(super) fn peak(dbm0: i8) -> i32 {
    let dbm0 = dbm0.clamp(-70, 3);
    // The amplitude ratio of -1 or +1 dB, times 2^16.
    let (decibel, count) = if dbm0 < 0 {
        (58_409, dbm0.unsigned_abs())
    } else {
        (73_533, dbm0.unsigned_abs())
    };
    let peak = repeat(PEAK_AT_0_DBM0 as u64, decibel, count);
    peak as i32
}

/// Returns the ratio of powers times 256 for up to 30 decibels.
pub(super) fn power_ratio(decibels: u8) -> u32 {
    repeat(256, 82_505, decibels.min(30)) as u32
}

/// Multiplies `value` `count` times by `factor / 2^16`. The callers' values keep every product within 64 bits.
fn repeat(value: u64, factor: u64, count: u8) -> u64 {
    let product = (0..count).fold(value << 16, |value, _| value.wrapping_mul(factor) >> 16);
    product.wrapping_add(1 << 15) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::approx_constant, reason = "decibels")]
    const FULL_SCALE_DBM0: f64 = 3.14;

    #[test]
    fn peaks_are_right_to_3_hundredths_of_a_decibel() {
        for dbm0 in -40..=3 {
            let exact = 32_768.0 * 10_f64.powf((f64::from(dbm0) - FULL_SCALE_DBM0) / 20.0);
            let off = 20.0 * (f64::from(peak(dbm0)) / exact).log10();
            assert!(off.abs() < 0.03, "{dbm0} dBm0: {off} dB off");
        }
        assert_eq!(
            (peak(0), peak(-128), peak(127)),
            (PEAK_AT_0_DBM0, peak(-70), peak(3))
        );
    }

    #[test]
    fn power_ratios_are_right_to_half_a_percent() {
        for decibels in 0..=30 {
            let exact = 256.0 * 10_f64.powf(f64::from(decibels) / 10.0);
            assert!((f64::from(power_ratio(decibels)) / exact - 1.0).abs() < 0.005);
        }
        assert_eq!(power_ratio(255), power_ratio(30));
    }
}
