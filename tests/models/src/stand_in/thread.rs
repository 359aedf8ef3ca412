//! Threads of the scheduler.

use real_std::io;
use real_std::string::String;

pub use shuttle::thread::{
    JoinHandle, Result, Scope, ScopedJoinHandle, ThreadId, current, panicking, scope, spawn,
    yield_now,
};

use crate::time::{Duration, Instant, advance_to};

/// Lets other threads run, any number of them, and then lets the time pass.
pub fn sleep(duration: Duration) {
    let until = Instant::now().checked_add(duration);
    yield_now();
    until.into_iter().for_each(advance_to);
}

/// Starts threads, whose names do not matter here.
#[derive(Debug, Default)]
pub struct Builder;

impl Builder {
    pub fn new() -> Builder {
        Builder
    }

    pub fn name(self, _: String) -> Builder {
        self
    }

    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(spawn(f))
    }

    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Ok(scope.spawn(f))
    }
}
