//! Versions of Asterisk.

use core::fmt;
use core::str::FromStr;

use std::collections::BTreeSet;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::behaviour::{Behaviour, TABLE};

/// A version of Asterisk.
///
/// It is parsed from text such as `22.10`. A patch level, as in `22.10.1`, makes no difference. `18` means all releases of 18,
/// which behave alike. `certified-22.8-cert4` or `22.8-cert4` is a certified release, which behaves like 22.8. `start-stop` or
/// `fork` is the fork with the start-stop dialect.
///
/// A release newer than the [table](TABLE) has the behaviour of its newest row, and [`is_known`](Version::is_known) returns false.
///
/// ```
/// use audiosocket::asterisk::Version;
///
/// let version: Version = "22.8.2".parse()?;
/// assert_eq!(version.to_string(), "22.8");
/// assert_eq!(version.behaviour().versions(), "20.17-18, 22.7-8, 23.1-2");
/// let newer: Version = "22.9999".parse()?;
/// assert!(version.is_known() && !newer.is_known());
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
    /// A certified release: major, minor, and number of the certificate.
    Certified(u16, u16, u16),
    /// All releases of a major version.
    Major(u16),
    StartStop,
}

impl Version {
    /// The start-stop fork.
    pub const START_STOP: Version = Version::of_row(FORK);

    /// One version for each row of the [table](TABLE), oldest first, the fork last.
    ///
    /// A server that works with all of them works with every known version.
    pub const REPRESENTATIVES: &[Version] = &REPRESENTATIVES;

    /// The newest version that was measured. It is the default.
    pub const REFERENCE: Version = Version::of_row(MEASURED);

    /// Returns the version that represents a row. A row without releases is the fork.
    const fn of_row(row: usize) -> Version {
        #[expect(
            clippy::indexing_slicing,
            reason = "evaluated by the compiler, which refuses a row that does not exist"
        )]
        let behaviour = &TABLE[row];
        match behaviour.representative() {
            Some((major, minor)) => Version::release(behaviour, major, minor),
            None => Version {
                behaviour,
                name: Name::StartStop,
            },
        }
    }

    const fn release(behaviour: &'static Behaviour, major: u16, minor: u16) -> Version {
        Version {
            behaviour,
            name: Name::Release(major, minor),
        }
    }

    /// Returns the behaviour of the version.
    pub const fn behaviour(&self) -> &'static Behaviour {
        self.behaviour
    }

    /// Returns whether the [table](TABLE) has this version. A newer version is judged by the newest row.
    pub fn is_known(&self) -> bool {
        match self.name {
            Name::Release(major, minor) | Name::Certified(major, minor, _) => {
                self.behaviour.has_release(major, minor)
            }
            Name::Major(major) => self.behaviour.newest_minor(major).is_some(),
            Name::StartStop => true,
        }
    }
}

/// The index of the fork in the table.
const FORK: usize = TABLE.len() - 1;

/// The index of the newest row with a measured release.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses a row that does not exist"
)]
const MEASURED: usize = {
    let mut measured = 0;
    let mut row = 0;
    while row < TABLE.len() {
        if TABLE[row].is_measured() {
            measured = row;
        }
        row += 1;
    }
    measured
};

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses a row that does not exist"
)]
const REPRESENTATIVES: [Version; TABLE.len()] = {
    let mut versions = [Version::START_STOP; TABLE.len()];
    let mut row = 0;
    while row < TABLE.len() {
        versions[row] = Version::of_row(row);
        row += 1;
    }
    versions
};

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
        let (release, certificate) = match certified(text) {
            Some((release, certificate)) => (release, Some(certificate)),
            None => (text, None),
        };
        let mut numbers = release.split('.').map(number);
        let (major, minor) = match (numbers.next(), numbers.next()) {
            (Some(Some(major)), None) => (major, None),
            (Some(Some(major)), Some(Some(minor))) => (major, Some(minor)),
            _ => return Err(ParseVersionError::NotAVersion),
        };
        // At most a patch level may follow.
        if numbers.next().is_some_and(|patch| patch.is_none()) || numbers.next().is_some() {
            return Err(ParseVersionError::NotAVersion);
        }
        let newest = newest_minor(major);
        if newest.is_none() && major < newest_major() {
            return Err(ParseVersionError::UnknownMajor { major });
        }
        match (minor, certificate) {
            (None, Some(_)) => Err(ParseVersionError::NotAVersion),
            (None, None) => {
                let mut rows = TABLE.iter().filter(|row| row.newest_minor(major).is_some());
                match (rows.next(), rows.next(), newest) {
                    (Some(_), Some(_), Some(newest)) => {
                        Err(ParseVersionError::Ambiguous { major, newest })
                    }
                    (row, ..) => Ok(Version {
                        behaviour: row.unwrap_or(newest_row()),
                        name: Name::Major(major),
                    }),
                }
            }
            (Some(minor), certificate) => {
                let row = TABLE.iter().find(|row| row.has_release(major, minor));
                Ok(Version {
                    behaviour: row.unwrap_or(newest_row()),
                    name: match certificate {
                        Some(certificate) => Name::Certified(major, minor, certificate),
                        None => Name::Release(major, minor),
                    },
                })
            }
        }
    }
}

/// Returns the release and the number of the certificate in `certified-22.8-cert4` or `22.8-cert4`.
fn certified(text: &str) -> Option<(&str, u16)> {
    let text = text.strip_prefix("certified-").unwrap_or(text);
    let (release, certificate) = text.split_once("-cert")?;
    number(certificate).map(|certificate| (release, certificate))
}

/// Parses a number that consists of digits only, without a sign or a space.
fn number(text: &str) -> Option<u16> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

fn newest_minor(major: u16) -> Option<u16> {
    TABLE.iter().filter_map(|row| row.newest_minor(major)).max()
}

fn newest_major() -> u16 {
    TABLE.iter().flat_map(Behaviour::majors).max().unwrap_or(0)
}

/// Returns the newest row: the last one with releases.
fn newest_row() -> &'static Behaviour {
    let mut rows = TABLE.iter().rev();
    rows.find(|row| row.representative().is_some())
        .unwrap_or(Version::REFERENCE.behaviour)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Name::Release(major, minor) => write!(f, "{major}.{minor}"),
            Name::Certified(major, minor, certificate) => {
                write!(f, "{major}.{minor}-cert{certificate}")
            }
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

/// The reason why a text is not a version with known behaviour.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ParseVersionError {
    /// The text is not a version.
    NotAVersion,
    /// The major version is not in the table, and not newer than all that are.
    #[non_exhaustive]
    UnknownMajor {
        /// The major version.
        major: u16,
    },
    /// The minor version is missing, and the releases of this major version differ.
    #[non_exhaustive]
    Ambiguous {
        /// The major version.
        major: u16,
        /// The newest known minor version.
        newest: u16,
    },
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseVersionError::NotAVersion => {
                f.write_str("not a version: expected one such as 22.10 or start-stop")
            }
            ParseVersionError::UnknownMajor { major } => {
                let majors: BTreeSet<u16> = TABLE.iter().flat_map(Behaviour::majors).collect();
                let majors: Vec<String> = majors.iter().map(u16::to_string).collect();
                let majors = enumerated(&majors);
                write!(f, "unknown Asterisk {major}: the known ones are {majors}")
            }
            ParseVersionError::Ambiguous { major, newest } => {
                write!(
                    f,
                    "the releases of {major} differ: expected one from {major}.0 to {major}.{newest}"
                )
            }
        }
    }
}

impl core::error::Error for ParseVersionError {}

/// Joins items for display: "1", "1 and 2", "1, 2 and 3".
fn enumerated(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_their_row() {
        for (text, row, said) in [
            ("22.10", 6, "22.10"),
            ("22.10.1", 6, "22.10"),
            ("23.0", 2, "23.0"),
            ("18", 0, "18"),
            ("18.26.4", 0, "18.26"),
            ("20.0", 0, "20.0"),
            ("20.13", 0, "20.13"),
            ("20.14", 1, "20.14"),
            ("21.12", 3, "21.12"),
            ("22.9", 5, "22.9"),
            ("22.11", 6, "22.11"),
            ("23.5", 6, "23.5"),
            ("20.21", 6, "20.21"),
            ("19", 0, "19"),
            ("19.3", 0, "19.3"),
            ("18.9-cert17", 0, "18.9-cert17"),
            ("certified-20.7-cert3", 0, "20.7-cert3"),
            ("certified-22.8-cert4", 4, "22.8-cert4"),
            ("22.8-cert4", 4, "22.8-cert4"),
            ("fork", 7, "start-stop"),
            ("start-stop", 7, "start-stop"),
        ] {
            let version: Version = text.parse().unwrap();
            assert_eq!(version.behaviour(), &TABLE[row], "{text}");
            assert_eq!(version.to_string(), said);
            assert!(version.is_known(), "{text}");
        }
    }

    #[test]
    fn newer_release_is_judged_as_newest_row() {
        for text in [
            "22.99",
            "21.13",
            "20.99",
            "24.0",
            "25.1",
            "24",
            "24.3-cert1",
        ] {
            let version: Version = text.parse().unwrap();
            assert_eq!(version.behaviour(), &TABLE[6], "{text}");
            assert_eq!(version.to_string(), text);
            assert!(!version.is_known(), "{text}");
        }
    }

    #[test]
    fn unknown_version_is_named_in_the_error() {
        let not_a_version = "not a version: expected one such as 22.10 or start-stop";
        for text in [
            "",
            "x",
            "22.",
            "22.x",
            "+22.1",
            "22.10.1.1",
            "22.10.x",
            "99999.1",
            "22-cert4",
            "22.8-cert",
            "22.8-certx",
            "certified-",
        ] {
            let error = text.parse::<Version>().unwrap_err();
            assert_eq!(error.to_string(), not_a_version, "{text}");
        }
        let error = "17.1".parse::<Version>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown Asterisk 17: the known ones are 18, 19, 20, 21, 22 and 23"
        );
        let newest = newest_minor(22).unwrap();
        let error = "22".parse::<Version>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the releases of 22 differ: expected one from 22.0 to 22.{newest}")
        );
    }

    #[test]
    fn representative_version_is_in_its_row() {
        for (version, row) in Version::REPRESENTATIVES.iter().zip(TABLE) {
            assert_eq!(version.behaviour(), row);
            let parsed: Version = version.to_string().parse().unwrap();
            assert_eq!(parsed, *version);
        }
    }
}
