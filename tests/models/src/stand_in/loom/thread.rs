//! Threads of loom, which has no scopes.

use real_std::io;
use real_std::string::String;

pub use loom::thread::{JoinHandle, ThreadId, current, spawn, yield_now};
pub use real_std::thread::{Result, Scope, ScopedJoinHandle, panicking, scope};

use crate::time::{Duration, Instant, advance_to};

/// Lets other threads run, and then lets the time pass.
pub fn sleep(duration: Duration) {
    let until = Instant::now().checked_add(duration);
    yield_now();
    until.into_iter().for_each(advance_to);
}

/// A stand-in for code that the models of loom do not run.
#[derive(Debug, Default)]
pub struct Builder;

impl Builder {
    pub fn new() -> Builder {
        Builder
    }

    pub fn name(self, _: String) -> Builder {
        self
    }

    pub fn spawn<F, T>(self, _: F) -> io::Result<JoinHandle<T>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        _: &'scope Scope<'scope, 'env>,
        _: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
