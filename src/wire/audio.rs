//! Audio: signed linear samples, 16 bits, mono, little-endian, at one of nine rates.

use core::fmt;

use super::{BufferTooShort, Frame, Kind};

/// The audio of one frame: a rate and at least one whole sample.
///
/// An `Audio` is never empty, because Asterisk ends a call on an empty audio frame (`res_audiosocket.c`, measured with 22.10).
/// Its length in bytes is never odd, because half a sample shifts every later sample of a recording by a byte.
///
/// ```
/// use audiosocket::wire::{Audio, SampleRate};
///
/// let audio = Audio::new(SampleRate::Hz8000, &[0x01, 0x00, 0xff, 0xff])?;
/// assert_eq!(audio.samples().collect::<Vec<i16>>(), [1, -1]);
///
/// let mut buffer = [0; 320];
/// let same = Audio::from_samples(SampleRate::Hz8000, &[1, -1], &mut buffer)?;
/// assert_eq!(same, audio);
/// # Ok::<(), audiosocket::wire::AudioError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Audio<'a> {
    rate: SampleRate,
    bytes: &'a [u8],
}

impl<'a> Audio<'a> {
    /// The most bytes of audio in one frame: 32,767 samples.
    pub const MAX_LEN: usize = 65_534;

    /// Returns audio from the little-endian bytes of its samples.
    ///
    /// # Errors
    ///
    /// [`AudioError`] if there are no bytes, an odd number of bytes, or more than [`MAX_LEN`](Audio::MAX_LEN).
    #[inline]
    pub const fn new(rate: SampleRate, bytes: &'a [u8]) -> Result<Audio<'a>, AudioError> {
        if bytes.is_empty() {
            return Err(AudioError::Empty);
        }
        if bytes.len() % 2 != 0 {
            return Err(AudioError::OddLength { len: bytes.len() });
        }
        if bytes.len() > Self::MAX_LEN {
            return Err(AudioError::TooLong { len: bytes.len() });
        }
        Ok(Audio { rate, bytes })
    }

    /// Returns audio from samples. Their bytes go to the start of `buffer`, two for each.
    ///
    /// # Errors
    ///
    /// [`AudioError`] if there are no samples, if there are more than 32,767, or if `buffer` is too short. Nothing is written
    /// then.
    pub fn from_samples(
        rate: SampleRate,
        samples: &[i16],
        buffer: &'a mut [u8],
    ) -> Result<Audio<'a>, AudioError> {
        let len = samples.len().saturating_mul(2);
        if len > Self::MAX_LEN {
            return Err(AudioError::TooLong { len });
        }
        let too_short = BufferTooShort::new(len, buffer.len());
        let Some((bytes, _)) = buffer.split_at_mut_checked(len) else {
            return Err(AudioError::BufferTooShort(too_short));
        };
        for (pair, sample) in bytes.chunks_exact_mut(2).zip(samples) {
            pair.copy_from_slice(&sample.to_le_bytes());
        }
        Audio::new(rate, bytes)
    }

    /// Returns the number of samples per second.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Returns the samples as bytes, as on the wire: an even number, never zero.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the samples as numbers, -32,768 to 32,767.
    pub const fn samples(&self) -> Samples<'a> {
        Samples::new(self.bytes)
    }

    /// Returns the duration in microseconds: 20,000 for a 20 ms frame at every rate.
    pub const fn duration_us(&self) -> u32 {
        // There are at most 32,767 samples: 4.1 s. Every rate is a multiple of 100 Hz; in steps of 100 Hz, the product fits into
        // 32 bits.
        let samples = (self.bytes.len() / 2) as u32;
        match samples
            .saturating_mul(10_000)
            .checked_div(self.rate.hundreds())
        {
            Some(microseconds) => microseconds,
            None => 0,
        }
    }
}

impl fmt::Debug for Audio<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Audio({} Hz, {} samples)",
            self.rate.hz(),
            self.bytes.len() / 2
        )
    }
}

impl<'a> From<Audio<'a>> for Frame<'a> {
    fn from(audio: Audio<'a>) -> Frame<'a> {
        Frame::of_checked_payload(audio.rate.kind(), audio.bytes)
    }
}

/// An iterator over the samples in some bytes, from either end.
///
/// It accepts any payload, even a malformed one. It returns the whole samples. [`trailing`](Samples::trailing) returns the last
/// byte of an odd number.
///
/// ```
/// use audiosocket::wire::Samples;
///
/// let mut samples = Samples::new(&[0x00, 0x80, 0xff, 0x7f, 0x55]);
/// assert_eq!(samples.len(), 2);
/// assert_eq!((samples.next(), samples.next_back()), (Some(i16::MIN), Some(i16::MAX)));
/// assert_eq!(samples.trailing(), Some(0x55));
/// ```
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    pairs: &'a [u8],
    trailing: Option<u8>,
}

impl<'a> Samples<'a> {
    /// Returns the samples of `bytes`, little-endian.
    pub const fn new(bytes: &'a [u8]) -> Samples<'a> {
        match bytes.split_last() {
            Some((last, whole)) if bytes.len() % 2 != 0 => Samples {
                pairs: whole,
                trailing: Some(*last),
            },
            _ => Samples {
                pairs: bytes,
                trailing: None,
            },
        }
    }

    /// Returns the last byte if the number of bytes is odd.
    pub const fn trailing(&self) -> Option<u8> {
        self.trailing
    }
}

impl Iterator for Samples<'_> {
    type Item = i16;

    #[inline]
    fn next(&mut self) -> Option<i16> {
        let (pair, rest) = self.pairs.split_first_chunk::<2>()?;
        self.pairs = rest;
        Some(i16::from_le_bytes(*pair))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.pairs.len() / 2;
        (len, Some(len))
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<i16> {
        self.pairs = self.pairs.get(n.saturating_mul(2)..).unwrap_or(&[]);
        self.next()
    }
}

impl DoubleEndedIterator for Samples<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<i16> {
        let (rest, pair) = self.pairs.split_last_chunk::<2>()?;
        self.pairs = rest;
        Some(i16::from_le_bytes(*pair))
    }
}

impl ExactSizeIterator for Samples<'_> {}

impl core::iter::FusedIterator for Samples<'_> {}

/// The number of samples per second: one of the nine rates that have a kind.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum SampleRate {
    /// 8 kHz, kind 0x10, `slin`: every Asterisk supports it.
    Hz8000,
    /// 12 kHz, kind 0x11, `slin12`.
    Hz12000,
    /// 16 kHz, kind 0x12, `slin16`.
    Hz16000,
    /// 24 kHz, kind 0x13, `slin24`.
    Hz24000,
    /// 32 kHz, kind 0x14, `slin32`.
    Hz32000,
    /// 44.1 kHz, kind 0x15, `slin44`.
    Hz44100,
    /// 48 kHz, kind 0x16, `slin48`.
    Hz48000,
    /// 96 kHz, kind 0x17, `slin96`.
    Hz96000,
    /// 192 kHz, kind 0x18, `slin192`.
    Hz192000,
}

impl SampleRate {
    /// All nine rates, lowest first.
    pub const ALL: &[SampleRate] = &[
        SampleRate::Hz8000,
        SampleRate::Hz12000,
        SampleRate::Hz16000,
        SampleRate::Hz24000,
        SampleRate::Hz32000,
        SampleRate::Hz44100,
        SampleRate::Hz48000,
        SampleRate::Hz96000,
        SampleRate::Hz192000,
    ];

    /// Returns the rate of `hz` samples per second; `None` if no kind has it.
    pub const fn from_hz(hz: u32) -> Option<SampleRate> {
        Some(match hz {
            8_000 => SampleRate::Hz8000,
            12_000 => SampleRate::Hz12000,
            16_000 => SampleRate::Hz16000,
            24_000 => SampleRate::Hz24000,
            32_000 => SampleRate::Hz32000,
            44_100 => SampleRate::Hz44100,
            48_000 => SampleRate::Hz48000,
            96_000 => SampleRate::Hz96000,
            192_000 => SampleRate::Hz192000,
            _ => return None,
        })
    }

    /// Returns the number of samples per second.
    pub const fn hz(self) -> u32 {
        match self {
            SampleRate::Hz8000 => 8_000,
            SampleRate::Hz12000 => 12_000,
            SampleRate::Hz16000 => 16_000,
            SampleRate::Hz24000 => 24_000,
            SampleRate::Hz32000 => 32_000,
            SampleRate::Hz44100 => 44_100,
            SampleRate::Hz48000 => 48_000,
            SampleRate::Hz96000 => 96_000,
            SampleRate::Hz192000 => 192_000,
        }
    }

    /// Returns the kind of a frame with audio of this rate.
    pub const fn kind(self) -> Kind {
        match self {
            SampleRate::Hz8000 => Kind::SLIN,
            SampleRate::Hz12000 => Kind::SLIN12,
            SampleRate::Hz16000 => Kind::SLIN16,
            SampleRate::Hz24000 => Kind::SLIN24,
            SampleRate::Hz32000 => Kind::SLIN32,
            SampleRate::Hz44100 => Kind::SLIN44,
            SampleRate::Hz48000 => Kind::SLIN48,
            SampleRate::Hz96000 => Kind::SLIN96,
            SampleRate::Hz192000 => Kind::SLIN192,
        }
    }

    /// Returns the number of samples in `milliseconds`, rounded down.
    ///
    /// For 20 ms, this is 160 at 8 kHz and 882 at 44.1 kHz.
    pub const fn samples_in(self, milliseconds: u16) -> usize {
        // The largest product is 1,920 times 65,535. It fits into 32 bits; with the rate in Hz it would not.
        (self.hundreds().saturating_mul(milliseconds as u32) / 10) as usize
    }

    /// Returns the rate in hundreds of hertz. Every rate is a whole number of them, at least 80.
    const fn hundreds(self) -> u32 {
        self.hz() / 100
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

/// The reason why bytes or samples do not make valid [`Audio`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AudioError {
    /// There is no sample.
    Empty,
    /// The last sample has only one byte.
    #[non_exhaustive]
    OddLength {
        /// The number of bytes.
        len: usize,
    },
    /// The audio is longer than the 32,767 samples that a frame holds.
    #[non_exhaustive]
    TooLong {
        /// The number of bytes.
        len: usize,
    },
    /// The buffer for the samples is too short.
    BufferTooShort(BufferTooShort),
}

impl fmt::Display for AudioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AudioError::Empty => f.write_str("audio without a sample: expected at least 2 bytes"),
            AudioError::OddLength { len } => {
                write!(f, "audio of {len} bytes: expected an even number")
            }
            AudioError::TooLong { len } => {
                write!(
                    f,
                    "audio of {len} bytes is too long: a frame holds at most 65534"
                )
            }
            AudioError::BufferTooShort(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AudioError {}

/// Accepts the nine rates in hertz.
///
/// ```
/// use audiosocket::wire::SampleRate;
///
/// assert_eq!(SampleRate::try_from(16_000), Ok(SampleRate::Hz16000));
/// let error = SampleRate::try_from(22_050).expect_err("not one of the nine");
/// assert!(error.to_string().starts_with("unsupported sample rate 22050 Hz: expected 8000, "));
/// ```
impl TryFrom<u32> for SampleRate {
    type Error = UnsupportedRate;

    fn try_from(hz: u32) -> Result<SampleRate, UnsupportedRate> {
        SampleRate::from_hz(hz).ok_or(UnsupportedRate { hz })
    }
}

/// The error for a sample rate that no kind of frame has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct UnsupportedRate {
    /// The rate in samples per second.
    pub hz: u32,
}

impl fmt::Display for UnsupportedRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unsupported sample rate {} Hz: expected", self.hz)?;
        for (place, rate) in SampleRate::ALL.iter().enumerate() {
            let separator = if place == 0 { "" } else { "," };
            write!(f, "{separator} {}", rate.hz())?;
        }
        Ok(())
    }
}

impl core::error::Error for UnsupportedRate {}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn rates_kinds_and_hertz_convert_both_ways() {
        for &rate in SampleRate::ALL {
            assert_eq!(rate.kind().sample_rate(), Some(rate));
            assert_eq!(SampleRate::from_hz(rate.hz()), Some(rate));
            assert_eq!(rate.hz() % 100, 0);
        }
        assert_eq!(SampleRate::from_hz(22_050), None);
    }

    #[test]
    fn longest_audio_is_made_from_samples() {
        let samples = [7; 32_767];
        let mut buffer = [0; 65_534];
        let audio = Audio::from_samples(SampleRate::Hz8000, &samples, &mut buffer);
        assert_eq!(audio.map(|audio| audio.samples().len()), Ok(32_767));
    }

    #[test]
    fn audio_of_20_ms_has_the_length_asterisk_sends() {
        let bytes: Vec<usize> = SampleRate::ALL
            .iter()
            .map(|rate| rate.samples_in(20) * 2)
            .collect();
        assert_eq!(bytes, [320, 480, 640, 960, 1280, 1764, 1920, 3840, 7680]);
        assert_eq!(SampleRate::Hz192000.samples_in(u16::MAX), 12_582_720);
    }

    #[test]
    fn durations_count_microseconds() {
        let bytes = [0; Audio::MAX_LEN];
        for &rate in SampleRate::ALL {
            let frame = Audio::new(rate, &bytes[..rate.samples_in(20) * 2]).unwrap();
            assert_eq!(frame.duration_us(), 20_000);
        }
        let longest = Audio::new(SampleRate::Hz8000, &bytes).unwrap();
        assert_eq!(longest.duration_us(), 4_095_875);
    }

    #[test]
    fn audio_that_may_not_be_sent_cannot_be_made() {
        let bytes = [0; 65_536];
        let made = |len: usize| Audio::new(SampleRate::Hz8000, &bytes[..len]).map(|_| ());
        assert_eq!(made(0), Err(AudioError::Empty));
        assert_eq!(made(1), Err(AudioError::OddLength { len: 1 }));
        assert_eq!(made(2), Ok(()));
        assert_eq!(made(321), Err(AudioError::OddLength { len: 321 }));
        assert_eq!(made(65_534), Ok(()));
        assert_eq!(made(65_535), Err(AudioError::OddLength { len: 65_535 }));
        assert_eq!(made(65_536), Err(AudioError::TooLong { len: 65_536 }));
    }

    #[test]
    fn samples_round_trip_from_both_ends() {
        let samples = [0, 1, -1, i16::MAX, i16::MIN, 256];
        let mut buffer = [0xaa; 14];
        let audio = Audio::from_samples(SampleRate::Hz16000, &samples, &mut buffer).unwrap();
        assert_eq!(
            audio.bytes(),
            [0, 0, 1, 0, 255, 255, 255, 127, 0, 128, 0, 1]
        );
        assert_eq!(audio.samples().collect::<Vec<_>>(), samples);
        let backwards: Vec<i16> = samples.iter().rev().copied().collect();
        assert_eq!(audio.samples().rev().collect::<Vec<_>>(), backwards);
        assert_eq!(audio.samples().nth(3), Some(i16::MAX));
        assert_eq!(audio.samples().nth(6), None);
        assert_eq!(audio.samples().nth(usize::MAX), None);
        assert_eq!(buffer[12..], [0xaa, 0xaa]);
    }

    #[test]
    fn samples_beyond_the_buffer_write_nothing() {
        let mut buffer = [0xaa; 3];
        let made = Audio::from_samples(SampleRate::Hz8000, &[1, 2], &mut buffer).map(|_| ());
        assert_eq!(
            made,
            Err(AudioError::BufferTooShort(BufferTooShort::new(4, 3)))
        );
        assert_eq!(buffer, [0xaa; 3]);
        let made = Audio::from_samples(SampleRate::Hz8000, &[0; 32_768], &mut []).map(|_| ());
        assert_eq!(made, Err(AudioError::TooLong { len: 65_536 }));
        let made = Audio::from_samples(SampleRate::Hz8000, &[], &mut []).map(|_| ());
        assert_eq!(made, Err(AudioError::Empty));
    }
}
