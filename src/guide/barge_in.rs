//! Barge-in: the caller cuts in, by a key or by talking, and the server stops speaking.
//!
//! [`Voice::clear`](crate::call::Voice::clear) stops within a frame: what waits is taken back, and what has been sent lasts a
//! frame or two more. That is because speech is sent when it is due and not ahead; what lies in Asterisk's queue nobody can take
//! back. So a server that wants barge-in must not send ahead of real time, whatever its library.
//!
//! # By a key
//!
//! [`Call::play_and_wait`](crate::call::Call::play_and_wait) plays a prompt until a key stops it, and
//! [`Call::gather`](crate::call::Call::gather) plays one and collects digits. Both stop within a frame when the key goes down, if
//! the dialect reports that: in the start-stop dialect a digit's start arrives then, in Asterisk's dialect the digit arrives when
//! the key has come up.
//!
//! A handler with a loop of its own clears the queue at the first signal. [`KeyEvents`](crate::call::KeyEvents) says which key was
//! pressed, once for each press, in either dialect. `clear` also takes back a hangup that
//! [`hang_up_after_playback`](crate::call::Voice::hang_up_after_playback) requested, so hang up yourself if you want to:
//!
//! ```no_run
//! # fn handle(call: &mut audiosocket::Call) {
//! # let voice = call.voice();
//! while let Some(event) = call.receive() {
//!     if event.dtmf().is_some() {
//!         voice.clear();
//!     }
//! }
//! # }
//! ```
//!
//! # By talking
//!
//! Whether somebody talks is for a detector of speech; the simplest looks for sound that is loud for a while. This one wants 100
//! ms above a level, and is enough for a quiet line:
//!
//! ```
//! use audiosocket::wire::Audio;
//!
//! /// Whether the caller has been loud for 100 ms.
//! #[derive(Default)]
//! struct LoudForAWhile {
//!     microseconds: u32,
//! }
//!
//! impl LoudForAWhile {
//!     fn hears(&mut self, audio: Audio<'_>) -> bool {
//!         let count = audio.samples().len().max(1) as u64;
//!         let sum: u64 = audio.samples().map(|sample| u64::from(sample.unsigned_abs())).sum();
//!         // A mean of 500 is a soft voice; the noise of a line is below 100.
//!         self.microseconds = match sum / count > 300 {
//!             true => self.microseconds.saturating_add(audio.duration_us()),
//!             false => 0,
//!         };
//!         self.microseconds >= 100_000
//!     }
//! }
//!
//! let (loud, soft) = ([244, 1].repeat(160), [100, 0].repeat(160));
//! let mut caller = LoudForAWhile::default();
//! for (bytes, expected) in [(&loud, false), (&soft, false), (&loud, false)] {
//!     assert_eq!(caller.hears(Audio::new(audiosocket::wire::SampleRate::Hz8000, bytes)?), expected);
//! }
//! for frame in 2..=5 {
//!     let cuts_in = caller.hears(Audio::new(audiosocket::wire::SampleRate::Hz8000, &loud)?);
//!     assert_eq!(cuts_in, frame == 5);
//! }
//! # Ok::<(), audiosocket::wire::AudioError>(())
//! ```
//!
//! In the loop it stops what is being said, as a key does, and does nothing when nothing is:
//!
//! ```no_run
//! # #[derive(Default)]
//! # struct LoudForAWhile;
//! # impl LoudForAWhile {
//! #     fn hears(&mut self, _: audiosocket::wire::Audio<'_>) -> bool { false }
//! # }
//! # fn handle(call: &mut audiosocket::Call) {
//! let voice = call.voice();
//! let mut caller = LoudForAWhile::default();
//! while let Some(event) = call.receive() {
//!     let talks = event.audio().is_some_and(|audio| caller.hears(audio));
//!     if talks || event.dtmf().is_some() {
//!         voice.clear();
//!     }
//! }
//! # }
//! ```
//!
//! To try it, let the tool talk: `audiosocket call 127.0.0.1:9092 --play prompt.wav --record call.wav`, and in a test
//! [`TestCall::tone`](crate::simulator::TestCall::tone), whose level is 500.
//!
//! Without echo cancellation the server hears itself in the caller's loudspeaker and cuts itself off. Asterisk cancels no echo of
//! IP telephones; those do it themselves, more or less. Ask for a higher level while the server speaks.
//!
//! The package `examples/voice_bot` in the repository does both with a detector from crates.io. Sound counts as speech only if it is
//! louder than half of the loudest frame that was sent in the last second. An audio hook measures those frames.
//!
//! # To take it back
//!
//! It was a cough. What [`clear`](crate::call::Voice::clear) returned is what was not said, to the sample; say it again and
//! nothing is missing but the pause:
//!
//! ```no_run
//! # fn handle(call: &mut audiosocket::Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let voice = call.voice();
//! let unplayed = voice.clear();
//! // ... and half a second later the caller has said nothing:
//! call.play_and_wait(&unplayed, "0123456789*#")?;
//! # Ok(())
//! # }
//! ```
//!
//! For a program that writes answers down, such as one that keeps what a language model has said, the difference is what the
//! caller has heard: [`Unplayed::duration`](crate::call::Unplayed::duration) less than all.
