//! What prints the reports.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::output::{self, Output};
use crate::reports::{Importance, Reports};
use crate::text::counted;

/// Prints what is reported, on a thread of its own that can be left behind: a reader of our output who is slow, or has stopped
/// reading, holds up neither the calls nor the end.
pub struct Printer {
    reports: Arc<Reports>,
    printed: mpsc::Receiver<Result<(), Failure>>,
}

/// How long the reader of our output has for what is left when the time given by `--seconds` is over.
const LAST_LINES: Duration = Duration::from_secs(2);

impl Printer {
    /// Starts the thread. If nothing can be printed any more it calls `give_up`, once, so that all comes to an end.
    pub fn start(
        reports: &Arc<Reports>,
        json: bool,
        give_up: impl FnOnce() + Send + 'static,
    ) -> Result<Printer, Failure> {
        let (tell, printed) = mpsc::channel();
        let reports = Arc::clone(reports);
        let taken = Arc::clone(&reports);
        let print = move || {
            let result = print(&taken, json);
            if result.is_err() {
                taken.close();
                give_up();
            }
            // Nobody waits for it if the time was over before.
            let _ = tell.send(result);
        };
        match thread::Builder::new().spawn(print) {
            Ok(_) => Ok(Printer { reports, printed }),
            Err(error) => Err(Failure::Failed(format!("cannot start a thread: {error}"))),
        }
    }

    /// Prints what is left, however long that takes; but not beyond the time that was given.
    pub fn finish(self, ends_at: Option<Instant>) -> Result<(), Failure> {
        self.reports.close();
        let result = match ends_at {
            None => self.printed.recv().map_err(RecvTimeoutError::from),
            Some(at) => {
                let left = at.saturating_duration_since(Instant::now()) + LAST_LINES;
                self.printed.recv_timeout(left)
            }
        };
        match result {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                // And the one that is being printed.
                let left = counted(self.reports.waiting() + 1, "report");
                Err(Failure::Failed(format!(
                    "time is over and {left} not printed: nobody reads the output"
                )))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(Failure::failed("the thread that prints panicked"))
            }
        }
    }
}

fn print(reports: &Reports, json: bool) -> Result<(), Failure> {
    let output = Output::new();
    while let Some(report) = reports.take() {
        if json {
            output.line(&report.json.finish())?;
        } else if report.importance == Importance::Warning {
            // A warning in a text log stands out by where it is printed.
            let _ = output::print_error(&report.text);
        } else {
            output.line(&report.text)?;
        }
    }
    Ok(())
}
