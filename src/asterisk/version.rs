//! Versions of Asterisk.

use core::fmt;
use core::str::FromStr;

use super::behaviour::{Behaviour, TABLE};

/// A version of Asterisk whose behaviour is known.
///
/// Written `22.10`, or with a patch level `22.10.1`, which makes no difference; `18` stands for all of its releases, which behave
/// alike. `start-stop`, or `fork`, is the fork of the start-stop dialect. What is not in the [table](TABLE) is no version.
///
/// ```
/// use audiosocket::asterisk::Version;
///
/// let version: Version = "22.8.2".parse()?;
/// assert_eq!(version.to_string(), "22.8");
/// assert_eq!(version.behaviour().versions, "20.17-18, 22.7-8, 23.1-2");
/// assert!("22.99".parse::<Version>().is_err());
/// # Ok::<(), audiosocket::asterisk::ParseVersionError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Version {
    behaviour: &'static Behaviour,
    name: Name,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Name {
    Release(u16, u16),
    /// All releases of a major version.
    Major(u16),
    StartStop,
}

impl Version {
    /// The start-stop fork.
    pub const START_STOP: Version = Version {
        behaviour: &TABLE[7],
        name: Name::StartStop,
    };

    /// A version of each row of the [table](TABLE), oldest first and the fork last: who pleases them all pleases every version
    /// that is known.
    pub const REPRESENTATIVES: [Version; 8] = [
        Version::release(&TABLE[0], 20, 13),
        Version::release(&TABLE[1], 22, 4),
        Version::release(&TABLE[2], 22, 6),
        Version::release(&TABLE[3], 21, 12),
        Version::release(&TABLE[4], 22, 8),
        Version::release(&TABLE[5], 22, 9),
        Version::release(&TABLE[6], 22, 10),
        Version::START_STOP,
    ];

    /// The version that was measured: 22.10, of the newest row of the table. The default.
    pub const REFERENCE: Version = Version::release(&TABLE[6], 22, 10);

    const fn release(behaviour: &'static Behaviour, major: u16, minor: u16) -> Version {
        Version {
            behaviour,
            name: Name::Release(major, minor),
        }
    }

    /// What it does.
    pub const fn behaviour(&self) -> &'static Behaviour {
        self.behaviour
    }
}

impl Default for Version {
    fn default() -> Version {
        Version::REFERENCE
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Version, ParseVersionError> {
        if matches!(text, "start-stop" | "fork") {
            return Ok(Version::START_STOP);
        }
        let mut numbers = text.split('.').map(number);
        let (major, minor) = match (numbers.next(), numbers.next()) {
            (Some(Some(major)), None) => (major, None),
            (Some(Some(major)), Some(Some(minor))) => (major, Some(minor)),
            _ => return Err(ParseVersionError::NotAVersion),
        };
        // A patch level, and no more than that.
        if numbers.next().is_some_and(|patch| patch.is_none()) || numbers.next().is_some() {
            return Err(ParseVersionError::NotAVersion);
        }
        let Some(newest) = newest_minor(major) else {
            return Err(ParseVersionError::UnknownMajor { major });
        };
        let Some(minor) = minor else {
            let mut rows = TABLE.iter().filter(|row| row.newest_minor(major).is_some());
            return match (rows.next(), rows.next()) {
                (Some(behaviour), None) => Ok(Version {
                    behaviour,
                    name: Name::Major(major),
                }),
                _ => Err(ParseVersionError::Ambiguous { major, newest }),
            };
        };
        TABLE
            .iter()
            .find(|row| row.has_release(major, minor))
            .map(|behaviour| Version::release(behaviour, major, minor))
            .ok_or(ParseVersionError::UnknownMinor {
                major,
                minor,
                newest,
            })
    }
}

/// Digits alone: no sign, no space.
fn number(text: &str) -> Option<u16> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

fn newest_minor(major: u16) -> Option<u16> {
    TABLE.iter().filter_map(|row| row.newest_minor(major)).max()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Name::Release(major, minor) => write!(f, "{major}.{minor}"),
            Name::Major(major) => write!(f, "{major}"),
            Name::StartStop => f.write_str("start-stop"),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self})")
    }
}

/// Why a text is no version whose behaviour is known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ParseVersionError {
    /// It is no version at all.
    NotAVersion,
    /// Nothing is known of this major version.
    UnknownMajor {
        /// The major version.
        major: u16,
    },
    /// It is newer than what is known.
    UnknownMinor {
        /// The major version.
        major: u16,
        /// The minor version.
        minor: u16,
        /// The newest minor version that is known.
        newest: u16,
    },
    /// The minor version is missing, and makes a difference.
    Ambiguous {
        /// The major version.
        major: u16,
        /// The newest minor version that is known.
        newest: u16,
    },
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseVersionError::NotAVersion => {
                f.write_str("a version is due, such as 22.10 or start-stop")
            }
            ParseVersionError::UnknownMajor { major } => {
                write!(
                    f,
                    "Asterisk {major} is not known; 18, 20, 21, 22 and 23 are"
                )
            }
            ParseVersionError::UnknownMinor {
                major,
                minor,
                newest,
            } => {
                write!(
                    f,
                    "Asterisk {major}.{minor} is not known, {major}.0 to {major}.{newest} are"
                )
            }
            ParseVersionError::Ambiguous { major, newest } => {
                write!(f, "which {major}? {major}.0 to {major}.{newest} differ")
            }
        }
    }
}

impl core::error::Error for ParseVersionError {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn versions_are_found_in_their_row() {
        for (text, versions, said) in [
            ("22.10", "20.20, 22.10, 23.4", "22.10"),
            ("22.10.1", "20.20, 22.10, 23.4", "22.10"),
            ("23.0", "20.15-16, 21.10-11, 22.5-6, 23.0", "23.0"),
            ("18", "18, to 20.13, 21.8 and 22.3", "18"),
            ("18.26.4", "18, to 20.13, 21.8 and 22.3", "18.26"),
            ("20.0", "18, to 20.13, 21.8 and 22.3", "20.0"),
            ("20.13", "18, to 20.13, 21.8 and 22.3", "20.13"),
            ("20.14", "20.14, 21.9, 22.4", "20.14"),
            ("21.12", "21.12", "21.12"),
            ("22.9", "20.19, 22.9, 23.3", "22.9"),
            ("fork", "start-stop", "start-stop"),
            ("start-stop", "start-stop", "start-stop"),
        ] {
            let version: Version = text.parse().unwrap();
            assert_eq!(version.behaviour().versions, versions, "{text}");
            assert_eq!(version.to_string(), said);
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (text, error) in [
            ("", "a version is due, such as 22.10 or start-stop"),
            ("x", "a version is due, such as 22.10 or start-stop"),
            ("22.", "a version is due, such as 22.10 or start-stop"),
            ("22.x", "a version is due, such as 22.10 or start-stop"),
            ("+22.1", "a version is due, such as 22.10 or start-stop"),
            ("22.10.1.1", "a version is due, such as 22.10 or start-stop"),
            ("22.10.x", "a version is due, such as 22.10 or start-stop"),
            ("99999.1", "a version is due, such as 22.10 or start-stop"),
            (
                "19.1",
                "Asterisk 19 is not known; 18, 20, 21, 22 and 23 are",
            ),
            ("22", "which 22? 22.0 to 22.10 differ"),
            ("22.11", "Asterisk 22.11 is not known, 22.0 to 22.10 are"),
            ("23.5", "Asterisk 23.5 is not known, 23.0 to 23.4 are"),
        ] {
            let said = text.parse::<Version>().unwrap_err().to_string();
            assert_eq!(said, error, "{text}");
        }
    }

    #[test]
    fn the_one_of_each_row_is_in_that_row() {
        for (version, row) in Version::REPRESENTATIVES.iter().zip(&TABLE) {
            assert_eq!(version.behaviour(), row);
            let parsed: Version = version.to_string().parse().unwrap();
            assert_eq!(parsed, *version);
        }
    }
}
