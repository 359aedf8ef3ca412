//! One of the two laws of G.711.

use super::{a_law, mu_law};
use crate::wire::BufferTooShort;

/// A law of G.711: a code of 8 bits for each sample.
///
/// ```
/// use audiosocket::g711::Law;
///
/// assert_eq!(Law::Mu.encode(0), 0xff);
/// assert_eq!(Law::A.encode(0), 0xd5);
/// assert_eq!(Law::A.decode(Law::A.encode(-1000)), -1008);
/// ```
#[doc(alias = "ulaw")]
#[doc(alias = "alaw")]
#[doc(alias = "PCMU")]
#[doc(alias = "PCMA")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
// Exhaustive on purpose: G.711 has two laws.
#[allow(clippy::exhaustive_enums)]
pub enum Law {
    /// The u-law of North America and Japan; `ulaw` in Asterisk, `PCMU` in SIP. Its samples have 14 bits.
    Mu,
    /// The A-law of the rest of the world; `alaw` in Asterisk, `PCMA` in SIP. Its samples have 13 bits.
    A,
}

impl Law {
    /// Returns the code of a linear sample.
    #[inline]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => mu_law::encode(sample),
            Law::A => a_law::encode(sample),
        }
    }

    /// Returns the linear sample of a code: the middle of the interval that has this code.
    ///
    /// It is between -32,124 and 32,124 for the u-law, and between -32,256 and 32,256 for the A-law.
    #[inline]
    pub const fn decode(self, code: u8) -> i16 {
        match self {
            Law::Mu => mu_law::decode(code),
            Law::A => a_law::decode(code),
        }
    }

    /// Encodes samples to the start of `codes` and returns that part.
    ///
    /// # Errors
    ///
    /// [`BufferTooShort`] if `codes` is shorter than `samples`. Nothing is written then.
    pub fn encode_slice<'b>(
        self,
        samples: &[i16],
        codes: &'b mut [u8],
    ) -> Result<&'b mut [u8], BufferTooShort> {
        let error = BufferTooShort::new(samples.len(), codes.len());
        let codes = codes.get_mut(..samples.len()).ok_or(error)?;
        for (code, sample) in codes.iter_mut().zip(samples) {
            *code = self.encode(*sample);
        }
        Ok(codes)
    }

    /// Decodes codes to the start of `samples` and returns that part.
    ///
    /// # Errors
    ///
    /// [`BufferTooShort`] if `samples` is shorter than `codes`. Nothing is written then. The lengths in the error are in bytes,
    /// two for each sample.
    pub fn decode_slice<'b>(
        self,
        codes: &[u8],
        samples: &'b mut [i16],
    ) -> Result<&'b mut [i16], BufferTooShort> {
        let bytes = |len: usize| len.saturating_mul(size_of::<i16>());
        let error = BufferTooShort::new(bytes(codes.len()), bytes(samples.len()));
        let samples = samples.get_mut(..codes.len()).ok_or(error)?;
        for (sample, code) in samples.iter_mut().zip(codes) {
            *sample = self.decode(*code);
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// The positive decision values and output values of G.711, tables 1a and 2a, up to the largest sample of 16 bits.
    ///
    /// Segment by segment, as the standard has them: a step is twice that of the segment before. They are in units of 16-bit
    /// samples here, which the standard's units are shifted by `shift` for.
    struct Table {
        starts: Vec<i32>,
        outputs: Vec<i32>,
    }

    impl Table {
        fn mu() -> Table {
            // Decision values 0, 1, 3 to 31, 35 to 95, 103 and so on to 8159: the first interval is half as wide as its
            // neighbours, because its other half is that of the negative zero.
            let (mut starts, mut outputs) = (std::vec![0], std::vec![0]);
            let mut start = 1;
            for segment in 0..8 {
                let step = 2 << segment;
                for _ in usize::from(segment == 0)..16 {
                    starts.push(start * 4);
                    outputs.push((start + start + step) * 2);
                    start += step;
                }
            }
            assert_eq!(start, 8159);
            Table { starts, outputs }
        }

        fn a() -> Table {
            // Decision values 0, 2, 4 to 64, 68 to 128, 136 and so on to 4096 in the standard; here twice as fine.
            let (mut starts, mut outputs) = (Vec::new(), Vec::new());
            let mut start = 0;
            for segment in 0..8_u32 {
                let step = 2 << segment.saturating_sub(1);
                for _ in 0..16 {
                    starts.push(start * 8);
                    outputs.push((start + start + step) * 4);
                    start += step;
                }
            }
            assert_eq!(start, 4096);
            Table { starts, outputs }
        }

        /// The number of the interval that a sample is in.
        fn interval(&self, sample: i32) -> u8 {
            (self.starts.partition_point(|start| *start <= sample) - 1) as u8
        }
    }

    fn tables() -> [(Law, Table, u8); 2] {
        // Which bits a transmitted code has inverted.
        [(Law::Mu, Table::mu(), 0x7f), (Law::A, Table::a(), 0x55)]
    }

    #[test]
    fn every_sample_has_the_code_of_the_standard() {
        for (law, table, inverted) in tables() {
            for sample in i16::MIN..=i16::MAX {
                let (magnitude, sign) = if sample < 0 {
                    (!sample, 0)
                } else {
                    (sample, 0x80)
                };
                let code = (table.interval(magnitude.into()) ^ inverted) | sign;
                assert_eq!(law.encode(sample), code, "{law:?} {sample}");
            }
        }
    }

    #[test]
    fn every_code_has_the_sample_of_the_standard() {
        for (law, table, inverted) in tables() {
            for interval in 0..128_u8 {
                let output = table.outputs[usize::from(interval)] as i16;
                let code = interval ^ inverted;
                assert_eq!(law.decode(code | 0x80), output, "{law:?} {code}");
                assert_eq!(law.decode(code & 0x7f), -output, "{law:?} {code}");
            }
        }
    }

    #[test]
    fn decoded_codes_encode_to_the_same_level() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=u8::MAX {
                let level = law.decode(code);
                let same = law.encode(level);
                assert_eq!(law.decode(same), level, "{law:?} {code:#04x}");
                // The one level with two codes is the zero of the u-law.
                assert!(same == code || (law, code) == (Law::Mu, 0x7f));
            }
        }
    }

    #[test]
    fn slices_are_converted_sample_by_sample() {
        for law in [Law::Mu, Law::A] {
            let samples = [0, 1, -1, 100, -100, i16::MAX, i16::MIN];
            let mut codes = [0xaa; 9];
            let encoded = law.encode_slice(&samples, &mut codes).unwrap();
            assert_eq!(encoded, samples.map(|sample| law.encode(sample)));
            let mut levels = [0x5555; 9];
            let decoded = law.decode_slice(encoded, &mut levels).unwrap();
            assert_eq!(decoded, samples.map(|it| law.decode(law.encode(it))));
            assert_eq!(
                (&codes[7..], &levels[7..]),
                (&[0xaa; 2][..], &[0x5555; 2][..])
            );
        }
    }

    #[test]
    fn short_buffer_is_refused_and_unchanged() {
        let mut codes = [0xaa; 2];
        let error = Law::Mu.encode_slice(&[1; 3], &mut codes).unwrap_err();
        assert_eq!((error, codes), (BufferTooShort::new(3, 2), [0xaa; 2]));
        let mut samples = [7; 2];
        let error = Law::A.decode_slice(&[1; 3], &mut samples).unwrap_err();
        assert_eq!((error, samples), (BufferTooShort::new(6, 4), [7; 2]));
    }
}
