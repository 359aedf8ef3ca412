//! Why the tool did not do what it was asked to.

use std::process::ExitCode;

use audiosocket::wav::WavError;

/// A failure, in one line that says what was wrong and what to do.
#[derive(Debug)]
pub enum Failure {
    /// The command line was wrong: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed(String),
    /// The same, and what was wrong has been said already.
    Reported,
    /// Who read the output has gone.
    NobodyReads,
}

impl Failure {
    pub fn usage(message: &str) -> Failure {
        Failure::Usage(String::from(message))
    }

    pub fn failed(message: &str) -> Failure {
        Failure::Failed(String::from(message))
    }

    /// The same of what does nothing but print: who has read enough, as `head` has, wants to hear no more.
    pub fn of_printing(self) -> Failure {
        match self {
            Failure::NobodyReads => Failure::Reported,
            other => other,
        }
    }

    /// What is still to be said of it.
    pub fn message(&self) -> Option<String> {
        match self {
            Failure::Usage(message) => Some(format!("{message} (--help tells more)")),
            Failure::Failed(message) => Some(message.clone()),
            Failure::Reported => None,
            Failure::NobodyReads => Some(String::from(
                "cannot write to standard output: nobody reads it any more",
            )),
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) | Failure::Reported | Failure::NobodyReads => ExitCode::from(1),
        }
    }
}

impl From<WavError> for Failure {
    fn from(error: WavError) -> Failure {
        Failure::Failed(error.to_string())
    }
}
