//! DTMF digits and their two dialects.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;
use core::time::Duration;

/// A DTMF signal: one half of a key press, or all of it.
///
/// The variant shows the dialect, so you need no configuration to read both dialects.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
// Exhaustive on purpose: the two dialects have no other signals, and a third dialect would be a breaking change.
#[expect(clippy::exhaustive_enums)]
pub enum Dtmf {
    /// The key went down (start-stop dialect). A duration in the frame is ignored.
    Start(Digit),
    /// The key came up (start-stop dialect).
    Stop {
        /// The key.
        digit: Digit,
        /// The time the key was held, in milliseconds.
        duration_ms: u32,
    },
    /// The key was pressed (Asterisk's dialect). Asterisk sends this once the key has come up, without a duration.
    Digit(Digit),
}

impl Dtmf {
    /// Returns the key that was pressed.
    pub const fn digit(&self) -> Digit {
        match *self {
            Dtmf::Start(digit) | Dtmf::Stop { digit, .. } | Dtmf::Digit(digit) => digit,
        }
    }

    /// Returns the time the key was held; `None` unless the signal is a stop.
    pub const fn duration(&self) -> Option<Duration> {
        match *self {
            Dtmf::Stop { duration_ms, .. } => Some(Duration::from_millis(duration_ms as u64)),
            Dtmf::Start(_) | Dtmf::Digit(_) => None,
        }
    }

    /// Returns the dialect that has this signal.
    pub const fn dialect(&self) -> DtmfDialect {
        match self {
            Dtmf::Start(_) | Dtmf::Stop { .. } => DtmfDialect::StartStop,
            Dtmf::Digit(_) => DtmfDialect::Asterisk,
        }
    }
}

/// One of the two dialects of DTMF over AudioSocket.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
// Exhaustive on purpose: a third dialect would bring new signals, and so break [`Dtmf`] anyway.
#[expect(clippy::exhaustive_enums)]
pub enum DtmfDialect {
    /// Kind 0x03, one byte, sent when the key comes up: Asterisk since 20.14, 21.9, 22.4 and 23.0. Asterisk sends it but does not
    /// accept it.
    #[default]
    Asterisk,
    /// Kind 0x02, six bytes, sent at the start and at the stop, in both directions. The document is "AudioSocket with DTMF".
    StartStop,
}

impl DtmfDialect {
    const fn name(self) -> &'static str {
        match self {
            DtmfDialect::Asterisk => "asterisk",
            DtmfDialect::StartStop => "start-stop",
        }
    }
}

/// Shows the name that [`FromStr`] accepts: `asterisk` or `start-stop`.
impl fmt::Display for DtmfDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for DtmfDialect {
    type Err = ParseDialectError;

    fn from_str(text: &str) -> Result<DtmfDialect, ParseDialectError> {
        [DtmfDialect::Asterisk, DtmfDialect::StartStop]
            .into_iter()
            .find(|dialect| dialect.name() == text)
            .ok_or(ParseDialectError)
    }
}

/// The error for a text that is not the name of a [`DtmfDialect`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct ParseDialectError;

impl fmt::Display for ParseDialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown DTMF dialect: expected asterisk or start-stop")
    }
}

impl core::error::Error for ParseDialectError {}

/// One of the sixteen keys: `0` to `9`, `*`, `#`, and `A` to `D`.
///
/// Asterisk passes on lower-case letters unchanged. A digit made from a lower-case letter is equal to the upper-case digit and
/// shown in upper case. It is sent in lower case: see [`wire_code`](Digit::wire_code). The document of the start-stop dialect
/// lists only `1-9`, but Asterisk sends `0` like any other digit.
///
/// ```
/// use audiosocket::wire::Digit;
///
/// assert_eq!(Digit::from_ascii(b'd'), Digit::from_ascii(b'D'));
/// assert_eq!(Digit::from_ascii(b'd').map(Digit::to_char), Some('D'));
/// assert_eq!(Digit::from_ascii(b'd').map(Digit::wire_code), Some(b'd'));
/// assert_eq!(Digit::from_ascii(b'#').map(Digit::to_char), Some('#'));
/// assert_eq!(Digit::from_ascii(b'E'), None);
/// ```
#[derive(Clone, Copy)]
// The byte on the wire: a letter may be in lower case.
pub struct Digit(u8);

impl Digit {
    /// All sixteen keys in the order of a keypad, row by row (ITU-T Q.23).
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

    /// Returns the digit with this ASCII code; `None` for any other code.
    pub const fn from_ascii(code: u8) -> Option<Digit> {
        match code {
            b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'a'..=b'd' => Some(Digit(code)),
            _ => None,
        }
    }

    /// Returns the digit's ASCII code, with letters in upper case.
    pub const fn to_ascii(self) -> u8 {
        self.0.to_ascii_uppercase()
    }

    /// Returns the digit's character, with letters in upper case.
    pub const fn to_char(self) -> char {
        self.to_ascii() as char
    }

    /// Returns the ASCII code that is sent: a letter keeps its case.
    pub const fn wire_code(self) -> u8 {
        self.0
    }
}

impl PartialEq for Digit {
    fn eq(&self, other: &Digit) -> bool {
        self.to_ascii() == other.to_ascii()
    }
}

impl Eq for Digit {}

impl Ord for Digit {
    fn cmp(&self, other: &Digit) -> Ordering {
        self.to_ascii().cmp(&other.to_ascii())
    }
}

impl PartialOrd for Digit {
    fn partial_cmp(&self, other: &Digit) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Digit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_ascii().hash(state);
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

/// The error for a character that is not one of the sixteen DTMF digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct InvalidDigit {
    /// The character.
    pub character: char,
}

impl fmt::Display for InvalidDigit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a DTMF digit: expected 0-9, *, #, A-D",
            self.character
        )
    }
}

impl core::error::Error for InvalidDigit {}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString as _};

    use super::*;

    #[test]
    fn dialect_names_parse_to_dialects() {
        for (name, dialect) in [
            ("asterisk", DtmfDialect::Asterisk),
            ("start-stop", DtmfDialect::StartStop),
        ] {
            assert_eq!(name.parse(), Ok(dialect));
            assert_eq!(dialect.to_string(), name);
        }
        assert_eq!("Asterisk".parse::<DtmfDialect>(), Err(ParseDialectError));
    }

    #[test]
    fn duration_of_stop_is_exact() {
        let digit = Digit::ALL[0];
        let stop = |duration_ms| Dtmf::Stop { digit, duration_ms }.duration();
        assert_eq!(stop(u32::MAX), Some(Duration::from_millis(4_294_967_295)));
        assert_eq!(stop(0), Some(Duration::ZERO));
        assert_eq!(Dtmf::Start(digit).duration(), None);
        assert_eq!(Dtmf::Digit(digit).duration(), None);
    }

    #[test]
    fn twenty_bytes_are_valid_for_sixteen_digits() {
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
    fn lower_case_is_kept_on_the_wire_and_shown_upper() {
        for (lower, upper) in b"abcd0*".iter().zip(b"ABCD0*") {
            let digit = Digit::from_ascii(*lower).unwrap();
            assert_eq!(digit, Digit::from_ascii(*upper).unwrap());
            assert_eq!((digit.wire_code(), digit.to_ascii()), (*lower, *upper));
            assert_eq!(digit.to_string(), char::from(*upper).to_string());
        }
    }

    #[test]
    fn character_beyond_ascii_is_no_digit() {
        // The low bytes of U+0131 and U+FF11 are the codes of digits.
        for character in ['\u{131}', '\u{ff11}', 'E', ' '] {
            assert_eq!(Digit::try_from(character), Err(InvalidDigit { character }));
        }
    }
}
