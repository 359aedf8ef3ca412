//! Locks and atomics whose orderings loom explores.

pub use loom::sync::{LockResult, Mutex, MutexGuard};
pub use real_std::sync::{Arc, PoisonError, TryLockError, Weak};

use crate::time::Duration;

pub mod atomic {
    pub use loom::sync::atomic::*;
}

#[path = "../once_lock.rs"]
mod once_lock;

pub use once_lock::OnceLock;

/// A condition whose waits never time out.
#[derive(Debug, Default)]
pub struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub fn new() -> Condvar {
        Condvar(loom::sync::Condvar::new())
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }

    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.0.wait(guard)?;
        }
        Ok(guard)
    }

    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        self.0
            .wait(guard)
            .map(|guard| (guard, ()))
            .map_err(unpoisoned)
    }

    pub fn wait_timeout_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        self.wait_while(guard, condition)
            .map(|guard| (guard, ()))
            .map_err(unpoisoned)
    }
}

fn unpoisoned<T>(poisoned: PoisonError<T>) -> PoisonError<(T, ())> {
    PoisonError::new((poisoned.into_inner(), ()))
}
