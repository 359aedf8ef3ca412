//! The rules of one version, for its application or its channel driver.

use super::{Behaviour, Consequence, Consequences, Rule, Version};

/// The rules of one version, which a judge applies to a server.
///
/// They apply to a call from the application, unless [`in_channel_driver`](Rules::in_channel_driver) selects the channel driver.
///
/// ```
/// use audiosocket::asterisk::{Rule, Rules, Version};
///
/// let application = Rules::for_version(Version::REFERENCE);
/// assert!(application.consequence(Rule::Idle).is_some());
/// assert_eq!(application.in_channel_driver().consequence(Rule::Idle), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Rules {
    version: Version,
    is_channel_driver: bool,
}

impl Rules {
    /// Returns the rules of a version for a call from the application `AudioSocket()`.
    pub const fn for_version(version: Version) -> Rules {
        Rules {
            version,
            is_channel_driver: false,
        }
    }

    /// Returns these rules for a call from the channel driver, `Dial(AudioSocket/...)`.
    ///
    /// The channel driver has no time-out (measured with 22.10).
    #[must_use]
    pub const fn in_channel_driver(mut self) -> Rules {
        self.is_channel_driver = true;
        self
    }

    /// Returns the version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the general behaviour of the version.
    pub const fn behaviour(&self) -> &'static Behaviour {
        self.version.behaviour()
    }

    /// Returns the consequence of a violation; `None` if the version has no such rule.
    pub const fn consequence(&self, rule: Rule) -> Option<Consequence> {
        self.behaviour().consequence_in(self.consequences(), rule)
    }

    /// Returns the consequences through the selected way, the application or the channel driver.
    pub const fn consequences(&self) -> &'static Consequences {
        match self.is_channel_driver {
            true => &self.behaviour().channel_driver,
            false => &self.behaviour().application,
        }
    }
}

impl From<Version> for Rules {
    fn from(version: Version) -> Rules {
        Rules::for_version(version)
    }
}
