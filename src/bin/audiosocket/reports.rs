//! What is waiting to be printed.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::json::Object;
use crate::text::counted;

/// Reports from many calls to the one thread that prints them. Adding one never waits, so that a reader of our output who is
/// slow holds up no call; and there is room for so many, so that a peer who causes them in a flood does not fill the memory.
#[derive(Debug, Default)]
pub struct Reports {
    state: Mutex<State>,
    changed: Condvar,
}

/// Some hundred bytes each: a few megabytes.
const CAPACITY: usize = 10_000;
/// The rest is for the begin and the end of calls, two reports each, however many digits and warnings a peer causes.
const CAPACITY_FOR_DETAILS: usize = 8_000;

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Report>,
    /// How many found no room since that was said last.
    dropped: usize,
    closed: bool,
}

/// Something to print, in both forms.
#[derive(Debug)]
pub struct Report {
    pub importance: Importance,
    pub json: Object,
    pub text: String,
}

impl Report {
    /// Of something that is wrong, on no call in particular.
    pub fn warning(text: &str) -> Report {
        Report {
            importance: Importance::Warning,
            json: Object::event("warning").text("text", text),
            text: String::from(text),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Importance {
    /// A call begins or ends.
    Call,
    /// Something on a call.
    Detail,
    /// Something is wrong.
    Warning,
}

impl Reports {
    /// Adds a report, or counts it if there is no room.
    pub fn add(&self, report: Report) {
        let mut state = self.state();
        let has_room = match report.importance {
            Importance::Call => state.waiting.len() < CAPACITY,
            // Once one is dropped, all are until that has been said: so it is said where it happened, and once.
            _ => state.dropped == 0 && state.waiting.len() < CAPACITY_FOR_DETAILS,
        };
        if state.closed {
            return;
        }
        if has_room {
            state.waiting.push_back(report);
        } else {
            state.dropped += 1;
        }
        self.changed.notify_one();
    }

    /// Waits for the next report; `None` when they are closed and all have been taken.
    pub fn take(&self) -> Option<Report> {
        let mut state = self.state();
        loop {
            if let Some(report) = state.waiting.pop_front() {
                return Some(report);
            }
            if state.dropped > 0 {
                let dropped = std::mem::take(&mut state.dropped);
                let text = format!(
                    "{} dropped: the output is read too slowly",
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

    /// What is to be called with what goes wrong, one line for each.
    pub fn warner(self: &Arc<Self>) -> impl Fn(&str) + Send + 'static {
        let reports = Arc::clone(self);
        move |text| reports.add(Report::warning(text))
    }

    /// No more reports are taken in. Those that wait can still be taken out.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// How many have not been taken out, those dropped included.
    pub fn waiting(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.dropped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs while it is held.
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
    fn a_flood_is_cut_and_counted_and_costs_no_call_its_report() {
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
        assert_eq!(last, "92001 reports dropped: the output is read too slowly");
    }

    #[test]
    fn there_is_an_end_to_the_reports_of_calls_too() {
        let reports = Reports::default();
        for number in 0..=CAPACITY {
            reports.add(report(Importance::Call, number));
        }
        reports.close();
        let texts = texts(&reports);
        assert_eq!(texts.len(), CAPACITY + 1);
        assert_eq!(
            texts[CAPACITY],
            "1 report dropped: the output is read too slowly"
        );
    }

    #[test]
    fn after_the_drop_has_been_said_reports_are_taken_in_again() {
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
