//! Progress of a load.

use std::io::{self, IsTerminal};
use std::time::Duration;

use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;

use super::run::Run;

/// Progress report, printed once a second. A terminal gets one line that is overwritten, and a program gets a line of JSON each
/// time. A pipe without JSON gets a line every 10 s.
#[derive(Debug)]
pub struct Progress {
    form: Form,
    interval: Duration,
    next: Duration,
    /// Width of the line on the terminal.
    columns: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Json,
    /// One line on a terminal.
    OneLine,
    Lines,
}

impl Progress {
    pub fn new(json: bool) -> Progress {
        let (form, seconds) = match (json, io::stdout().is_terminal()) {
            (true, _) => (Form::Json, 1),
            (false, true) => (Form::OneLine, 1),
            (false, false) => (Form::Lines, 10),
        };
        let interval = Duration::from_secs(seconds);
        Progress {
            form,
            interval,
            next: interval,
            columns: 0,
        }
    }

    /// Returns the time until the next report.
    pub fn time_left(&self, run: &Run) -> Duration {
        run.time_left_to(self.next)
    }

    pub fn print(&mut self, run: &Run, calls_over: usize, output: &Output) -> Result<(), Failure> {
        let seconds = self.next.as_secs();
        // A report missed because of slow output is not printed later.
        while run.time_left_to(self.next).is_zero() {
            self.next += self.interval;
        }
        let under_way = run.calls.iter().filter(|call| call.is_under_way()).count();
        let tally = run.tally();
        let (sent, received, corrupt) = (tally.sent, tally.received(), tally.corrupt);
        if self.form == Form::Json {
            return output.line(
                &Object::event("progress")
                    .number("seconds", seconds as usize)
                    .number("calls", under_way)
                    .number("calls_over", calls_over)
                    .number("frames_sent", sent)
                    .number("frames_received", received)
                    .number("corrupt", corrupt)
                    .finish(),
            );
        }
        let line = format!(
            "{seconds:3} s {under_way:5} calls, {sent} sent, {received} received, {corrupt} corrupt"
        );
        if self.form == Form::Lines {
            return output.line(&line);
        }
        self.overwrite(&line, output)
    }

    /// Clears the progress line on a terminal.
    pub fn clear(&mut self, output: &Output) -> Result<(), Failure> {
        if self.columns == 0 {
            return Ok(());
        }
        self.overwrite("", output)?;
        output.text("\r")
    }

    fn overwrite(&mut self, line: &str, output: &Output) -> Result<(), Failure> {
        let line: String = line.chars().take(COLUMNS).collect();
        let columns = line.chars().count();
        let width = self.columns.max(columns);
        self.columns = columns;
        output.text(&format!("\r{line:width$}"))
    }
}

/// Line width, one less than the tool's limit. Some terminals start a new line after the last column.
const COLUMNS: usize = 59;
