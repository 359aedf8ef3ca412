//! The A-law.

/// Every other bit of a code is transmitted inverted.
const INVERTED: u8 = 0x55;

/// Returns the code of a sample.
pub(super) const fn encode(sample: i16) -> u8 {
    // The complement, because the negative of -32,768 needs a 16th bit. The upper 11 of 15 bits make the code.
    let magnitude = (if sample < 0 { !sample } else { sample }) as u16 >> 4;
    // Segments 0 and 1 have equal steps. The leading one is in bit 4 for segment 1 and in bit 10 for segment 7.
    let code = match (magnitude >> 4).checked_ilog2() {
        None => magnitude as u8,
        Some(shift) => {
            let step = magnitude.wrapping_shr(shift) as u8 & 0x0f;
            (shift.wrapping_add(1) << 4) as u8 | step
        }
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (sign | code) ^ INVERTED
}

/// Returns the sample of a code.
pub(super) const fn decode(code: u8) -> i16 {
    let bits = code ^ INVERTED;
    let step = (bits & 0x0f) as i16;
    // The middle of the step.
    let offset = step << 4 | 8;
    let segment = (bits >> 4 & 7) as u32;
    let magnitude = match segment.checked_sub(1) {
        None => offset,
        // At most 504, shifted by 6: below 2^15.
        Some(shift) => (offset | 0x100).wrapping_shl(shift),
    };
    if code < 0x80 {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}
