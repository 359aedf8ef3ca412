//! The kind of a frame, its first byte.

use core::fmt;

use super::SampleRate;

/// The kind of a frame: its first byte.
///
/// Every byte is a possible kind. This type holds any byte, and has constants for the values that have a meaning today.
///
/// The values come from Asterisk (`include/asterisk/res_audiosocket.h`), except [`DTMF_START_STOP`](Kind::DTMF_START_STOP). That
/// one comes from the start-stop dialect of the protocol.
///
/// ```
/// use audiosocket::wire::{Kind, SampleRate};
///
/// assert_eq!(Kind::SLIN16.byte(), 0x12);
/// assert_eq!(Kind::SLIN16.sample_rate(), Some(SampleRate::Hz16000));
/// assert_eq!(Kind::from_byte(0x77).name(), None);
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Kind(u8);

impl Kind {
    /// 0x00: the call is over. Asterisk obeys it and never sends it. A payload is ignored.
    pub const HANGUP: Kind = Kind(0x00);
    /// 0x01: the UUID of the call, 16 bytes. It is always Asterisk's first frame.
    pub const UUID: Kind = Kind(0x01);
    /// 0x02: a DTMF digit starts or stops, 6 bytes (start-stop dialect). Without payload: silence, in old libraries.
    pub const DTMF_START_STOP: Kind = Kind(0x02);
    /// 0x03: a DTMF digit, 1 byte (Asterisk since 20.14, 21.9, 22.4 and 23.0).
    pub const DTMF_DIGIT: Kind = Kind(0x03);
    /// 0x10: audio at 8 kHz, Asterisk's `slin`.
    pub const SLIN: Kind = Kind(0x10);
    /// 0x11: audio at 12 kHz, Asterisk's `slin12`. Asterisk has the kinds 0x11 to 0x18 since 20.17, 21.12, 22.7 and 23.1.
    pub const SLIN12: Kind = Kind(0x11);
    /// 0x12: audio at 16 kHz, Asterisk's `slin16`.
    pub const SLIN16: Kind = Kind(0x12);
    /// 0x13: audio at 24 kHz, Asterisk's `slin24`.
    pub const SLIN24: Kind = Kind(0x13);
    /// 0x14: audio at 32 kHz, Asterisk's `slin32`.
    pub const SLIN32: Kind = Kind(0x14);
    /// 0x15: audio at 44.1 kHz, Asterisk's `slin44`.
    pub const SLIN44: Kind = Kind(0x15);
    /// 0x16: audio at 48 kHz, Asterisk's `slin48`.
    pub const SLIN48: Kind = Kind(0x16);
    /// 0x17: audio at 96 kHz, Asterisk's `slin96`.
    pub const SLIN96: Kind = Kind(0x17);
    /// 0x18: audio at 192 kHz, Asterisk's `slin192`.
    pub const SLIN192: Kind = Kind(0x18);
    /// 0xff: an error, with an optional code of the application. Asterisk defines it but never sends it.
    pub const ERROR: Kind = Kind(0xff);

    /// Returns the kind with this byte.
    pub const fn from_byte(byte: u8) -> Kind {
        Kind(byte)
    }

    /// Returns the byte of this kind on the wire.
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// Returns the sample rate of an audio kind; `None` for every other kind.
    #[inline]
    pub const fn sample_rate(self) -> Option<SampleRate> {
        match self {
            Kind::SLIN => Some(SampleRate::Hz8000),
            Kind::SLIN12 => Some(SampleRate::Hz12000),
            Kind::SLIN16 => Some(SampleRate::Hz16000),
            Kind::SLIN24 => Some(SampleRate::Hz24000),
            Kind::SLIN32 => Some(SampleRate::Hz32000),
            Kind::SLIN44 => Some(SampleRate::Hz44100),
            Kind::SLIN48 => Some(SampleRate::Hz48000),
            Kind::SLIN96 => Some(SampleRate::Hz96000),
            Kind::SLIN192 => Some(SampleRate::Hz192000),
            _ => None,
        }
    }

    /// Returns a short name; `None` for an undefined kind.
    ///
    /// The names are `hangup`, `UUID`, `DTMF`, `audio` and `error`.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Kind::HANGUP => Some("hangup"),
            Kind::UUID => Some("UUID"),
            Kind::DTMF_START_STOP | Kind::DTMF_DIGIT => Some("DTMF"),
            Kind::ERROR => Some("error"),
            _ if self.sample_rate().is_some() => Some("audio"),
            _ => None,
        }
    }
}

impl From<u8> for Kind {
    fn from(byte: u8) -> Kind {
        Kind(byte)
    }
}

impl From<Kind> for u8 {
    fn from(kind: Kind) -> u8 {
        kind.0
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({:#04x})", self.0)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#04x})", self.0),
            None => write!(f, "unknown kind {:#04x}", self.0),
        }
    }
}

impl fmt::LowerHex for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl fmt::UpperHex for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperHex::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn every_byte_is_a_kind_with_that_value() {
        for byte in 0..=255 {
            assert_eq!(Kind::from_byte(byte).byte(), byte);
            assert_eq!(u8::from(Kind::from(byte)), byte);
        }
    }

    #[test]
    fn defined_kinds_have_names() {
        let names = [0x00, 0x01, 0x02, 0x03, 0x10, 0x18, 0xff, 0x04, 0x19];
        assert_eq!(
            names.map(|byte| Kind::from_byte(byte).name()),
            [
                Some("hangup"),
                Some("UUID"),
                Some("DTMF"),
                Some("DTMF"),
                Some("audio"),
                Some("audio"),
                Some("error"),
                None,
                None
            ]
        );
    }

    #[test]
    fn nine_kinds_are_audio() {
        let audio: std::vec::Vec<u8> = (0..=255)
            .filter(|byte| Kind::from_byte(*byte).sample_rate().is_some())
            .collect();
        assert_eq!(
            audio,
            [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]
        );
    }

    #[test]
    fn kind_texts_read_well() {
        assert_eq!(format!("{}", Kind::SLIN), "audio (0x10)");
        assert_eq!(format!("{}", Kind::HANGUP), "hangup (0x00)");
        assert_eq!(format!("{}", Kind::from_byte(0x20)), "unknown kind 0x20");
        assert_eq!(format!("{:?}", Kind::ERROR), "Kind(0xff)");
        assert_eq!(format!("{:x} {:X}", Kind::ERROR, Kind::ERROR), "ff FF");
    }
}
