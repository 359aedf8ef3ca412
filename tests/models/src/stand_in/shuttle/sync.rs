//! Locks and atomics whose every use lets the scheduler switch threads.

pub use shuttle::sync::{
    Arc, Condvar, LockResult, Mutex, MutexGuard, PoisonError, TryLockError, Weak, mpsc,
};

pub mod atomic {
    pub use shuttle::sync::atomic::*;
}

#[path = "../once_lock.rs"]
mod once_lock;

pub use once_lock::OnceLock;
