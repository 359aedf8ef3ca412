//! Work to do in a panic.

use std::thread;

/// Guard that runs a function if it is dropped in a panic.
///
/// `thread::scope` waits for its threads in a panic too. So a thread that only another one stops would keep the program from
/// ending, unless such a guard stops it.
pub struct OnPanic<F: Fn()>(pub F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn scope_ends_in_a_panic_if_a_guard_stops_its_thread() {
        let (stop, stopped) = mpsc::channel();
        let result = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                scope.spawn(move || stopped.recv());
                let _stops = OnPanic(|| stop.send("in a panic").unwrap());
                panic!("as it should");
            })
        }));
        assert!(result.is_err());
    }

    #[test]
    fn guard_does_nothing_without_a_panic() {
        drop(OnPanic(|| panic!("it ran")));
    }
}
