//! Barge-in: the caller interrupts a prompt by a key or by talking, and the server stops playing. This page is for menus and voice
//! bots.
//!
//! [`Voice::clear`](crate::call::Voice::clear) stops playback within a frame: at most the frame that is just being sent still goes
//! out. The caller hears one or two frames more, because Asterisk plays the frames that it has already received. No message of the
//! protocol can take those back. So queue prompts with [`Voice::play`](crate::call::Voice::play), which sends one frame every 20
//! ms. Audio that a server has sent ahead of time cannot be stopped, whatever library the server uses.
//!
//! # Interruption by a key
//!
//! [`Call::play_and_wait`](crate::call::Call::play_and_wait) plays a prompt until it ends or the caller presses one of the given
//! keys:
//!
//! ```no_run
//! use audiosocket::call::{Call, PlayError, PlayOutcome};
//! use audiosocket::wav::Wav;
//!
//! fn announce(call: &mut Call, prompt: &Wav) -> Result<(), PlayError> {
//!     match call.play_and_wait(prompt, "0123456789*#")? {
//!         PlayOutcome::Stopped { digit, .. } => println!("{digit} stopped the prompt"),
//!         PlayOutcome::Finished => println!("the prompt was played whole"),
//!         _ => println!("the caller hung up"),
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Call::gather`](crate::call::Call::gather) stops its prompt in the same way and then collects digits.
//!
//! Playback stops when Asterisk reports the key. In the start-stop dialect that is when the caller presses the key, in Asterisk's
//! dialect when the caller releases it. The page [`protocol`](super::protocol) explains both dialects.
//!
//! # Interruption by speech
//!
//! This crate has no voice detector. On a quiet line it is enough to test whether the caller has been loud for 100 ms. A handler
//! that does this needs a loop of its own, because `play_and_wait` stops only for keys and does not notice a `clear`:
//!
//! ```
//! use audiosocket::call::{Call, PlayError};
//! use audiosocket::wav::Wav;
//! use audiosocket::wire::Audio;
//!
//! /// Detects 100 ms of loud audio.
//! #[derive(Default)]
//! struct SpeechDetector {
//!     loud_us: u32,
//! }
//!
//! impl SpeechDetector {
//!     fn is_speech(&mut self, audio: Audio<'_>) -> bool {
//!         let count = audio.samples().len().max(1) as u64;
//!         let sum: u64 = audio.samples().map(|sample| u64::from(sample.unsigned_abs())).sum();
//!         // A mean amplitude of 300, of at most 32,768, is a start. Measure your own callers.
//!         self.loud_us = match sum / count > 300 {
//!             true => self.loud_us.saturating_add(audio.duration_us()),
//!             false => 0,
//!         };
//!         self.loud_us >= 100_000
//!     }
//! }
//!
//! fn handle(call: &mut Call, prompt: &Wav) -> Result<(), PlayError> {
//!     let voice = call.voice();
//!     voice.play_wav(prompt)?;
//!     let mut detector = SpeechDetector::default();
//!     while let Some(event) = call.receive() {
//!         let is_speech = event.audio().is_some_and(|audio| detector.is_speech(audio));
//!         if is_speech || event.dtmf().is_some() {
//!             voice.clear();
//!         }
//!     }
//!     Ok(())
//! }
//! #
//! # let (loud, soft) = ([244, 1].repeat(160), [100, 0].repeat(160));
//! # let mut detector = SpeechDetector::default();
//! # for (bytes, expected) in [(&loud, false), (&soft, false), (&loud, false)] {
//! #     let audio = Audio::new(audiosocket::wire::SampleRate::Hz8000, bytes)?;
//! #     assert_eq!(detector.is_speech(audio), expected);
//! # }
//! # for frame in 2..=5 {
//! #     let audio = Audio::new(audiosocket::wire::SampleRate::Hz8000, &loud)?;
//! #     assert_eq!(detector.is_speech(audio), frame == 5);
//! # }
//! # Ok::<(), audiosocket::wire::AudioError>(())
//! ```
//!
//! `clear` does no harm if nothing is queued, with one exception: it also cancels
//! [`hang_up_after_playback`](crate::call::Voice::hang_up_after_playback). If the call should end after an interruption, call
//! [`hang_up`](crate::call::Voice::hang_up) after `clear`. If the handler computes for longer
//! than 10 ms, for example in a recognizer, use [two threads](super::threads).
//!
//! To try it, let the tool play a file as the caller: `audiosocket call 127.0.0.1:9092 --play hello.wav --record call.wav`. The
//! recording has both sides. In a test, [`TestCall::tone`](crate::simulator::TestCall::tone) plays a tone with a mean amplitude of
//! 500.
//!
//! # Echo of the prompt
//!
//! The sound of the caller's loudspeaker can get into the microphone, and then a prompt interrupts itself. Asterisk does not
//! cancel this echo for IP telephones. The telephones do, some of them badly. So require a higher level while
//! [`Voice::queued`](crate::call::Voice::queued) is not zero.
//!
//! The package `examples/voice_bot` in the repository uses a voice detector from crates.io and compares the caller's level with
//! its own: sound counts as speech only if it is louder than half of the loudest frame sent in the last second. An [audio
//! hook](crate::call::Call::set_audio_hook) measures the frames sent.
//!
//! # Continuation after a false alarm
//!
//! `clear` returns the audio that was not sent, exact to the sample. If the interruption was only a cough, play that audio:
//!
//! ```no_run
//! # use audiosocket::call::{Call, PlayError};
//! # fn handle(call: &mut Call) -> Result<(), PlayError> {
//! let unplayed = call.clear();
//! // Half a second later, the recognizer has found no word:
//! call.play_and_wait(&unplayed, "0123456789*#")?;
//! # Ok(())
//! # }
//! ```
//!
//! A bot that keeps a transcript should store only the words that the caller has heard. To find the place where playback stopped,
//! subtract [`Unplayed::duration`](crate::call::Unplayed::duration) from the duration of the whole prompt.
