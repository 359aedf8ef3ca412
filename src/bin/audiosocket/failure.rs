//! Why the tool did not do what it was asked to.

use std::fmt;
use std::process::ExitCode;

/// A failure, in one line that says what was wrong and what to do.
#[derive(Debug)]
pub enum Failure {
    /// The command line was wrong: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed(String),
}

impl Failure {
    pub fn usage(message: &str) -> Failure {
        Failure::Usage(String::from(message))
    }

    pub fn failed(message: &str) -> Failure {
        Failure::Failed(String::from(message))
    }

    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(message) => write!(f, "{message} (--help tells more)"),
            Failure::Failed(message) => f.write_str(message),
        }
    }
}
