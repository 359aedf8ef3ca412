//! The rules of one version, in one of its two parts.

use super::{Behaviour, Consequence, Consequences, Rule, Version};

/// The rules by which a server is judged: those of a version, in the dialplan's application unless it is said otherwise.
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
    /// The rules of a version, for a call from the application `AudioSocket()`.
    pub const fn for_version(version: Version) -> Rules {
        Rules {
            version,
            is_channel_driver: false,
        }
    }

    /// The same for a call from the channel driver, `Dial(AudioSocket/...)`, which has no time-out (measured with 22.10).
    #[must_use]
    pub const fn in_channel_driver(mut self) -> Rules {
        self.is_channel_driver = true;
        self
    }

    /// The version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What the version does in general.
    pub const fn behaviour(&self) -> &'static Behaviour {
        self.version.behaviour()
    }

    /// What comes of breaking a rule; `None` if the version takes no offence.
    pub const fn consequence(&self, rule: Rule) -> Option<Consequence> {
        self.behaviour().consequence_in(self.consequences(), rule)
    }

    /// The consequences through the application or the channel driver, whichever was chosen.
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
