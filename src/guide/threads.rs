//! One thread for a call, or two.
//!
//! A server gives each call a thread. Audio that is [played](crate::call::Voice::play) on a call waits in a queue. One frame of it
//! is sent every 20 ms, whatever the caller does meanwhile. This page says which thread keeps that clock.
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
//! The call plays while it waits in [`receive`](crate::call::Call::receive) or
//! [`receive_until`](crate::call::Call::receive_until). Between two such calls the clock stands still, so a handler has to return to
//! them within 20 ms. A handler that computes for 3 s makes a gap of 3 s if audio is queued. Then playback continues where it was,
//! at its normal pace, and `stats().gaps` counts one gap. The caller's audio of these 3 s waits in the kernel and is received at
//! once afterwards; nothing of it is lost. But if the caller is silent meanwhile, no bytes are sent in either direction, and
//! Asterisk's application ends the call after 2 s, even if audio is queued.
//!
//! During playback, the caller's audio is received up to one frame later. The thread sleeps until the next frame's time, because a
//! sleep is exact to 0.1 ms and a read with a timeout returns 4 to 8 ms late. Without playback there is no such delay.
//!
//! [`receive_until`](crate::call::Call::receive_until) returns [`TimeUp`](crate::call::Event::TimeUp) at its time, and again
//! whenever you call it after that time. So a loop has to end at that event, or set a new time:
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
//!     answer: fn(&[i16]) -> Vec<i16>,
//! ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     call.with_player(|receiver, voice| {
//!         while let Some(event) = receiver.receive() {
//!             if let Some(audio) = event.audio() {
//!                 let samples: Vec<i16> = audio.samples().collect();
//!                 // This may take seconds: playback continues meanwhile.
//!                 voice.play_samples(&answer(&samples))?;
//!             }
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! [`Call::with_player`](crate::call::Call::with_player) starts a thread that plays the queued audio and keeps the call alive,
//! whatever the handler does. Neither thread waits for the other: audio is received when it arrives, and frames are sent at their
//! times. When the closure returns, the thread stops and the call continues in one thread. If the closure fails or panics, the call
//! is hung up first. The price is a second thread: about 10 KB of memory and, while both sides talk, more processor time; see the
//! table below.
//!
//! A thread that produces each frame itself needs no queue: [`Call::split`](crate::call::Call::split) returns a
//! [`Player`](crate::call::Player) for it, whose [`send_paced`](crate::call::Player::send_paced) waits for the frame's time and sends
//! it.
//!
//! # Which one
//!
//! Use one thread while the handler is quick: announcements, menus, recorders, and everything that only passes audio on. Use two
//! threads if the handler computes or waits for longer than 10 ms, or if every millisecond of the caller's audio counts.
//!
//! A handler that computes does not receive. A bot that the caller can interrupt needs a third thread: the handler only receives,
//! clears the queue, and passes audio over a channel to a worker that has a clone of the voice. The example `bridge` passes it to
//! another program in this way. Audio that other threads queue needs no second thread: any [`Voice`](crate::call::Voice) can play.
//! Without a player, it starts up to a quarter of a second late on a line that is silent in both directions.
//!
//! # What was measured
//!
//! The program `lateness` in the folder `bench` measured this on an idle virtual machine with two cores. Each row is the least
//! disturbed of several rounds of 4 s. *Bare* is the limit: threads that only sleep until the next 20 ms and write. *Bare, and
//! read* has a second thread for each call that reads, and wakes four times a second to notice what other threads do. *Played
//! late* is the time from a frame's scheduled time until it was sent. *Received late* is the time from the moment a frame was sent
//! until the handler had it.
//!
//! | calls | callers | server | played late, median and p99 | received late, median and p99 | processor cores |
//! |---|---|---|---|---|---|
//! | 1 | talking | bare, and read | 0.1, 0.2 ms | 0.1, 0.1 ms | 0.003 |
//! | 1 | talking | two threads | 0.1, 0.2 ms | 0.1, 0.1 ms | 0.005 |
//! | 1 | talking | one thread | 0.1, 0.2 ms | up to 20 ms, depending on when playback started | 0.004 |
//! | 50 | talking | bare, and read | 0.1, 0.2 ms | 0.03, 0.1 ms | 0.08 |
//! | 50 | talking | two threads | 0.1, 0.2 ms | 0.03, 0.1 ms | 0.09 |
//! | 50 | talking | one thread | 0.1, 0.2 ms | 10, 20 ms | 0.07 |
//! | 200 | silent | bare | 0.1, 0.16 ms | | 0.27 |
//! | 200 | silent | two threads | 0.1, 0.18 ms | | 0.32 |
//! | 200 | silent | one thread | 0.1, 0.16 ms | | 0.27 |
//! | 200 | talking | bare, and read | 0.1, 0.18 ms | 0.03, 0.1 ms | 0.35 |
//! | 200 | talking | two threads | 0.1, 0.18 ms | 0.03, 0.1 ms | 0.35 |
//! | 200 | talking | one thread | 0.1, 0.14 ms | 10, 20 ms | 0.25 |
//! | 1000 | silent | bare | 0.1, 0.32 ms | | 0.97 |
//! | 1000 | silent | bare, and read | 0.1, 0.77 ms | | 1.12 |
//! | 1000 | silent | two threads | 0.1, 0.70 ms | | 1.12 |
//! | 1000 | silent | one thread | 0.1, 0.38 ms | | 1.13 |
//!
//! With a thousand calls, the next round can show twice these values, also for the bare threads. A thousand calls on which both
//! sides talk need more than two cores, together with the program that plays the callers. Such a round would measure the machine.
