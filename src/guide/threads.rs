//! One or two threads for a call. This page helps you choose if your handler plays audio and also computes or waits for other
//! programs.
//!
//! A server runs each call on one thread. [`Voice::play`](crate::call::Voice::play) only queues audio. Some thread must then send
//! one frame of it every 20 ms: the thread of the call itself, or a second one.
//!
//! While the queue is empty, that thread sends only a frame of silence after each second without traffic in either direction
//! ([`keep_alive`](crate::call::CallOptions::keep_alive)). Each call also starts with a frame of silence
//! ([`initial_silence`](crate::call::CallOptions::initial_silence)).
//!
//! # One thread
//!
//! ```no_run
//! use audiosocket::call::{Call, PlayError};
//!
//! fn handle(call: &mut Call, prompt: &[u8]) -> Result<(), PlayError> {
//!     call.play(prompt)?;
//!     call.hang_up_after_playback();
//!     // Plays the prompt while it waits for events.
//!     while let Some(event) = call.receive() {
//!         println!("{event}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The call plays queued audio while it waits in [`receive`](crate::call::Call::receive) or
//! [`receive_until`](crate::call::Call::receive_until). It sends nothing while the handler does other work. So
//! the handler should call one of them again within 10 ms. Frames are then at most 10 ms late; from 20 ms on, playback has an
//! audible gap. These are the effects of a handler that computes for 3 s:
//!
//! - Playback has a gap of 3 s. Then it continues where it stopped, at its normal speed, and
//!   [`stats().gaps`](crate::call::CallStats::gaps) counts one gap.
//! - The caller's audio of these 3 s stays in the kernel and is received afterwards. No frame of it is lost.
//! - If the caller is silent too, Asterisk ends the call after 2 s, because no bytes are sent in either direction. (The
//!   application `AudioSocket()` has this limit since 20.14, 21.9 and 22.4; the channel driver has no such limit.)
//!
//! During playback, the handler receives the caller's audio up to 20 ms late. To send on time, the thread sleeps until the next
//! frame's time instead of waiting in a read, whose timeout is 4 to 8 ms late. Audio that arrives meanwhile waits until the sleep
//! ends. Without playback there is no such delay.
//!
//! A handler that has to do something at certain times uses `receive_until`. It returns [`TimeUp`](crate::call::Event::TimeUp) at
//! the given time. If that time is already past, it returns `TimeUp` immediately, so a loop that sets no new time would spin:
//!
//! ```no_run
//! use std::time::{Duration, Instant};
//!
//! use audiosocket::call::{Call, Event};
//!
//! fn each_second(call: &mut Call) {
//!     let mut next = Instant::now();
//!     while let Some(event) = call.receive_until(next) {
//!         if event == Event::TimeUp {
//!             println!("{:?} queued", call.queued());
//!             next += Duration::from_secs(1);
//!         }
//!     }
//! }
//! ```
//!
//! # Two threads
//!
//! ```no_run
//! use audiosocket::call::Call;
//!
//! fn handle(
//!     call: &mut Call,
//!     reply_to: fn(&[i16]) -> Vec<i16>,
//! ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     call.with_player(|receiver, voice| {
//!         while let Some(event) = receiver.receive() {
//!             if let Some(audio) = event.audio() {
//!                 let samples: Vec<i16> = audio.samples().collect();
//!                 // This may take seconds. Playback continues meanwhile.
//!                 voice.play_samples(&reply_to(&samples))?;
//!             }
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! [`Call::with_player`](crate::call::Call::with_player) starts a thread that plays the queued audio and keeps the call alive
//! while the closure works. Neither thread waits for the other: audio is received when it arrives, and frames are sent at their
//! times. When the closure returns, the second thread stops, and the call continues with one thread. If the closure returns an
//! error or panics, the call is hung up first.
//!
//! The price is a second thread: about 10 KiB of memory, and processor time for waking up. 200 calls need 0.26 to 0.39 cores with
//! two threads, and 0.27 to 0.33 with one (see the table below).
//!
//! A program that makes each frame only when it is sent, such as a mixer, needs no queue. Instead of `with_player` it uses
//! [`Call::split`](crate::call::Call::split), which returns a [`Player`](crate::call::Player) for a thread of its own.
//! [`send_paced`](crate::call::Player::send_paced) waits for the frame's time and sends the frame.
//!
//! # The choice
//!
//! Use one thread if the handler is quick: announcements, menus, recorders, and everything that only passes audio on. Use two
//! threads if the handler computes or waits for longer than 10 ms, or if a delay of 20 ms in the caller's audio matters.
//!
//! A handler cannot receive while it computes. So a bot that the caller can interrupt needs a worker besides the handler:
//!
//! - The handler only receives. It clears the queue when the caller interrupts, and passes audio to the worker over a channel.
//! - The worker computes, and plays its results with a clone of the [`Voice`](crate::call::Voice).
//!
//! In the example `bridge`, a separate process does the worker's job. With a worker, `with_player` is optional. Without it,
//! playback may start up to 0.25 s late if the line has been silent in both directions.
//!
//! # Measurements
//!
//! The program `lateness` in the folder `bench` of the repository measured these values in November 2026, on an idle virtual
//! machine with two cores. Each row is one of several rounds of 4 s: the one with the lowest p99 of *played late*.
//!
//! - *Played late* is the time from a frame's scheduled time until it was sent.
//! - *Received late* is the time from the moment a caller sent a frame until the handler had it.
//! - *Cores* is the processor time of the server's process, in cores, for all calls together. With 200 calls, equal work differs by
//!   0.04 from round to round.
//! - *Bare* is the limit of the machine: threads that only sleep until the next 20 ms and write a frame. *Bare, and read* has a
//!   second thread per call, which reads and wakes up four times a second.
//!
//! | calls | callers | server | played late, median and p99 | received late, median and p99 | cores |
//! |---|---|---|---|---|---|
//! | 200 | silent | bare | 0.1, 0.18 ms | | 0.23 |
//! | 200 | silent | bare, and read | 0.1, 0.22 ms | | 0.25 |
//! | 200 | silent | two threads | 0.1, 0.19 ms | | 0.26 |
//! | 200 | silent | one thread | 0.1, 0.18 ms | | 0.27 |
//! | 200 | talking | bare, and read | 0.1, 0.22 ms | 0.03, 0.14 ms | 0.38 |
//! | 200 | talking | two threads | 0.1, 0.24 ms | 0.03, 0.16 ms | 0.39 |
//! | 200 | talking | one thread | 0.1, 0.32 ms | 9, 20 ms | 0.33 |
//! | 1000 | silent | bare | 0.1, 0.48 ms | | 0.92 |
//! | 1000 | silent | bare, and read | 0.1, 1.15 ms | | 0.95 |
//! | 1000 | silent | two threads | 0.1, 0.83 ms | | 1.05 |
//! | 1000 | silent | one thread | 0.1, 0.58 ms | | 1.03 |
//!
//! In another round, the values of 1000 calls can be twice as high, also for the bare threads. There are no rows for 1000 calls
//! with talking callers. Together with the program that plays the callers, they need more than two cores, and the result would
//! only show that the machine is overloaded.
