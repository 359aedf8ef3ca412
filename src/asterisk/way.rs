//! The two ways in which Asterisk reaches a server.

use core::fmt;
use core::str::FromStr;

/// A way in which Asterisk reaches a server: as text, `application` or `dial`.
///
/// ```
/// use audiosocket::asterisk::Way;
///
/// assert_eq!("dial".parse(), Ok(Way::ChannelDriver));
/// assert_eq!(Way::Application.to_string(), "application");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Way {
    /// The dialplan's application, `AudioSocket()`.
    #[default]
    Application,
    /// The channel driver: `Dial(AudioSocket/...)`, and ARI's ExternalMedia.
    ChannelDriver,
}

impl Way {
    /// Both ways.
    pub const ALL: &[Way] = &[Way::Application, Way::ChannelDriver];

    /// Returns the stable name for scripts: `application` or `dial`.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Application => "application",
            Way::ChannelDriver => "dial",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Way {
    type Err = ParseWayError;

    fn from_str(text: &str) -> Result<Way, ParseWayError> {
        let mut ways = Way::ALL.iter().copied();
        ways.find(|way| way.name() == text).ok_or(ParseWayError(()))
    }
}

/// The error for a text that is not the name of a [`Way`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ParseWayError(());

impl fmt::Display for ParseWayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown way: expected application or dial")
    }
}

impl core::error::Error for ParseWayError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_parses_from_its_name() {
        for &way in Way::ALL {
            assert_eq!(way.name().parse(), Ok(way));
        }
        assert!("Dial".parse::<Way>().is_err());
    }
}
