//! A call on a microcontroller: without std, without a heap, with any TCP stack. This page is for firmware that takes part in a
//! call itself.
//!
//! ```toml
//! [dependencies]
//! asterisk-audiosocket = { version = "0.1", default-features = false }
//! ```
//!
//! Without the feature `std`, the crate consists of [`wire`](crate::wire), [`tone`](crate::tone), [`g711`](crate::g711) and
//! [`resample`](crate::resample). They use core alone and integers only, and cannot panic (`tests/linking` in the repository
//! proves it by linking). Their state is in values of a known size. They do no I/O, read no clock and never wait. Calls, playback,
//! servers and recordings need std.
//!
//! # A call with smoltcp
//!
//! Your program copies the bytes that the TCP stack has received into a [`FrameBuffer`](crate::wire::FrameBuffer), and takes whole
//! frames out of it. This loop is from the package `examples/smoltcp` in the repository. It echoes audio, and sends a digit's
//! tones for each digit received. `cargo run` in that folder carries a call between two TCP stacks in one process.
//!
//! - `FRAME_LEN` is 323 bytes: a frame of 20 ms at 8 kHz.
//! - `received` is the `FrameBuffer`, and `answer` has the rest of the call's state.
//! - `answer.hear` handles a message: it sends a frame for each frame of audio, and hangs up after the digit `#`.
//! - `answer.is_over` is true once this side has hung up.
//!
//! ```ignore
//! pub fn poll(&mut self, socket: &mut Socket<'_>) -> Result<(), Error> {
//!     let Endpoint { received, answer } = self;
//!     // This takes a frame only when the socket has room for the answer. Until then the frame stays in the buffer, and TCP's
//!     // flow control holds back the bytes after it.
//!     while socket.may_send() && socket.send_capacity() - socket.send_queue() >= FRAME_LEN {
//!         match received.next_frame() {
//!             Decoded::Frame(frame) => {
//!                 // A payload that is wrong for its kind does no harm: the next frame is still in step.
//!                 if let Ok(message) = frame.message() {
//!                     answer.hear(message, socket)?;
//!                 }
//!             }
//!             // Asterisk sends no frame this long at this rate. The buffer skips it and stays in step.
//!             Decoded::TooLong(_) => {}
//!             Decoded::Incomplete { .. } if socket.can_recv() => {
//!                 let count = socket.recv(|bytes: &mut [u8]| {
//!                     let spare = received.spare();
//!                     let count = spare.len().min(bytes.len());
//!                     spare[..count].copy_from_slice(&bytes[..count]);
//!                     (count, count)
//!                 })?;
//!                 received.commit(count);
//!             }
//!             Decoded::Incomplete { .. } => break,
//!         }
//!     }
//!     if answer.is_over && socket.can_recv() {
//!         // Unread bytes would turn the end of the connection into a reset.
//!         socket.recv(|bytes| (bytes.len(), ()))?;
//!     } else if socket.state() == State::CloseWait && !socket.can_recv() {
//!         socket.close();
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The frames that `answer.hear` sends go through this function. It passes a whole frame to the stack, or nothing:
//!
//! ```ignore
//! fn send(socket: &mut Socket<'_>, message: Message<'_>) -> Result<(), SendError> {
//!     let room = socket.send_capacity() - socket.send_queue();
//!     match message.encode(&mut [0; FRAME_LEN]) {
//!         Ok(frame) if frame.len() <= room => socket.send_slice(frame).map(drop),
//!         _ => {
//!             debug_assert!(false, "`poll` makes sure of the room");
//!             Ok(())
//!         }
//!     }
//! }
//! ```
//!
//! # Rules for a small server
//!
//! These rules hold for every server. The module [`call`](crate::call) follows them for you; without it, your program must:
//!
//! - Send whole frames. Asterisk 22.10 waits 5 ms for the rest of a payload, and ends the call if it does not arrive (measured).
//!   Versions before 20.15, 21.10 and 22.5 do not wait at all. So disable Nagle's algorithm (`set_nagle_enabled(false)`), and send
//!   a frame only when there is room for all of it.
//! - Send a frame of audio every 20 ms. If you answer each frame received with one frame of the same duration, you need no timer.
//!   But Asterisk sends no audio while a key is held. A call through `Dial()` or ExternalMedia can even stay silent until the
//!   server sends audio. So send a frame of silence when the UUID arrives, and use a timer for audio that must not pause.
//! - Send digits as sound, made by a [`Generator`](crate::tone::Generator). Asterisk ends the call when it receives a digit frame;
//!   only the start-stop fork accepts one.
//! - End a call in this order: send [`Hangup`](crate::wire::Message::Hangup), close your side (`close`), and read until the other
//!   side has closed too. Then the dialplan continues, since Asterisk 20.14, 21.9 and 22.4; after `AudioSocket()`, older versions
//!   hang up the caller. Unread bytes would turn the close into a reset.
//!
//! The page [`protocol`](super::protocol) has these rules for each version of Asterisk.
//!
//! # Buffer size
//!
//! A buffer of 323 bytes holds Asterisk's frame at 8 kHz, and 643 bytes its frame at 16 kHz. A frame that is longer than the
//! buffer is reported as [`TooLong`](crate::wire::Decoded::TooLong) and skipped; the frames after it are read correctly. A buffer
//! for several frames saves copies.
//!
//! # Flash and memory
//!
//! These are bytes on a Cortex-M3, with `opt-level = "s"`, `lto = true` and `panic = "abort"`. *Flash* is the growth of a program
//! when it uses the part, with a sample rate that is known only at run time. *It keeps* is the size of the part's state. *Stack* is
//! the deepest use of the stack, which was filled with a pattern first. It includes the state, which is a local variable here. For
//! *all of these*, the parts ran one after the other.
//!
//! | part | flash | with the functions that copy memory | it keeps | stack, deepest |
//! |---|---|---|---|---|
//! | `wire`: `FrameBuffer` of 323 bytes, messages read and written | 1520 | 2276 | 340 | 568 |
//! | `tone::Detector` | 6208 | 7980 | 1656 | 2036 |
//! | `tone::Generator` and its `Tones` | 1364 | 1364 | 60 | 144 |
//! | `g711::Law`, slices both ways | 388 | 388 | 0 | 44 |
//! | `resample::Resampler` | 3082 | 5592 | 152 | 644 |
//! | all of these | 12352 | 15036 | 2208 | 2036 |
//!
//! 1400 bytes of the resampler's flash are the table of its filter.
//!
//! The functions that copy memory (`memcpy`, `memmove` and `memset`) come with the compiler. Programs that copy slices have them
//! already. They are large in Rust's ready-made core library, because it is built for speed, and smaller in a core library built
//! with the program (`-Z build-std`).
//!
//! # Processor time
//!
//! The emulated board counts instructions. A Cortex-M3 takes one cycle for most of them, and two for a load or for a
//! multiplication with addition (its *Technical Reference Manual*).
//!
//! | part | instructions a sample |
//! |---|---|
//! | `tone::Detector` at 8 kHz, digits | 783 |
//! | `tone::Generator` at 8 kHz | 58 |
//! | `g711::Law`, to u-law and back | 42 |
//! | `resample::Resampler`, 8 to 16 kHz, per output sample | 292 |
//! | `resample::Resampler`, 16 to 8 kHz, per input sample | 459 |
//!
//! At 8 kHz the detector thus takes 6.3 million instructions a second. Resampling one call from 8 to 16 kHz and back takes 12
//! million.
//!
//! # How this is tested
//!
//! `.ci/firmware` in the repository checks the tables above. It fails if a figure differs by more than a tenth (or 32 bytes, if
//! that is more), or if `wire` without the functions that copy memory takes more than 2 KiB of flash.
//!
//! It also runs `tests/firmware` on an emulated board (QEMU's lm3s6965evb, with 256 KiB of flash and 64 KiB of memory) and on the
//! host, and compares their reports line by line. The reports cover captures of a real Asterisk in pieces, frames that are too
//! long, corrupted captures with every error, digits at all nine rates, noise resampled between all pairs of rates, every G.711
//! code, and an answered call.
//!
//! Other processors:
//!
//! - Big-endian machines with 32 bits (PowerPC) and 64 bits (s390x) print the same report under QEMU's user emulation. The unit
//!   tests of `wire` and `g711` pass on both, those of `tone` and `resample` on s390x. On PowerPC these two were not run, because
//!   QEMU 7.2 does not emulate an instruction that the tests need.
//! - `.ci/portability` compiles the four modules for Cortex-M0 (`thumbv6m-none-eabi`), Cortex-M3, RISC-V
//!   (`riscv32imac-unknown-none-elf`) and the 16-bit MSP430. Nothing has been run on a 16-bit processor.
//!
//! None of the four modules calls a function for 64-bit division or for 128-bit arithmetic. The script looks for them among the
//! symbols of each program, and finds one in a program that divides on purpose. The detector and the resampler multiply to 64
//! bits, which is one instruction on the Cortex-M3.
