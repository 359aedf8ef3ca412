//! Judgement of a server by the versions of Asterisk.

use std::fmt;
use std::time::Duration;

use audiosocket::asterisk::Rule;

use super::summary::seconds;

/// Result of judging the server's side of a captured call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdict {
    /// Rules that the server violated in any version of Asterisk.
    pub rules: Vec<Rule>,
    /// When the judges stopped because bytes are missing.
    pub stopped: Option<Duration>,
}

/// Formats the verdict for the text output.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.rules[..], self.stopped) {
            ([], Some(Duration::ZERO)) => {
                return f.write_str("not checked for violations: the start of the call is missing");
            }
            ([], _) => f.write_str("no violations in any version of Asterisk")?,
            (rules, _) => {
                let names: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
                let plural = if names.len() == 1 { "" } else { "s" };
                write!(f, "violation{plural}: {}", names.join(", "))?;
            }
        }
        match self.stopped {
            Some(at) => write!(
                f,
                ", checked up to {}, where bytes are missing",
                seconds(at)
            ),
            None => Ok(()),
        }
    }
}
