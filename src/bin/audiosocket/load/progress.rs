//! How far a load has come.

use std::io::{self, IsTerminal};
use std::time::Duration;

use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;

use super::run::Run;

/// Says so once a second: to a person in one line that is written anew each time, to a program in a line of JSON each. In a pipe
/// without JSON a line every 10 s is enough.
#[derive(Debug)]
pub struct Progress {
    form: Form,
    interval: Duration,
    next: Duration,
    /// Of the line on the terminal.
    columns: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Json,
    /// On a terminal.
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

    /// Until there is something to tell.
    pub fn time_left(&self, run: &Run) -> Duration {
        run.time_left_to(self.next)
    }

    pub fn tell(&mut self, run: &Run, calls_over: usize, output: &Output) -> Result<(), Failure> {
        let seconds = self.next.as_secs();
        // One that was missed because the output was slow is not made up for.
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
            "{seconds:3} s {under_way:5} calls, {sent} sent, {received} back, {corrupt} corrupt"
        );
        if self.form == Form::Lines {
            return output.line(&line);
        }
        self.overwrite(&line, output)
    }

    /// Leaves an empty line where it was told on a terminal.
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

/// One fewer than the tool's lines have: some terminals go on to the next line behind the last column.
const COLUMNS: usize = 59;
