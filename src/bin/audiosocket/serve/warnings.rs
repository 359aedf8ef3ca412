//! Warnings about one call.

use audiosocket::wire::Uuid;

use crate::json::Object;
use crate::reports::{Importance, Report, Reports};
use crate::text::{counted, short};

/// Warnings of one call. A peer can cause a warning with each frame. After a few, more of them add no information, so the rest is
/// counted.
pub struct Warnings<'a> {
    uuid: Uuid,
    count: usize,
    reports: &'a Reports,
}

const WARNINGS_PER_CALL: usize = 5;

impl<'a> Warnings<'a> {
    pub fn new(uuid: Uuid, reports: &'a Reports) -> Warnings<'a> {
        Warnings {
            uuid,
            count: 0,
            reports,
        }
    }

    pub fn add(&mut self, text: &str) {
        self.count_and_report(text, text);
    }

    /// Adds a warning about a message that a server does not expect.
    pub fn add_received(&mut self, message: &str) {
        self.count_and_report(message, &format!("received {message}"));
    }

    /// Reports the number of warnings that were not printed.
    pub fn finish(self) {
        let more = self.count.saturating_sub(WARNINGS_PER_CALL);
        if more > 0 {
            let text = format!("{} not printed", counted(more, "more warning"));
            self.report(&text, &text);
        }
    }

    fn count_and_report(&mut self, text: &str, line: &str) {
        self.count += 1;
        if self.count <= WARNINGS_PER_CALL {
            self.report(text, line);
        }
    }

    /// Reports `text` in JSON, and `line` as a line of text.
    fn report(&self, text: &str, line: &str) {
        self.reports.add(Report {
            importance: Importance::Warning,
            json: Object::event("warning")
                .text("uuid", &self.uuid.to_string())
                .text("text", text),
            text: format!("{} {line}", short(self.uuid)),
        });
    }
}
