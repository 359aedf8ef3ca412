//! The two groups of four frequencies (ITU-T Q.23). A digit has one of each.

use crate::wire::Digit;

/// A group of four frequencies, with the detector's parameters for it.
#[derive(Debug)]
pub(super) struct Group {
    /// In the order of the keypad's rows or columns.
    pub(super) hertz: [u16; 4],
    /// The frequency that the detector moves to zero: the middle of the group, extended by 2.5 % on both sides.
    pub(super) centre: u16,
    /// The filter after the mixer.
    pub(super) taps: Taps,
    /// The ticks of 1 ms over which the detector measures a phase advance. A longer lag would be ambiguous in this group.
    pub(super) lag: usize,
}

/// Half of a symmetric filter at 2 kHz, from the middle outwards, times 2^14.
///
/// It has the least ripple together with the decimation. Frequencies within 2.5 % of the group's pass within 0.3 dB; those within
/// 2.5 % of the other group's are at least 41 dB lower.
pub(super) type Taps = [i16; 9];

/// The rows.
pub(super) static LOW: Group = Group {
    hertz: [697, 770, 852, 941],
    centre: 822,
    taps: [3984, 3562, 2478, 1174, 116, -443, -507, -362, -65],
    lag: 2,
};

/// The columns.
pub(super) static HIGH: Group = Group {
    hertz: [1209, 1336, 1477, 1633],
    centre: 1426,
    taps: [5885, 4715, 2007, -298, -1115, -587, 116, 417, 222],
    lag: 1,
};

/// Returns the low and the high frequency of a digit in hertz.
pub(super) fn pair(digit: Digit) -> (u16, u16) {
    let (row, column) = key_of(digit);
    let entry = |group: &Group, index: usize| group.hertz.get(index).copied().unwrap_or(0);
    (entry(&LOW, row), entry(&HIGH, column))
}

/// Returns the row and the column of a digit's key.
pub(super) fn key_of(digit: Digit) -> (usize, usize) {
    let place = Digit::ALL.iter().position(|key| *key == digit);
    let place = place.unwrap_or(0);
    (place / 4, place % 4)
}

/// Returns the digit in this row and column.
pub(super) fn digit_at(row: usize, column: usize) -> Option<Digit> {
    Digit::ALL
        .get(row.wrapping_mul(4).wrapping_add(column))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_of_q23() {
        let of = |digit: char| pair(Digit::try_from(digit).unwrap());
        assert_eq!(of('1'), (697, 1209));
        assert_eq!(of('5'), (770, 1336));
        assert_eq!(of('9'), (852, 1477));
        assert_eq!(of('*'), (941, 1209));
        assert_eq!(of('0'), (941, 1336));
        assert_eq!(of('#'), (941, 1477));
        assert_eq!(of('A'), (697, 1633));
        assert_eq!(of('D'), (941, 1633));
        for (row, low) in LOW.hertz.into_iter().enumerate() {
            for (column, high) in HIGH.hertz.into_iter().enumerate() {
                let digit = digit_at(row, column).unwrap();
                assert_eq!((pair(digit), key_of(digit)), ((low, high), (row, column)));
            }
        }
    }
}
