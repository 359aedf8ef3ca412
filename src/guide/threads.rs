//! One thread for a call, or two.
//!
//! A server gives each call a thread. What is [said](crate::call::Voice::play) on a call waits in a queue and leaves by a clock, a
//! frame every 20 ms, whatever the caller does meanwhile: talks, is silent, or holds a key. The question is who keeps that clock.
//!
//! # One thread: it waits for events and speaks
//!
//! ```no_run
//! use audiosocket::call::{Call, Event, PlayError};
//!
//! fn handle(call: &mut Call, prompt: &[u8]) -> Result<(), PlayError> {
//!     let voice = call.voice();
//!     voice.play(prompt)?;
//!     voice.hang_up_after_playback();
//!     // Says the prompt while it waits.
//!     while let Some(event) = call.receive() {
//!         println!("{event}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The call speaks while it is in [`receive`](crate::call::Call::receive) or [`receive_until`](crate::call::Call::receive_until).
//! Between two of them the clock stands still, so a handler has to be back well within 20 ms. One that computes for 3 s makes a
//! hole of 3 s, if speech was waiting; then the speech goes on where it was, at its own pace and not faster. `stats().gaps`
//! counts one. The caller's audio of the 3 s waits in the kernel and comes at once; nothing of it is lost. But if the caller is
//! silent meanwhile, nothing moves, and Asterisk's application ends the call after 2 s, whether speech waits or not.
//!
//! While something is being said, what is heard comes up to one frame later: the thread sleeps until its next frame is due, since
//! a sleep is exact to 0.1 ms and a read with a time-out comes 4 to 8 ms late. Without speech there is no such delay.
//!
//! # Two threads: one listens, one speaks
//!
//! ```no_run
//! use audiosocket::call::{Call, PlayError};
//!
//! fn handle(call: &mut Call, answer: fn(&[i16]) -> Vec<i16>) -> Result<(), PlayError> {
//!     let voice = call.voice();
//!     let (listener, speaker) = call.split();
//!     std::thread::scope(|scope| {
//!         scope.spawn(|| speaker.run());
//!         // Or else an error below would wait for the speaker, and so for the caller.
//!         let _hangs_up = voice.hang_up_on_drop();
//!         while let Some(event) = listener.receive() {
//!             if let Some(audio) = event.audio() {
//!                 let heard: Vec<i16> = audio.samples().collect();
//!                 // May take seconds: the speech before it goes on meanwhile.
//!                 voice.play_samples(&answer(&heard))?;
//!             }
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! [`Player::run`](crate::call::Player::run) says what voices queue and keeps the call alive, whatever the listening thread
//! does, until the call is over. Neither waits for the other: audio is heard as it comes, and speech leaves by the clock. The
//! price is a second thread: some 10 KB of memory and, while both sides talk, about a fifth more of the processor.
//!
//! # Which one
//!
//! One thread, as long as the handler is quick: announcements, menus, recorders, anything that hands audio on. Two threads, if
//! the handler computes or waits for something else for longer than 10 ms, or if each millisecond of the caller's audio counts.
//! But who computes does not receive: to be interrupted meanwhile, a bot needs a third thread. The listener only hears, flushes,
//! and hands audio over a channel to a worker that has a clone of the voice, as the example `bridge` hands it to another program.
//! Speech that other threads queue is no reason for a second thread: any [`Voice`](crate::call::Voice) may say something. Only on
//! a line that is silent in both directions does it begin up to a quarter of a second late without a speaker.
//!
//! # What was measured
//!
//! The program `lateness` in the folder `bench`, on a virtual machine with two cores and nothing else to do: of several rounds of
//! 4 s the least disturbed one. *Bare* is what can be had: threads that only sleep to the next 20 ms and write; with *bare, and
//! read* there is for each another that reads, and looks up four times a second, as one must that is to notice what other threads
//! do. Speech late is how long after it was due a frame had left, heard late how long after it was sent the handler had it.
//!
//! | calls | callers | server | speech late, median and p99 | heard late, median and p99 | processor cores |
//! |---|---|---|---|---|---|
//! | 1 | talking | bare, and read | 0.1, 0.2 ms | 0.1, 0.1 ms | 0.003 |
//! | 1 | talking | two threads | 0.1, 0.2 ms | 0.1, 0.1 ms | 0.005 |
//! | 1 | talking | one thread | 0.1, 0.2 ms | up to 20 ms: by when speech began | 0.004 |
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
//! With a thousand calls the next round can be twice that, of the bare threads, too. A thousand on which both sides talk take
//! more than two cores together with the program that plays their callers, so what is measured then is the machine.
