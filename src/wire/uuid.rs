//! The UUID of a call.

use core::fmt;
use core::str::FromStr;

/// The UUID of a call: 16 bytes in written order (RFC 4122, section 4.1.2).
///
/// Any 16 bytes are a UUID. Asterisk checks neither version nor variant and passes on the nil UUID like any other, so this type
/// does not check them either.
///
/// ```
/// use audiosocket::wire::Uuid;
///
/// const CALL: Uuid = match Uuid::parse("40325ec2-5efd-4bd3-805f-53576e581d13") {
///     Ok(uuid) => uuid,
///     Err(_) => panic!("a UUID known at compile time"),
/// };
/// assert_eq!(CALL.as_bytes()[..4], [0x40, 0x32, 0x5e, 0xc2]);
/// assert_eq!(CALL.to_string(), "40325ec2-5efd-4bd3-805f-53576e581d13");
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uuid([u8; Uuid::LEN]);

impl Uuid {
    /// The length of a UUID in bytes.
    pub const LEN: usize = 16;

    /// The nil UUID, all zeros.
    pub const NIL: Uuid = Uuid([0; Uuid::LEN]);

    /// Returns the UUID with these bytes.
    pub const fn from_bytes(bytes: [u8; Uuid::LEN]) -> Uuid {
        Uuid(bytes)
    }

    /// Returns the bytes of the UUID.
    pub const fn as_bytes(&self) -> &[u8; Uuid::LEN] {
        &self.0
    }

    /// Parses a UUID of 32 hexadecimal digits in either case.
    ///
    /// The digits are in groups of 8-4-4-4-12 joined by hyphens, or have no hyphens. `text.parse()` does the same; this function
    /// also works in constants.
    ///
    /// # Errors
    ///
    /// [`ParseUuidError`] for any other text.
    pub const fn parse(text: &str) -> Result<Uuid, ParseUuidError> {
        let mut rest = text.as_bytes();
        let grouped = rest.len() == 36;
        if !grouped && rest.len() != 32 {
            return Err(ParseUuidError::Length { len: rest.len() });
        }
        let mut value = 0_u128;
        let mut position = 0_usize;
        while let Some((byte, after)) = rest.split_first() {
            let hyphen_due = grouped && matches!(position, 8 | 13 | 18 | 23);
            match hexadecimal(*byte) {
                Some(digit) if !hyphen_due => value = value << 4 | digit as u128,
                None if hyphen_due && *byte == b'-' => {}
                _ => return Err(ParseUuidError::Character { position }),
            }
            rest = after;
            position = position.saturating_add(1);
        }
        Ok(Uuid(value.to_be_bytes()))
    }
}

const fn hexadecimal(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Uuid, ParseUuidError> {
        Uuid::parse(text)
    }
}

impl From<[u8; Uuid::LEN]> for Uuid {
    fn from(bytes: [u8; Uuid::LEN]) -> Uuid {
        Uuid(bytes)
    }
}

impl From<Uuid> for [u8; Uuid::LEN] {
    fn from(uuid: Uuid) -> [u8; Uuid::LEN] {
        uuid.0
    }
}

/// Writes the UUID in lower case, in groups of 8-4-4-4-12, as Asterisk does.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

/// The reason why a text is not a UUID.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ParseUuidError {
    /// The text is neither 36 bytes long, with hyphens, nor 32, without.
    #[non_exhaustive]
    Length {
        /// The length of the text in bytes.
        len: usize,
    },
    /// The text has another character in place of a hexadecimal digit or a hyphen.
    #[non_exhaustive]
    Character {
        /// The position in bytes, counted from 0.
        position: usize,
    },
}

impl fmt::Display for ParseUuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseUuidError::Length { len } => {
                write!(
                    f,
                    "UUID text with length {len}: expected 36 bytes, or 32 without hyphens"
                )
            }
            ParseUuidError::Character { position } => {
                let place = position.saturating_add(1);
                write!(
                    f,
                    "wrong character at byte {place} of a UUID: expected hexadecimal digits in groups of 8-4-4-4-12"
                )
            }
        }
    }
}

impl core::error::Error for ParseUuidError {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    const TEXT: &str = "11223344-5566-7788-99aa-bbccddeeff00";
    const UUID: Uuid = Uuid([
        0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0,
    ]);

    #[test]
    fn uuid_text_and_bytes_convert_both_ways() {
        assert_eq!(UUID.to_string(), TEXT);
        assert_eq!(<[u8; 16]>::from(UUID), UUID.0);
        assert_eq!(TEXT.parse(), Ok(UUID));
        assert_eq!(TEXT.to_uppercase().parse(), Ok(UUID));
        assert_eq!(TEXT.replace('-', "").parse(), Ok(UUID));
        assert_eq!(
            "00000000-0000-0000-0000-000000000000".parse(),
            Ok(Uuid::NIL)
        );
    }

    #[test]
    fn wrong_uuid_text_is_refused_by_length_or_place() {
        let length = |len| Err(ParseUuidError::Length { len });
        let character = |position| Err(ParseUuidError::Character { position });
        assert_eq!(Uuid::parse(""), length(0));
        assert_eq!(Uuid::parse(&TEXT[1..]), length(35));
        assert_eq!(
            Uuid::parse("1122334455667788-99aa-bbccddeeff00-.."),
            length(37)
        );
        assert_eq!(
            Uuid::parse("11223344-5566-7788-99aa-bbccddeeff0g"),
            character(35)
        );
        assert_eq!(
            Uuid::parse("1122334455-667788-99aa-bbccddeeff-00"),
            character(8)
        );
        assert_eq!(
            Uuid::parse("11223344-5566-7788-99aa-bbccddee-f00"),
            character(32)
        );
        assert_eq!(
            Uuid::parse("11223344556677-899aabbccddeeff0-"),
            character(14)
        );
    }
}
