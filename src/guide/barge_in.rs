//! Barge-in: the caller interrupts a prompt by a key or by talking, and the server stops playing. This page is for menus and voice
//! bots.
//!
//! Queue prompts with [`Voice::play`](crate::call::Voice::play): the call then sends one frame every 20 ms, and
//! [`Voice::clear`](crate::call::Voice::clear) can take back all the rest. After `clear`, Asterisk plays at most three more frames,
//! 60 ms: one that is just being sent, and one or two that it has received already. No message of the protocol takes those
//! back. Audio that a server has sent ahead of time cannot be stopped, whatever library the server uses.
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
//!         _ => println!("the call ended, or another thread cleared the queue"),
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Call::gather`](crate::call::Call::gather) stops its prompt in the same way and then collects digits.
//!
//! Playback stops when Asterisk reports the key: ordinary Asterisk reports it when the caller releases it, and the
//! [start-stop fork](super::protocol) when the caller presses it.
//!
//! # Interruption by speech
//!
//! This crate has no voice detector. On a quiet line it is enough to test whether the caller has been loud for 100 ms. If that was
//! only a cough, the prompt should continue where it stopped. `clear` returns the audio that was not sent, exact to the sample:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use audiosocket::call::{Call, PlayError, Unplayed};
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
//! /// `has_word` returns whether the recognizer has found a word.
//! fn handle(call: &mut Call, prompt: &Wav, has_word: fn() -> bool) -> Result<(), PlayError> {
//!     let voice = call.voice();
//!     voice.play_wav(prompt)?;
//!     let mut detector = SpeechDetector::default();
//!     let mut stopped: Option<(Unplayed, Instant)> = None;
//!     // Continues every 100 ms, also if the line is silent.
//!     while let Some(event) = call.receive_until(Instant::now() + Duration::from_millis(100)) {
//!         if event.dtmf().is_some() {
//!             voice.clear();
//!             stopped = None;
//!         } else if event.audio().is_some_and(|audio| detector.is_speech(audio)) {
//!             let unplayed = voice.clear();
//!             // The caller may go on talking. Only the first `clear` returns audio.
//!             if !unplayed.is_empty() {
//!                 stopped = Some((unplayed, Instant::now()));
//!             }
//!         }
//!         // After half a second without a word it was a false alarm.
//!         let is_old = |(_, at): &mut (_, Instant)| at.elapsed() > Duration::from_millis(500);
//!         if let Some((unplayed, _)) = stopped.take_if(is_old) {
//!             if !has_word() {
//!                 voice.play(unplayed.bytes())?;
//!             }
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
//! The loop needs one thread as long as `has_word` returns within 10 ms. So run the recognizer on
//! [a thread of its own](super::threads#the-choice).
//!
//! `clear` also cancels [`hang_up_after_playback`](crate::call::Voice::hang_up_after_playback). If the call should end after an
//! interruption, call [`hang_up`](crate::call::Voice::hang_up) after `clear`.
//!
//! A bot that keeps a transcript should store only the words that the caller has heard. To find the place where playback stopped,
//! subtract [`Unplayed::duration`](crate::call::Unplayed::duration) from the duration of the whole prompt.
//!
//! To try it, let the tool play a file as the caller: `audiosocket call 127.0.0.1:9092 --play hello.wav --record call.wav`. The
//! recording has both sides. In a test, [`TestCall::tone`](crate::simulator::TestCall::tone) plays a tone with a mean amplitude of
//! 500, above the threshold of 300.
//!
//! # Echo of the prompt
//!
//! The sound of the caller's loudspeaker can get into the microphone, and then a prompt interrupts itself. Asterisk does not
//! cancel this echo for IP telephones. The telephones do, some of them badly.
//!
//! So compare the caller's audio with the prompt. The package `examples/voice_bot` in the repository counts sound as speech only
//! if its mean amplitude is more than half of that of the loudest frame sent in the last second. An [audio
//! hook](crate::call::Call::set_audio_hook) measures the frames sent. The package also has a voice detector, from crates.io.
