//! The guide: topics that go beyond single items of the API. Each page stands alone, so start with the one that you need.
//!
//! Understand AudioSocket:
//!
//! - [`protocol`]: frames, digits, and what each version of Asterisk does with a server's bytes.
//! - [`websocket`]: the choice between AudioSocket and chan_websocket.
//!
//! Connect Asterisk to a server:
//!
//! - [`recipes`]: dialplans, the UUID of a call, and what happens to a call after the server hangs up.
//! - [`security`]: who may connect, and TLS.
//!
//! Write a server:
//!
//! - [`barge_in`]: callers that interrupt a prompt by a key or by talking.
//! - [`threads`]: one or two threads for a call, and how late audio is with each.
//! - [`recording`]: recording calls in the server, with the tool, or in Asterisk.
//! - [`speech_services`]: the audio formats of speech services, and the dialplan for each.
//! - [`embedded`]: a call on a microcontroller, with any TCP stack.
//!
//! Run a server:
//!
//! - [`costs`]: the threads, memory and processor time of a call.
//! - [`scaling`]: more calls than one machine can serve: HAProxy, DNS, Kubernetes.
//! - [`troubleshooting`]: symptoms, and how to find and remove their causes.
//! - [`tool`]: the commands of the tool `audiosocket`, and what they print.
//!
//! Check what the crate promises:
//!
//! - [`guarantees`]: each promise, and the test or measurement that shows it.
//! - [`tones`]: how reliably digits are generated and detected as sound, compared with other programs.
//!
//! # Names
//!
//! The package is `asterisk-audiosocket`, in `Cargo.toml` and on crates.io. Its library is `audiosocket`, so code contains
//! `use audiosocket::Server`. Its command-line tool is also `audiosocket`; `cargo install asterisk-audiosocket` installs it.
//!
//! # Files that the guide names
//!
//! The [example programs](https://docs.rs/crate/asterisk-audiosocket/latest/source/examples/) and most tests are in the package.
//! The folders `.ci`, `bench`, `fuzz`, `examples/smoltcp`, `examples/voice_bot`, `tests/firmware`, `tests/linking` and
//! `tests/models` are only in the repository.

pub mod barge_in;
pub mod costs;
pub mod embedded;
pub mod guarantees;
pub mod protocol;
pub mod recipes;
pub mod recording;
pub mod scaling;
pub mod security;
pub mod speech_services;
pub mod threads;
pub mod tones;
pub mod tool;
pub mod troubleshooting;
pub mod websocket;
