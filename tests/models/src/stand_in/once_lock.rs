//! A cell that is set once, which neither scheduler has.

use core::fmt;

use crate::sync::atomic::{AtomicBool, Ordering};

/// A cell that is set once.
pub struct OnceLock<T> {
    /// Lets the scheduler switch threads, and orders a set before a read.
    is_set: AtomicBool,
    value: real_std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub fn new() -> OnceLock<T> {
        OnceLock {
            is_set: AtomicBool::new(false),
            value: real_std::sync::OnceLock::new(),
        }
    }

    pub fn get(&self) -> Option<&T> {
        match self.is_set.load(Ordering::Acquire) {
            true => self.value.get(),
            false => None,
        }
    }

    /// Sets the value. After a success or an error, the calling thread finds a value.
    pub fn set(&self, value: T) -> Result<(), T> {
        let result = self.value.set(value);
        self.is_set.swap(true, Ordering::AcqRel);
        result
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
