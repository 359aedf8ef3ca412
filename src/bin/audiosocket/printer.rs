//! Printing of reports.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, cannot_start_a_thread};
use crate::output::{self, Output};
use crate::reports::{Importance, Reports};
use crate::text::counted;

/// Printer of the reports, on a separate thread. A reader of the output that is slow or has stopped delays neither the calls nor
/// the exit.
pub struct Printer {
    reports: Arc<Reports>,
    printed: mpsc::Receiver<Result<(), Failure>>,
}

/// How long the remaining reports may take to print after the time of `--seconds`.
const LAST_LINES: Duration = Duration::from_secs(2);

impl Printer {
    /// Starts the thread. If the output fails, the thread prints one line on standard error that ends with `consequence`, calls
    /// `on_failure` and drops all further reports. The calls go on, because a report that cannot be printed must not harm a call.
    pub fn start(
        reports: &Arc<Reports>,
        json: bool,
        consequence: &'static str,
        on_failure: impl FnOnce() + Send + 'static,
    ) -> Result<Printer, Failure> {
        let (finished, printed) = mpsc::channel();
        let reports = Arc::clone(reports);
        let taken = Arc::clone(&reports);
        let print = move || {
            let result = print(&taken, json).map_err(|failure| {
                taken.discard();
                if let Some(message) = failure.message() {
                    // If this line cannot be printed, the exit code still reports the failure.
                    let _ = output::print_error(&format!("{message}; {consequence}"));
                }
                on_failure();
                Failure::Reported
            });
            // The receiver is gone if the time limit was reached before.
            let _ = finished.send(result);
        };
        match thread::Builder::new().spawn(print) {
            Ok(_) => Ok(Printer { reports, printed }),
            Err(error) => Err(cannot_start_a_thread(&error)),
        }
    }

    /// Prints the remaining reports. Waits as long as needed, or until shortly after `ends_at`.
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
                // Includes the report that is being printed.
                let left = counted(self.reports.waiting() + 1, "report");
                Err(Failure::Failed(format!(
                    "the time is up with {left} not printed: read the output faster"
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
            // In text output, warnings go to standard error, which makes them stand out.
            let _ = output::print_error(&report.text);
        } else {
            output.line(&report.text)?;
        }
    }
    Ok(())
}
