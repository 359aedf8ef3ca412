//! Reports that wait to be printed.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::json::Object;
use crate::text::counted;

/// Queue of reports from many calls to the printing thread. Adding a report never waits, so a slow reader of the output delays no
/// call. The queue is bounded, so a peer that causes a flood of reports does not fill the memory.
#[derive(Debug, Default)]
pub struct Reports {
    state: Mutex<State>,
    changed: Condvar,
}

/// Limit of the reports. Each takes a few hundred bytes, which makes a few megabytes in all.
const CAPACITY: usize = 10_000;
/// Limit for details and warnings. The rest is reserved for the start and the end of calls, two reports each.
const CAPACITY_FOR_DETAILS: usize = 8_000;
/// Limit of the bytes of details and warnings. The report of one frame can take 200 kB.
const BYTES_FOR_DETAILS: usize = 8 << 20;

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Report>,
    /// Bytes of the waiting reports.
    bytes: usize,
    /// Number of reports dropped since the last report about dropped ones.
    dropped: usize,
    closed: bool,
}

/// Report in both formats.
#[derive(Debug)]
pub struct Report {
    pub importance: Importance,
    pub json: Object,
    pub text: String,
}

impl Report {
    /// Creates a warning that belongs to no call.
    pub fn warning(text: &str) -> Report {
        Report {
            importance: Importance::Warning,
            json: Object::event("warning").text("text", text),
            text: String::from(text),
        }
    }

    /// Returns the number of bytes in both formats.
    fn len(&self) -> usize {
        self.json.len() + self.text.len()
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Importance {
    /// A call starts or ends.
    Call,
    /// Event during a call.
    Detail,
    /// Warning about an error.
    Warning,
}

impl Reports {
    /// Adds a report, or counts it as dropped if the queue is full.
    pub fn add(&self, report: Report) {
        let mut state = self.state();
        let has_room = match report.importance {
            Importance::Call => state.waiting.len() < CAPACITY,
            // After one drop, all details are dropped until the drop is reported. So the reader gets one report at the right
            // place.
            _ => {
                state.dropped == 0
                    && state.waiting.len() < CAPACITY_FOR_DETAILS
                    && state.bytes + report.len() <= BYTES_FOR_DETAILS
            }
        };
        if state.closed {
            return;
        }
        if has_room {
            state.bytes += report.len();
            state.waiting.push_back(report);
        } else {
            state.dropped += 1;
        }
        self.changed.notify_one();
    }

    /// Waits for the next report and returns it. Returns `None` when the queue is closed and empty.
    pub fn take(&self) -> Option<Report> {
        let mut state = self.state();
        loop {
            if let Some(report) = state.waiting.pop_front() {
                state.bytes -= report.len();
                return Some(report);
            }
            if state.dropped > 0 {
                let dropped = std::mem::take(&mut state.dropped);
                let text = format!(
                    "{} dropped: read the output faster",
                    counted(dropped, "report")
                );
                return Some(Report {
                    importance: Importance::Warning,
                    json: Object::event("warning")
                        .text("text", &text)
                        .number("dropped", dropped),
                    text,
                });
            }
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns a function that adds each text as a warning.
    pub fn warner(self: &Arc<Self>) -> impl Fn(&str) + Send + Sync + 'static {
        let reports = Arc::clone(self);
        move |text| reports.add(Report::warning(text))
    }

    /// Closes the queue to new reports. Queued reports can still be removed.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Closes the queue and drops the queued reports.
    pub fn discard(&self) {
        let mut state = self.state();
        *state = State {
            closed: true,
            ..State::default()
        };
        self.changed.notify_all();
    }

    /// Returns the number of queued reports, including dropped ones.
    pub fn waiting(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.dropped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(importance: Importance, number: usize) -> Report {
        Report {
            importance,
            json: Object::event("test"),
            text: number.to_string(),
        }
    }

    fn texts(reports: &Reports) -> Vec<String> {
        std::iter::from_fn(|| reports.take().map(|report| report.text)).collect()
    }

    #[test]
    fn flood_is_cut_and_keeps_reports_of_calls() {
        let reports = Reports::default();
        for number in 0..100_000 {
            reports.add(report(Importance::Detail, number));
        }
        reports.add(report(Importance::Call, 100_000));
        reports.add(report(Importance::Warning, 100_001));
        assert_eq!(reports.waiting(), 100_002);
        assert_eq!(reports.state().waiting.len(), CAPACITY_FOR_DETAILS + 1);
        reports.close();
        let texts = texts(&reports);
        let expected: Vec<String> = (0..CAPACITY_FOR_DETAILS)
            .chain([100_000])
            .map(|number| number.to_string())
            .collect();
        let (last, others) = texts.split_last().unwrap();
        assert_eq!(others, expected);
        assert_eq!(last, "92001 reports dropped: read the output faster");
    }

    #[test]
    fn large_reports_are_limited_by_their_bytes() {
        let reports = Reports::default();
        let large = |_| Report {
            text: "x".repeat(100_000),
            ..report(Importance::Detail, 0)
        };
        (0..1000).map(large).for_each(|report| reports.add(report));
        let (waiting, bytes) = {
            let state = reports.state();
            (state.waiting.len(), state.bytes)
        };
        assert!((80..=84).contains(&waiting), "{waiting}");
        assert!(bytes <= BYTES_FOR_DETAILS, "{bytes}");
        for _ in 0..waiting {
            reports.take().unwrap();
        }
        assert_eq!(reports.state().bytes, 0);
    }

    #[test]
    fn reports_of_calls_are_limited_too() {
        let reports = Reports::default();
        for number in 0..=CAPACITY {
            reports.add(report(Importance::Call, number));
        }
        reports.close();
        let texts = texts(&reports);
        assert_eq!(texts.len(), CAPACITY + 1);
        assert_eq!(texts[CAPACITY], "1 report dropped: read the output faster");
    }

    #[test]
    fn reports_resume_after_the_drop_is_printed() {
        let reports = Reports::default();
        for number in 0..=CAPACITY_FOR_DETAILS {
            reports.add(report(Importance::Detail, number));
        }
        for _ in 0..=CAPACITY_FOR_DETAILS {
            reports.take().unwrap();
        }
        reports.add(report(Importance::Detail, 7));
        assert_eq!(reports.take().unwrap().text, "7");
        reports.close();
        reports.add(report(Importance::Call, 8));
        assert!(reports.take().is_none());
    }
}
