//! One thread for a call, or two.
//!
//! A server gives each call a thread. What is [said](crate::call::Voice::say) on a call waits in a queue and leaves by a clock, a frame
//! every 20 ms, whatever the caller does meanwhile: talks, is silent, or holds a key. The question is who keeps that clock.
//!
//! # One thread: it waits for events and speaks
//!
//! ```no_run
//! use audiosocket::call::{Call, Event, SayError};
//!
//! fn handle(call: &mut Call, prompt: &[u8]) -> Result<(), SayError> {
//!     let voice = call.voice();
//!     voice.say(prompt)?;
//!     voice.hang_up_when_said();
//!     // Says the prompt while it waits.
//!     while let Some(event) = call.receive() {
//!         println!("{event}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The call speaks while it is in [`receive`](crate::call::Call::receive) or [`receive_until`](crate::call::Call::receive_until). Between
//! two of them the clock stands still, so a handler has to be back well within 20 ms. One that computes for 3 s makes a hole of
//! 3 s, if speech was waiting; then the speech goes on where it was, at its own pace and not faster. `stats().gaps` counts one. The
//! caller's audio of the 3 s waits in the kernel and comes at once; nothing of it is lost. Without anything to say the call would also
//! be lost after 2 s if the caller is silent, as Asterisk's application ends calls on which nothing moves.
//!
//! While something is being said, what is heard comes up to one frame later: the thread sleeps until its next frame is due, since a
//! sleep is exact to 0.1 ms and a read with a time-out comes 4 to 8 ms late. Without speech there is no such delay.
//!
//! # Two threads: one listens, one speaks
//!
//! ```no_run
//! use audiosocket::call::{Call, SayError};
//!
//! fn handle(call: &mut Call, answer: fn(&[i16]) -> Vec<i16>) -> Result<(), SayError> {
//!     let voice = call.voice();
//!     let (listener, speaker) = call.split();
//!     std::thread::scope(|scope| {
//!         scope.spawn(|| speaker.run());
//!         while let Some(event) = listener.receive() {
//!             if let Some(audio) = event.audio() {
//!                 let heard: Vec<i16> = audio.samples().collect();
//!                 // May take seconds: the speech before it goes on meanwhile.
//!                 voice.say_samples(&answer(&heard))?;
//!             }
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! [`Speaker::run`](crate::call::Speaker::run) says what voices queue and keeps the call alive, whatever the listening thread does, until
//! the call is over. Neither waits for the other: audio is heard as it comes, and speech leaves by the clock. The price is a second
//! thread: some 10 KB of memory and, while both sides talk, about a fifth more of the processor.
//!
//! # Which one
//!
//! One thread, as long as the handler is quick: announcements, menus, recorders, anything that hands audio on. Two threads, if the
//! handler computes or waits for something else for longer than 10 ms, or if each millisecond of the caller's audio counts.
//! Speech that other threads queue is no reason for a second thread: any [`Voice`](crate::call::Voice) may say something. Only on a
//! line that is silent in both directions does it begin up to a quarter of a second late without a speaker.
//!
//! # What was measured
//!
//! @TABLE@
