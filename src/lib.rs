//! AudioSocket: Asterisk's TCP protocol for live audio. Synchronous, without dependencies, and without a heap in its lower
//! layers, so that it serves a thousand calls on a server and one on a microcontroller with the same code.
//!
//! Asterisk connects, sends the UUID of the call, then a frame of audio every 20 ms, and plays what comes back. Digits come
//! too, in either of two dialects. A server that echoes:
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
//! The layers, each of which uses only those above it:
//!
//! - [`wire`]: bytes, frames and messages. No std, no heap, no I/O, no clock, no panic.
//! - [`tone`]: DTMF as sound: a generator and a detector. It needs as little as `wire`.
//! - [`g711`]: u-law and A-law, to linear samples and back. It needs as little as `wire`.
//! - [`resample`]: samples of one rate to samples of another. It needs as little as `wire`.
//! - [`stream`]: frames over any `Read` and `Write`, and the 20 ms clock.
//! - [`wav`]: WAV files: audio to play, and recordings of both sides of a call.
//! - [`call`]: one call: events, playback, digits, statistics, and how it ends.
//! - [`server`]: many calls: one thread each, limits, admission, shutdown.
//! - [`asterisk`]: what each version of Asterisk does with what a server sends.
//! - [`simulator`]: Asterisk's part of a call, for tests of a server in any language.
//!
//! [`guide`] has what goes beyond single items: the protocol by version of Asterisk, dialplan recipes, barge-in, one thread for a
//! call or two, what a call costs, security, and troubleshooting by symptom. The package is called `asterisk-audiosocket`. It has a
//! tool, too, `audiosocket`, which answers, places, watches and draws such calls; its README begins with a server that the tool
//! calls.
//!
//! On a microcontroller, with the feature `std` off, [`wire::FrameBuffer`] takes bytes from any TCP stack:
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
//! A test of a server needs no Asterisk. [`TestCall`] calls a handler, or a server in any language, from every version of Asterisk
//! that is known, and reports what it takes offence at. With `answer` for what is given to `run` above:
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
//! [`SimulatedAsterisk`] is one of those callers, step by step; [`simulator`] shows how to use it.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    elided_lifetimes_in_paths,
    missing_debug_implementations
)]
// What could panic stays out, of what comes from the wire above all; tests may.
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

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
