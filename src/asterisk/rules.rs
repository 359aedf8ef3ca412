//! The rules of one version, for its application or its channel driver.

use super::{Behaviour, Consequence, Consequences, Rule, Version, Way};

/// The rules of one version, which a judge applies to a server.
///
/// They apply to a call from the application `AudioSocket()`, unless [`through`](Rules::through) selects the channel driver. The
/// start-stop fork calls from its channel driver by default, because its application sends no digits.
///
/// ```
/// use audiosocket::asterisk::{Rule, Rules, Version, Way};
///
/// let application = Rules::for_version(Version::REFERENCE);
/// assert!(application.consequence(Rule::Idle).is_some());
/// assert_eq!(application.through(Way::ChannelDriver).consequence(Rule::Idle), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Rules {
    version: Version,
    way: Way,
}

impl Rules {
    /// Returns the rules of a version for a call from the application `AudioSocket()`.
    ///
    /// For the start-stop fork, in which only the channel driver sends digits, they are for a call from the channel driver.
    pub const fn for_version(version: Version) -> Rules {
        let behaviour = version.behaviour();
        let way = match (
            behaviour.application.digits,
            behaviour.channel_driver.digits,
        ) {
            (None, Some(_)) => Way::ChannelDriver,
            _ => Way::Application,
        };
        Rules { version, way }
    }

    /// Returns these rules for a call that reaches the server in the given way.
    #[must_use]
    pub const fn through(mut self, way: Way) -> Rules {
        self.way = way;
        self
    }

    /// Returns these rules for a call from the channel driver, `Dial(AudioSocket/...)`.
    ///
    /// The channel driver has no time-out (measured with 22.10).
    #[must_use]
    pub const fn in_channel_driver(self) -> Rules {
        self.through(Way::ChannelDriver)
    }

    /// Returns the version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the way in which the call reaches the server.
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Returns the general behaviour of the version.
    pub const fn behaviour(&self) -> &'static Behaviour {
        self.version.behaviour()
    }

    /// Returns the consequence of a violation; `None` if the version has no such rule.
    pub const fn consequence(&self, rule: Rule) -> Option<Consequence> {
        self.behaviour().consequence_in(self.consequences(), rule)
    }

    /// Returns the consequences for a call that reaches the server in the selected way.
    pub const fn consequences(&self) -> &'static Consequences {
        self.behaviour().through(self.way)
    }
}

impl From<Version> for Rules {
    fn from(version: Version) -> Rules {
        Rules::for_version(version)
    }
}
