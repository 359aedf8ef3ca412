//! The fmt chunk of a WAV file, which describes the audio.

use core::fmt;

use super::conversion::Conversion;
use crate::wire::SampleRate;

/// The format of a WAV file's audio, from its fmt chunk: channels, encoding and sample rate.
///
/// It displays as `stereo, 16-bit, 44100 Hz` for linear PCM, and with the name of the encoding otherwise: `mono, u-law, 8000 Hz`.
///
/// The chunk is the WAVEFORMAT of the *Multimedia Programming Interface and Data Specifications 1.0* (IBM and Microsoft, August
/// 1991, chapter 3). RFC 2361 lists the format tags. A chunk with the tag 0xfffe, WAVE_FORMAT_EXTENSIBLE (Microsoft's `mmreg.h`),
/// also has a sub-format, a GUID that holds the tag of the encoding.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Format {
    tag: u16,
    channels: u16,
    hz: u32,
    block_len: u16,
    bits: u16,
    stated_len: StatedLen,
}

/// The size of a data chunk, compared with the audio that follows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum StatedLen {
    Right,
    /// The size is 0, although audio follows. Sox relies on the size and would read no audio.
    Zero,
    TooSmall,
}

const PCM: u16 = 0x0001;
const MS_ADPCM: u16 = 0x0002;
const FLOAT: u16 = 0x0003;
const A_LAW: u16 = 0x0006;
const U_LAW: u16 = 0x0007;
const IMA_ADPCM: u16 = 0x0011;
const GSM: u16 = 0x0031;
const G721: u16 = 0x0040;
/// Ffmpeg writes this tag instead of 0x0064, the tag in RFC 2361.
const G726_OF_FFMPEG: u16 = 0x0045;
const MPEG: u16 = 0x0050;
const MP3: u16 = 0x0055;
const G726: u16 = 0x0064;
const WMA: u16 = 0x0161;
const G722: u16 = 0x028f;
const EXTENSIBLE: u16 = 0xfffe;

/// The bytes of a sub-format after its tag, which is in the first two bytes. KSDATAFORMAT_SUBTYPE_PCM, for example, is
/// 00000001-0000-0010-8000-00aa00389b71 (Microsoft's `ksmedia.h`).
const SUB_FORMAT: [u8; 14] = [
    0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71,
];

impl Format {
    /// The length of the part of an fmt chunk that every format has.
    const LEN: usize = 16;

    /// The length of an extensible fmt chunk, the longest kind.
    pub(super) const MAX_LEN: usize = 40;

    /// Parses the bytes of an fmt chunk. If there are too few, the error is the number of bytes expected.
    pub(super) fn parse(bytes: &[u8]) -> Result<Format, usize> {
        let (Some(tag), Some(channels), Some(hz), Some(block_len), Some(bits)) = (
            u16_at(bytes, 0),
            u16_at(bytes, 2),
            u32_at(bytes, 4),
            u16_at(bytes, 12),
            u16_at(bytes, 14),
        ) else {
            return Err(Format::LEN);
        };
        let tag = match (tag, bytes.get(24..Format::MAX_LEN)) {
            (EXTENSIBLE, None) => return Err(Format::MAX_LEN),
            (EXTENSIBLE, Some([low, high, rest @ ..])) if *rest == SUB_FORMAT => {
                u16::from_le_bytes([*low, *high])
            }
            _ => tag,
        };
        Ok(Format {
            tag,
            channels,
            hz,
            block_len,
            bits,
            stated_len: StatedLen::Right,
        })
    }

    pub(super) fn with_stated_len(self, stated_len: StatedLen) -> Format {
        Format { stated_len, ..self }
    }

    pub(super) const fn stated_len(&self) -> StatedLen {
        self.stated_len
    }

    /// Returns the number of channels: 1 for mono, 2 for stereo.
    pub const fn channels(&self) -> u16 {
        self.channels
    }

    /// Returns the number of samples per second in each channel.
    pub const fn hz(&self) -> u32 {
        self.hz
    }

    /// Returns the format tag of RFC 2361, from the sub-format if there is one: 1 for linear PCM, 7 for u-law.
    pub const fn tag(&self) -> u16 {
        self.tag
    }

    /// Returns the number of bits per sample. It has a meaning only for linear PCM.
    pub const fn bits(&self) -> u16 {
        self.bits
    }

    /// Returns the sample rate if a call can play the audio unchanged: 16-bit mono linear PCM at one of the nine rates.
    pub(super) const fn rate(&self) -> Option<SampleRate> {
        match (self.tag, self.channels, self.bits, self.block_len) {
            (PCM, 1, 16, 2) => SampleRate::from_hz(self.hz),
            _ => None,
        }
    }

    /// Returns the conversion of a file in this format, tested with sox 14.4.2 and ffmpeg 5.1.
    pub(super) fn conversion(&self) -> Option<Conversion> {
        if self.channels == 0 || self.hz == 0 || !self.is_packed() {
            return None;
        }
        let conversion = match (self.tag, self.bits) {
            (PCM, 8 | 16 | 24 | 32) | (FLOAT, 32 | 64) => Conversion::Sox,
            (PCM | FLOAT | EXTENSIBLE, _) => return None,
            (MS_ADPCM | A_LAW | U_LAW | IMA_ADPCM | GSM, _) => Conversion::Sox,
            (G721 | G726_OF_FFMPEG | MPEG | MP3 | G726 | WMA | G722, _) => Conversion::Ffmpeg,
            _ => return None,
        };
        Some(match (conversion, self.stated_len) {
            (Conversion::Sox, StatedLen::Zero) => Conversion::Ffmpeg,
            (Conversion::Sox, StatedLen::TooSmall) => Conversion::SoxIgnoringLength,
            (conversion, _) => conversion,
        })
    }

    /// Returns whether linear or float samples have no more bytes than their bits need; true for other encodings.
    ///
    /// Sox uses only the number of bits, so it turns unpacked samples into noise.
    fn is_packed(&self) -> bool {
        match self.tag {
            PCM | FLOAT => {
                let sample_len = u32::from(self.bits.div_ceil(8));
                sample_len.checked_mul(u32::from(self.channels)) == Some(u32::from(self.block_len))
            }
            _ => true,
        }
    }
}

fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    bytes
        .get(place..)?
        .first_chunk()
        .map(|pair| u16::from_le_bytes(*pair))
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    bytes
        .get(place..)?
        .first_chunk()
        .map(|four| u32::from_le_bytes(*four))
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.channels {
            1 => f.write_str("mono, ")?,
            2 => f.write_str("stereo, ")?,
            channels => write!(f, "{channels} channels, ")?,
        }
        match self.tag {
            PCM => write!(f, "{}-bit", self.bits)?,
            FLOAT => write!(f, "{}-bit float", self.bits)?,
            MS_ADPCM => f.write_str("MS ADPCM")?,
            A_LAW => f.write_str("A-law")?,
            U_LAW => f.write_str("u-law")?,
            IMA_ADPCM => f.write_str("IMA ADPCM")?,
            GSM => f.write_str("GSM 6.10")?,
            G721 => f.write_str("G.721 ADPCM")?,
            MPEG => f.write_str("MPEG")?,
            MP3 => f.write_str("MP3")?,
            G726 | G726_OF_FFMPEG => f.write_str("G.726 ADPCM")?,
            WMA => f.write_str("WMA")?,
            0x0065 | G722 => f.write_str("G.722 ADPCM")?,
            EXTENSIBLE => f.write_str("a sub-format of its own")?,
            tag => write!(f, "format {tag:#06x}")?,
        }
        write!(f, ", {} Hz", self.hz)?;
        if !self.is_packed() {
            write!(f, ", in blocks of {} bytes", self.block_len)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    fn chunk(tag: u16, channels: u16, hz: u32, block_len: u16, bits: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(hz.to_le_bytes());
        bytes.extend([0xaa; 4]);
        bytes.extend(block_len.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes
    }

    fn extensible(chunk: &[u8], sub_format: [u8; 16]) -> Vec<u8> {
        let mut bytes = EXTENSIBLE.to_le_bytes().to_vec();
        bytes.extend(&chunk[2..]);
        bytes.extend([22, 0, 16, 0, 4, 0, 0, 0]);
        bytes.extend(sub_format);
        bytes
    }

    const PCM_GUID: [u8; 16] = *b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";

    #[test]
    fn formats_read_well_and_name_what_converts_them() {
        let sox = Some(Conversion::Sox);
        let ffmpeg = Some(Conversion::Ffmpeg);
        for (format, text, conversion) in [
            ((1, 2, 44_100, 4, 16), "stereo, 16-bit, 44100 Hz", sox),
            ((1, 1, 22_050, 2, 16), "mono, 16-bit, 22050 Hz", sox),
            ((1, 1, 8_000, 1, 8), "mono, 8-bit, 8000 Hz", sox),
            ((1, 6, 48_000, 18, 24), "6 channels, 24-bit, 48000 Hz", sox),
            ((3, 1, 16_000, 4, 32), "mono, 32-bit float, 16000 Hz", sox),
            ((2, 1, 8_000, 256, 4), "mono, MS ADPCM, 8000 Hz", sox),
            ((6, 1, 8_000, 1, 8), "mono, A-law, 8000 Hz", sox),
            ((7, 2, 8_000, 2, 8), "stereo, u-law, 8000 Hz", sox),
            ((0x11, 1, 8_000, 256, 4), "mono, IMA ADPCM, 8000 Hz", sox),
            ((0x31, 1, 8_000, 65, 0), "mono, GSM 6.10, 8000 Hz", sox),
            (
                (0x40, 1, 8_000, 64, 4),
                "mono, G.721 ADPCM, 8000 Hz",
                ffmpeg,
            ),
            ((0x50, 1, 8_000, 1, 0), "mono, MPEG, 8000 Hz", ffmpeg),
            ((0x55, 2, 44_100, 1, 0), "stereo, MP3, 44100 Hz", ffmpeg),
            ((0x64, 1, 8_000, 1, 4), "mono, G.726 ADPCM, 8000 Hz", ffmpeg),
            ((0x45, 1, 8_000, 1, 4), "mono, G.726 ADPCM, 8000 Hz", ffmpeg),
            ((0x65, 1, 8_000, 1, 4), "mono, G.722 ADPCM, 8000 Hz", None),
            (
                (0x28f, 1, 16_000, 1, 4),
                "mono, G.722 ADPCM, 16000 Hz",
                ffmpeg,
            ),
            ((0x161, 1, 8_000, 1, 0), "mono, WMA, 8000 Hz", ffmpeg),
            (
                (0x162, 1, 8_000, 1, 0),
                "mono, format 0x0162, 8000 Hz",
                None,
            ),
            ((1, 1, 8_000, 2, 12), "mono, 12-bit, 8000 Hz", None),
            ((1, 1, 0, 2, 16), "mono, 16-bit, 0 Hz", None),
            ((7, 0, 8_000, 1, 8), "0 channels, u-law, 8000 Hz", None),
            (
                (1, 1, 8_000, 4, 16),
                "mono, 16-bit, 8000 Hz, in blocks of 4 bytes",
                None,
            ),
        ] {
            let (tag, channels, hz, block_len, bits) = format;
            let format = Format::parse(&chunk(tag, channels, hz, block_len, bits)).unwrap();
            assert_eq!(format.to_string(), text);
            assert_eq!(format.conversion(), conversion, "{text}");
            assert_eq!(format.rate(), None, "{text}");
            let parts = (format.tag(), format.channels(), format.hz(), format.bits());
            assert_eq!(parts, (tag, channels, hz, bits));
        }
    }

    #[test]
    fn sixteen_bit_mono_is_accepted_at_nine_rates() {
        for &rate in SampleRate::ALL {
            let chunk = chunk(PCM, 1, rate.hz(), 2, 16);
            for bytes in [chunk.clone(), extensible(&chunk, PCM_GUID)] {
                assert_eq!(Format::parse(&bytes).unwrap().rate(), Some(rate));
            }
        }
    }

    #[test]
    fn extensible_format_is_its_sub_format() {
        let chunk = chunk(PCM, 1, 8_000, 2, 16);
        let parsed = |sub_format| Format::parse(&extensible(&chunk, sub_format)).unwrap();
        let mut guid = PCM_GUID;
        guid[0] = 7;
        assert_eq!(parsed(guid).to_string(), "mono, u-law, 8000 Hz");
        for place in 2..16 {
            let mut guid = PCM_GUID;
            guid[place] ^= 0x10;
            let format = parsed(guid);
            assert_eq!(format.to_string(), "mono, a sub-format of its own, 8000 Hz");
            assert_eq!((format.rate(), format.conversion()), (None, None));
        }
    }

    #[test]
    fn short_chunk_error_names_expected_length() {
        let chunk = chunk(PCM, 1, 8_000, 2, 16);
        for len in 0..16 {
            assert_eq!(Format::parse(&chunk[..len]), Err(16), "{len}");
        }
        let chunk = extensible(&chunk, PCM_GUID);
        for len in 16..40 {
            assert_eq!(Format::parse(&chunk[..len]), Err(40), "{len}");
        }
        assert!(Format::parse(&chunk).is_ok());
    }
}
