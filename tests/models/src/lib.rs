//! The library's sources, with threads, locks, sockets and a clock that a scheduler controls.
//!
//! The sources use `std::sync` and other modules of `std`. Here, `std` is this crate, so these paths lead to the modules below.

#![no_std]
#![forbid(unsafe_code)]
// Each model uses only a part of the sources. Their lints are checked in the library.
#![allow(dead_code, unfulfilled_lint_expectations, unused_imports)]

extern crate self as std;
extern crate std as real_std;

pub use real_std::{
    any, borrow, boxed, collections, error, ffi, fmt, format, fs, io, iter, panic, path, println,
    string, vec,
};

#[path = "stand_in/net.rs"]
pub mod net;
#[cfg_attr(not(feature = "loom"), path = "stand_in/shuttle/sync.rs")]
#[cfg_attr(feature = "loom", path = "stand_in/loom/sync.rs")]
pub mod sync;
#[cfg_attr(not(feature = "loom"), path = "stand_in/shuttle/thread.rs")]
#[cfg_attr(feature = "loom", path = "stand_in/loom/thread.rs")]
pub mod thread;
#[path = "stand_in/time.rs"]
pub mod time;

#[path = "../../../src/asterisk/mod.rs"]
mod asterisk;
#[path = "../../../src/call/mod.rs"]
mod call;
#[path = "../../../src/resample/mod.rs"]
mod resample;
mod server;
mod simulator;
#[path = "../../../src/stream/mod.rs"]
mod stream;
#[path = "../../../src/tone/mod.rs"]
mod tone;
#[path = "../../../src/wav/mod.rs"]
mod wav;
#[path = "../../../src/wire/mod.rs"]
mod wire;

pub mod models;
