//! AudioSocket, Asterisk's TCP protocol for live audio: servers, the protocol's parts, and tests. The crate is synchronous and has
//! no dependencies. Its lower layers use no heap, so the same code serves a thousand calls on a server and one call on a
//! microcontroller.
//!
//! Asterisk connects, sends the UUID of the call and then a frame of audio every 20 ms, and plays the audio it receives. It also
//! sends digits, in one of two dialects. This server echoes the caller:
//!
#![cfg_attr(feature = "std", doc = "```no_run")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use audiosocket::Server;
//!
//! fn main() -> std::io::Result<()> {
//!     Server::bind("127.0.0.1:9092")?.run(|call| {
//!         let voice = call.voice();
//!         while let Some(event) = call.receive() {
//!             if let Some(audio) = event.audio() {
//!                 voice.send_now(audio)?;
//!             }
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! Each layer uses only layers above it in this list:
//!
//! - [`wire`]: bytes, frames and messages. No std, no heap, no I/O, no clock, no panic.
//! - [`tone`]: DTMF as sound: a generator and a detector. No std and no heap, like `wire`.
//! - [`g711`]: u-law and A-law to linear samples, and back. No std and no heap, like `wire`.
//! - [`resample`]: samples of one rate to samples of another. No std and no heap, like `wire`.
//! - [`stream`]: frames over any `Read` and `Write`, and the 20 ms clock.
//! - [`wav`]: WAV files: audio to play, and recordings of both sides of a call.
//! - [`call`]: one call: events, playback, digits, statistics, and how it ends.
//! - [`server`]: many calls: one thread each, limits, admission, shutdown.
//! - [`asterisk`]: how each version of Asterisk reacts to a server's bytes.
//! - [`simulator`]: Asterisk's part of a call, for tests of a server in any language.
//!
//! The [`guide`] covers topics beyond single items: the protocol by version of Asterisk, dialplan recipes, barge-in, one or two
//! threads per call, what a call costs, security, and troubleshooting by symptom. The package is called `asterisk-audiosocket` and
//! also contains a command-line tool, `audiosocket`. The tool answers, places, records and charts calls. The package's README
//! starts with a server and a call from the tool.
//!
//! On a microcontroller, disable the feature `std` and pass the bytes of any TCP stack to a [`wire::FrameBuffer`]:
//!
//! ```
//! use audiosocket::wire::{Decoded, FrameBuffer, Message};
//!
//! fn on_bytes<const N: usize>(buffer: &mut FrameBuffer<[u8; N]>, mut received: &[u8]) -> usize {
//!     let mut samples = 0;
//!     while !received.is_empty() {
//!         let spare = buffer.spare();
//!         let count = spare.len().min(received.len());
//!         spare[..count].copy_from_slice(&received[..count]);
//!         buffer.commit(count);
//!         received = &received[count..];
//!         while let Decoded::Frame(frame) = buffer.next_frame() {
//!             if let Ok(Message::Audio(audio)) = frame.message() {
//!                 samples += audio.samples().len();
//!             }
//!         }
//!     }
//!     samples
//! }
//!
//! let mut buffer = FrameBuffer::new([0; 323]);
//! assert_eq!(on_bytes(&mut buffer, &[0x10, 0x00, 0x04, 1, 0]), 0);
//! assert_eq!(on_bytes(&mut buffer, &[2, 0]), 2);
//! ```
//!
//! You can test a server without Asterisk. A [`TestCall`] simulates a call from every known version of Asterisk, to a handler or to
//! a server in any language, and reports the violations. Here `answer` is the handler, the closure passed to `run` above:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use audiosocket::TestCall;
//! # fn answer(call: &mut audiosocket::Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! #     let voice = call.voice();
//! #     while let Some(event) = call.receive() {
//! #         if let Some(audio) = event.audio() {
//! #             voice.send_now(audio)?;
//! #         }
//! #     }
//! #     Ok(())
//! # }
//!
//! let report = TestCall::new().press("42#")?.run(answer)?;
//! assert!(report.passed(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`SimulatedAsterisk`] places a single call that the test controls step by step; [`simulator`] shows how to use it.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    elided_lifetimes_in_paths,
    missing_debug_implementations
)]
// No code outside the tests may panic, because bytes from the wire must never stop a server.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "std")]
pub mod asterisk;
#[cfg(feature = "std")]
pub mod call;
pub mod g711;
#[cfg(feature = "std")]
pub mod guide;
pub mod resample;
#[cfg(feature = "std")]
pub mod server;
#[cfg(feature = "std")]
pub mod simulator;
#[cfg(feature = "std")]
pub mod stream;
pub mod tone;
#[cfg(feature = "std")]
pub mod wav;
pub mod wire;

#[cfg(feature = "std")]
pub use call::{Call, End, Event, Voice};
#[cfg(feature = "std")]
pub use server::Server;
#[cfg(feature = "std")]
pub use simulator::{SimulatedAsterisk, TestCall};
pub use wire::{Frame, Kind, Message, Uuid};

/// Compiles and runs the README's examples as doc tests.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
