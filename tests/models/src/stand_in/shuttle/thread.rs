//! Threads of the scheduler.

use real_std::io;
use real_std::string::String;

pub use shuttle::thread::{
    JoinHandle, Result, Scope, ScopedJoinHandle, ThreadId, current, panicking, spawn, yield_now,
};

use crate::sync::{Arc, Condvar, Mutex};
use crate::time::{Duration, Instant, advance_to};

/// Lets other threads run, any number of them, and then lets the time pass.
pub fn sleep(duration: Duration) {
    let until = Instant::now().checked_add(duration);
    yield_now();
    until.into_iter().for_each(advance_to);
}

/// Starts a scope for threads that borrow.
///
/// When the last thread of a scope ends, shuttle 0.9 wakes the thread of the scope, even from a lock or another wait inside the
/// scope. So a further thread lives until `f` has returned.
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    shuttle::thread::scope(|scope| {
        let is_over = Arc::new((Mutex::new(false), Condvar::new()));
        let kept = Arc::clone(&is_over);
        scope.spawn(move || {
            let (is_over, changed) = &*kept;
            drop(changed.wait_while(is_over.lock().unwrap(), |is_over| !*is_over));
        });
        let result = f(scope);
        *is_over.0.lock().unwrap() = true;
        is_over.1.notify_all();
        result
    })
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
