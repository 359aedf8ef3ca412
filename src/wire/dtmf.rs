//! DTMF digits and the two ways in which they travel.

use core::fmt;

/// A DTMF digit as it travels: one half of a key press, or the whole of it.
///
/// Which of the two dialects it came in shows in the variant, so nothing has to be configured to read them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
// Exhaustive on purpose: these are all the signals of the two dialects, and a third dialect would be a breaking change.
#[expect(clippy::exhaustive_enums)]
pub enum Dtmf {
    /// The key went down (start-stop dialect). A duration sent with a start means nothing and is ignored.
    Start(Digit),
    /// The key came up (start-stop dialect).
    Stop {
        /// The key.
        digit: Digit,
        /// How long it was held, in milliseconds. Unsigned: the C side has an `int` there that is never negative.
        duration_ms: u32,
    },
    /// The key was pressed; sent once it has come up, without a duration (Asterisk's dialect).
    Digit(Digit),
}

impl Dtmf {
    /// The key that was pressed.
    pub const fn digit(&self) -> Digit {
        match *self {
            Dtmf::Start(digit) | Dtmf::Stop { digit, .. } | Dtmf::Digit(digit) => digit,
        }
    }

    /// The dialect that has this signal.
    pub const fn dialect(&self) -> DtmfDialect {
        match self {
            Dtmf::Start(_) | Dtmf::Stop { .. } => DtmfDialect::StartStop,
            Dtmf::Digit(_) => DtmfDialect::Asterisk,
        }
    }
}

/// The two ways in which DTMF travels over AudioSocket.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
// Exhaustive on purpose: a third dialect would bring new signals, and so break [`Dtmf`] in any case.
#[expect(clippy::exhaustive_enums)]
pub enum DtmfDialect {
    /// Kind 0x03, one byte, sent when the key comes up: Asterisk since 20.14, 21.9, 22.4 and 23.0. Asterisk sends it and does
    /// not accept it.
    #[default]
    Asterisk,
    /// Kind 0x02, six bytes, at the start and at the stop, in both directions: the document "AudioSocket with DTMF".
    StartStop,
}

/// One of the sixteen keys: `0` to `9`, `*`, `#`, and `A` to `D`.
///
/// Lower-case letters, which Asterisk passes on as they were sent, read as the upper-case ones. `0` is a key although the
/// document of the start-stop dialect lists `1-9` only: Asterisk sends it like any other.
///
/// ```
/// use audiosocket::wire::Digit;
///
/// assert_eq!(Digit::from_ascii(b'd'), Digit::from_ascii(b'D'));
/// assert_eq!(Digit::from_ascii(b'#').map(Digit::to_char), Some('#'));
/// assert_eq!(Digit::from_ascii(b'E'), None);
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digit(u8);

impl Digit {
    /// All sixteen, in the order of the keys on a keypad, row by row (ITU-T Q.23).
    pub const ALL: [Digit; 16] = [
        Digit(b'1'),
        Digit(b'2'),
        Digit(b'3'),
        Digit(b'A'),
        Digit(b'4'),
        Digit(b'5'),
        Digit(b'6'),
        Digit(b'B'),
        Digit(b'7'),
        Digit(b'8'),
        Digit(b'9'),
        Digit(b'C'),
        Digit(b'*'),
        Digit(b'0'),
        Digit(b'#'),
        Digit(b'D'),
    ];

    /// The digit that has this ASCII code, `None` if none has.
    pub const fn from_ascii(code: u8) -> Option<Digit> {
        match code {
            b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' => Some(Digit(code)),
            b'a'..=b'd' => Some(Digit(code.to_ascii_uppercase())),
            _ => None,
        }
    }

    /// Its ASCII code, letters in upper case.
    pub const fn to_ascii(self) -> u8 {
        self.0
    }

    /// Its character, letters in upper case.
    pub const fn to_char(self) -> char {
        self.0 as char
    }
}

impl TryFrom<char> for Digit {
    type Error = InvalidDigit;

    fn try_from(character: char) -> Result<Digit, InvalidDigit> {
        u8::try_from(character)
            .ok()
            .and_then(Digit::from_ascii)
            .ok_or(InvalidDigit { character })
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.to_char())
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_char(), f)
    }
}

/// A character is none of the sixteen DTMF digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct InvalidDigit {
    /// The character.
    pub character: char,
}

impl fmt::Display for InvalidDigit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no DTMF digit: 0-9, *, #, A-D", self.character)
    }
}

impl core::error::Error for InvalidDigit {}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    #[test]
    fn twenty_of_all_bytes_are_digits_and_mean_sixteen() {
        let codes: String = (0..=255)
            .filter_map(|code| Digit::from_ascii(code).map(|_| char::from(code)))
            .collect();
        assert_eq!(codes, "#*0123456789ABCDabcd");
        for digit in Digit::ALL {
            assert_eq!(Digit::from_ascii(digit.to_ascii()), Some(digit));
            assert_eq!(Digit::try_from(digit.to_char()), Ok(digit));
        }
    }

    #[test]
    fn a_character_beyond_ascii_is_no_digit() {
        // U+0131 and U+FF11 have digits' codes in their low bytes.
        for character in ['\u{131}', '\u{ff11}', 'E', ' '] {
            assert_eq!(Digit::try_from(character), Err(InvalidDigit { character }));
        }
    }
}
