//! The u-law.

/// Added to a magnitude of 14 bits so that all segments are powers of two.
const BIAS: u16 = 33;

/// The bits of the step in a code. Those of the segment are above them.
const STEP_BITS: u32 = 4;

/// Returns the code of a sample.
pub(super) const fn encode(sample: i16) -> u8 {
    // The complement, because the negative of -32,768 needs a 16th bit. The upper 13 of 15 bits make the code.
    let magnitude = (if sample < 0 { !sample } else { sample }) as u16 >> 2;
    let biased = magnitude.saturating_add(BIAS);
    let biased = if biased > 0x1fff { 0x1fff } else { biased };
    // The leading one is in bit 5 for segment 0 and in bit 12 for segment 7.
    let segment = biased.ilog2().wrapping_sub(5);
    let step = biased.wrapping_shr(segment.wrapping_add(1)) as u8 & 0x0f;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (segment << STEP_BITS) as u8 | step)
}

/// Returns the sample of a code.
pub(super) const fn decode(code: u8) -> i16 {
    let bits = !code;
    let step = (bits & 0x0f) as i16;
    let segment = (bits >> STEP_BITS & 7) as u32;
    // At most 252, shifted by 7: below 2^15.
    let biased = (step << 3 | 0x84).wrapping_shl(segment);
    let magnitude = biased.wrapping_sub(0x84);
    if code < 0x80 {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}
