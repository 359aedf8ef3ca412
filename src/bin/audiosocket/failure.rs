//! Errors of the tool.

use std::io;
use std::process::ExitCode;

use audiosocket::wav::WavError;

/// Failure with a one-line message that states the error and the remedy.
#[derive(Debug)]
pub enum Failure {
    /// The command line was wrong: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed(String),
    /// The work failed, and the error has been printed: exit code 1.
    Reported,
    /// The reader of the output has closed it.
    NobodyReads,
}

impl Failure {
    pub fn usage(message: &str) -> Failure {
        Failure::Usage(String::from(message))
    }

    pub fn failed(message: &str) -> Failure {
        Failure::Failed(String::from(message))
    }

    /// Converts the failure of a command that only prints. Its reader may stop early, as `head` does, which needs no message.
    pub fn of_printing(self) -> Failure {
        match self {
            Failure::NobodyReads => Failure::Reported,
            other => other,
        }
    }

    /// Returns the message, unless it has been printed.
    pub fn message(&self) -> Option<String> {
        match self {
            Failure::Usage(message) => Some(format!("{message} (see --help)")),
            Failure::Failed(message) => Some(message.clone()),
            Failure::Reported => None,
            Failure::NobodyReads => Some(String::from(
                "cannot write to standard output: its reader has closed it",
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

/// Returns the failure of a program that the system gives no more threads.
pub fn cannot_start_a_thread(error: &io::Error) -> Failure {
    let hint = match cfg!(unix) {
        true => ": raise the limit with 'ulimit -u'",
        false => "",
    };
    Failure::Failed(format!("cannot start a thread: {error}{hint}"))
}
