//! Timeline of several threads.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::text::wrapped;

/// Notes with their times, from several threads.
#[derive(Debug)]
pub struct Timeline {
    started: Instant,
    notes: Mutex<Vec<(Duration, String)>>,
}

impl Timeline {
    pub fn start() -> Timeline {
        Timeline {
            started: Instant::now(),
            notes: Mutex::new(Vec::new()),
        }
    }

    pub fn note(&self, note: &str) {
        let at = self.started.elapsed();
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((at, String::from(note)));
    }

    pub fn text(&self) -> String {
        let mut notes = self
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        notes.sort();
        notes
            .iter()
            .map(|(at, note)| {
                let start = format!("{:7.3} s  ", at.as_secs_f64());
                wrapped(&start, &" ".repeat(start.len() + 10), note) + "\n"
            })
            .collect()
    }
}
