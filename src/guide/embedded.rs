//! On a microcontroller: without std, without a heap, with any TCP stack.
//!
//! ```toml
//! [dependencies]
//! asterisk-audiosocket = { version = "0.1", default-features = false }
//! ```
//!
//! Without the feature `std` the crate is [`wire`](crate::wire), [`tone`](crate::tone), [`g711`](crate::g711) and
//! [`resample`](crate::resample). They need core alone, and have no panic path and no floats. Their state is in values of a known
//! size, and nothing in them waits, reads a clock or does I/O.
//!
//! # A call over smoltcp
//!
//! Bytes go from the stack into the room that a [`FrameBuffer`](crate::wire::FrameBuffer) has to spare, and frames come out of
//! it. This is the loop of `examples/smoltcp`, which sends audio back as it came and answers digits with their tones. There it
//! carries a call between two stacks in one process: `cargo run` in that folder.
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
//! What `answer.hear` says goes to the stack as a whole frame or not at all:
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
//! What Asterisk asks of any server, a small one included:
//!
//! - Whole frames. Asterisk 22.10 waits 5 ms for the rest of a payload, older versions do not wait at all, and then the call is
//!   over (measured). So: no Nagle (`set_nagle_enabled(false)`), and a frame only when there is room for all of it.
//! - A frame of audio every 20 ms, at the rate of the caller's. Who answers each frame with one has the caller's clock and needs
//!   none of its own. But while a key is held, and on some calls until the first answer, the caller's audio does not come: a
//!   first frame of silence upon the UUID, and a timer for speech that must not pause.
//! - Digits as sound: Asterisk ends the call upon a frame of DTMF. [`Generator`](crate::tone::Generator) makes them.
//! - An end in order: [`Hangup`](crate::wire::Message::Hangup), then the end of this side (`close`), and what still comes is read
//!   until the other side has ended, too. Then the dialplan goes on.
//!
//! # How large the buffer is
//!
//! 323 bytes hold the frame that Asterisk sends at 8 kHz, 643 at 16 kHz. A longer frame than the buffer holds is told as
//! [`TooLong`](crate::wire::Decoded::TooLong) and skipped, and what follows it is in step. More
//! frames in a buffer mean fewer copies, and no fewer bytes.
//!
//! # What it takes
//!
//! On a Cortex-M3, with `opt-level = "s"`, `lto = true` and `panic = "abort"`, as `.ci/firmware` prints it. The flash of a part
//! is how much larger a program is with it than without, in bytes, for a rate that is known at run time only. The stack holds
//! what the part keeps, too, as that is a local variable here; it is what was used of a painted stack. The script fails if a
//! figure is off by more than a tenth, or if `wire` alone, beside a program that copies slices already, takes more than 2 KiB.
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
//! The functions that copy memory come with the compiler, and whatever else copies a slice has them already: those of Rust's
//! ready-made core library are large because they are made for speed. A core library that is built with the program (`-Z
//! build-std`) has smaller ones.
//!
//! The emulated board counts instructions. A Cortex-M3 needs one cycle for most of them, and two for a load or a multiplication
//! with addition (its *Technical Reference Manual*). Resampling one call from 8 to 16 kHz and back takes 12 million instructions a
//! second.
//!
//! | part | instructions a sample |
//! |---|---|
//! | `tone::Detector` at 8 kHz, digits | 783 |
//! | `tone::Generator` at 8 kHz | 58 |
//! | `g711::Law`, to u-law and back | 42 |
//! | `resample::Resampler`, 8 to 16 kHz, per output sample | 292 |
//! | `resample::Resampler`, 16 to 8 kHz, per input sample | 459 |
//!
//! # What shows it
//!
//! `.ci/firmware` runs `tests/firmware` on an emulated board (QEMU, lm3s6965evb: 256 KiB of flash, 64 KiB of memory) and on the
//! host, and compares their reports line by line: captures of a real Asterisk in odd pieces through a buffer of 700 bytes, frames
//! longer than that, corrupted captures with each error in words, digits made and heard at all nine rates, noise resampled
//! between all pairs of rates, every G.711 code, and an answered call.
//!
//! The same report comes from PowerPC, with words of 32 bits, and s390x, with 64, both of which have the big end first (QEMU's
//! user emulation); the unit tests of `wire` and `g711` run on both, those of `tone` and `resample` on s390x. So both orders of
//! bytes and both sizes of words are tried, by programs that run. Processors of 16 bits are not tried, and of the layers that need std none is elsewhere
//! than on x86-64.
//!
//! No program of `.ci/firmware` that has a part of this crate in it calls for a division of 64 bits, or for a
//! multiplication, division or shift of 128, which the script looks for among the symbols; a program that divides 64 bits on
//! purpose shows that it would be found. The detector and the resampler multiply to 64 bits, which is one instruction
//! there.
