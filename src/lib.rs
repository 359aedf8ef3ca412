//! Servers for AudioSocket, Asterisk's TCP protocol for the live audio of calls, and simulated callers to test them. The crate is
//! synchronous, has no dependencies, and contains no unsafe code.
//!
//! Asterisk connects to your server and sends the UUID of the call. Then it sends the caller's audio, a frame every 20 ms, and the
//! keys that the caller presses. It plays the audio that the server sends back. This server echoes the caller:
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
//! The line `AudioSocket(${UUID()},127.0.0.1:9092)` in Asterisk's dialplan connects a call to this server. Each call runs the
//! closure on a thread of its own. When the closure returns, the server *hangs up*: it ends the AudioSocket connection, which is
//! what this crate calls a *call*. The caller stays connected, and the dialplan continues with its next line. (Versions of
//! Asterisk before 20.14, 21.9 and 22.4 hang up the caller instead.)
//!
//! # Modules
//!
//! The package is called `asterisk-audiosocket`, and its library `audiosocket`. Each module uses only modules above it in this
//! list. The first four need neither std nor a heap, so they also run on microcontrollers. The others need the feature `std`,
//! which is enabled by default.
//!
//! - [`wire`]: bytes, frames and messages.
//! - [`tone`]: a generator and a detector for DTMF tones.
//! - [`g711`]: u-law and A-law to linear samples, and back.
//! - [`resample`]: conversion between sample rates.
//! - [`stream`]: frames over any `Read` and `Write`, and the 20 ms clock.
//! - [`wav`]: WAV files: audio to play, and recordings of both sides of a call.
//! - [`call`]: one call: events, playback, digits, recording, statistics, and how it ends.
//! - [`server`]: many calls: one thread each, limits, admission, shutdown.
//! - [`asterisk`]: how each version of Asterisk reacts to a server's bytes.
//! - [`simulator`]: simulated Asterisk callers that test a server in any language.
//!
//! The [`guide`] covers topics beyond single items: the protocol by version of Asterisk, dialplan recipes, barge-in, threads,
//! costs, security and troubleshooting. The package also contains the command-line tool `audiosocket`, which serves, places,
//! records and analyzes calls. Install it with `cargo install asterisk-audiosocket`.
//!
//! # Microcontrollers
//!
//! Disable the default features, and pass the bytes of any TCP stack to a [`wire::FrameBuffer`]. This function counts the samples
//! received; [`guide::embedded`] shows a whole call:
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
//! # Tests without Asterisk
//!
//! A [`TestCall`] calls a handler, or a server in any language, once for each group of Asterisk versions that behave alike. It
//! reports what the server did that a version does not accept. Here `answer` is the closure of the first example, as a function:
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
//! [`SimulatedAsterisk`] places a single call that the test controls step by step.

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
