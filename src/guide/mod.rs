//! The guide: what to know beyond the single items.
//!
//! - [`protocol`]: the protocol, both dialects of DTMF, and every version of Asterisk.
//! - [`recipes`]: dialplans, UUIDs, and what becomes of a call afterwards.
//! - [`websocket`]: AudioSocket or chan_websocket?
//! - [`barge_in`]: the caller cuts in.
//! - [`recording`]: recording calls.
//! - [`threads`]: one thread for a call, or two.
//! - [`costs`]: what a call costs, and how many a core holds.
//! - [`speech_services`]: rates and formats of speech services, and the dialplan for each.
//! - [`tones`]: how well digits are made and heard as sound.
//! - [`security`]: whom to let in, and TLS.
//! - [`troubleshooting`]: by symptom, what to run and what to change.
//! - [`scaling`]: more calls than one machine takes: HAProxy, DNS, Kubernetes.
//! - [`embedded`]: on a microcontroller, with any TCP stack.
//!
//! The examples of which it speaks are programs to start from, in the folder
//! [`examples`](https://docs.rs/crate/asterisk-audiosocket/latest/source/examples/) of the package; the tool `audiosocket` is in
//! the package, too: `cargo install asterisk-audiosocket`. The README shows what each of its commands prints. What begins with
//! `.ci`, and the folder `bench`, is in the repository and not in the package.

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
