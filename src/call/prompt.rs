//! A prompt, and how playing it ended.

use std::time::{Duration, Instant};
use std::vec::Vec;

use super::keypad::Keypad;
use super::transport::Transport;
use super::{CallReceiver, Event, Mark, PlayError, Unplayed, Voice};
use crate::wav::Wav;
use crate::wire::{Digit, InvalidDigit, SampleRate};

/// Audio for [`play_and_wait`](super::Call::play_and_wait) and [`Gather`](super::Gather).
///
/// Make it from a [`Wav`], from samples with their rate, or from the [unplayed](Unplayed) rest of another prompt.
///
/// ```
/// use audiosocket::call::Prompt;
/// use audiosocket::wire::SampleRate;
///
/// let beep = [0_i16, 8000, 0, -8000].repeat(600);
/// let prompt = Prompt::from((&beep[..], SampleRate::Hz8000));
/// assert_eq!(prompt.rate(), SampleRate::Hz8000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    rate: SampleRate,
    audio: PromptAudio<'a>,
}

#[derive(Clone, Copy, Debug)]
enum PromptAudio<'a> {
    Bytes(&'a [u8]),
    Samples(&'a [i16]),
}

impl Prompt<'_> {
    /// Returns the sample rate.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }
}

impl<'a> From<&'a Wav> for Prompt<'a> {
    fn from(wav: &'a Wav) -> Prompt<'a> {
        Prompt {
            rate: wav.rate(),
            audio: PromptAudio::Bytes(wav.bytes()),
        }
    }
}

impl<'a> From<(&'a [i16], SampleRate)> for Prompt<'a> {
    fn from((samples, rate): (&'a [i16], SampleRate)) -> Prompt<'a> {
        Prompt {
            rate,
            audio: PromptAudio::Samples(samples),
        }
    }
}

impl<'a> From<&'a Unplayed> for Prompt<'a> {
    fn from(unplayed: &'a Unplayed) -> Prompt<'a> {
        Prompt {
            rate: unplayed.rate(),
            audio: PromptAudio::Bytes(unplayed.bytes()),
        }
    }
}

/// The result of [`Call::play_and_wait`](super::Call::play_and_wait).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PlayOutcome {
    /// The whole prompt was sent. The caller hears its end a moment later; see [`Voice::mark`].
    Finished,
    /// The caller pressed one of the stop keys.
    #[non_exhaustive]
    Stopped {
        /// The digit of the key.
        digit: Digit,
        /// The rest of the prompt, and other audio that was queued.
        unplayed: Unplayed,
    },
    /// Another thread, or the closure that receives events, has [cleared](Voice::clear) the queue.
    Cleared,
    /// The call ended. [`Call::end`](super::Call::end) returns how.
    CallEnded,
}

impl<T: Transport> CallReceiver<T> {
    /// Plays a prompt until it ends or the caller presses one of `stop_keys`.
    ///
    /// See [`Call::play_and_wait`](super::Call::play_and_wait).
    ///
    /// # Errors
    ///
    /// As for [`Call::play_and_wait`](super::Call::play_and_wait).
    pub fn play_and_wait<'a>(
        &mut self,
        prompt: impl Into<Prompt<'a>>,
        stop_keys: &str,
    ) -> Result<PlayOutcome, PlayError> {
        self.play_and_wait_with(prompt, stop_keys, |_| {})
    }

    /// Plays a prompt, and passes all events except digits to `on_event`.
    ///
    /// See [`Call::play_and_wait_with`](super::Call::play_and_wait_with).
    ///
    /// # Errors
    ///
    /// As for [`Call::play_and_wait`](super::Call::play_and_wait).
    pub fn play_and_wait_with<'a>(
        &mut self,
        prompt: impl Into<Prompt<'a>>,
        stop_keys: &str,
        on_event: impl FnMut(&Event<'_>),
    ) -> Result<PlayOutcome, PlayError> {
        let stop_keys = stop_keys
            .chars()
            .map(Digit::try_from)
            .collect::<Result<Vec<Digit>, InvalidDigit>>()
            .map_err(PlayError::InvalidDigit)?;
        let prompt = prompt.into();
        self.with_keypad(|receiver, keypad| {
            keypad.listen_for_tones(false);
            receiver.play_until(prompt, &stop_keys, keypad, on_event)
        })
    }

    fn play_until(
        &mut self,
        prompt: Prompt<'_>,
        stop_keys: &[Digit],
        keypad: &mut Keypad,
        mut on_event: impl FnMut(&Event<'_>),
    ) -> Result<PlayOutcome, PlayError> {
        let mut playing = Playing::new(self.voice(), prompt)?;
        let mut unplayed = None;
        loop {
            if let Some(digit) = keypad.take_typed_of(stop_keys) {
                let unplayed = unplayed.unwrap_or_else(|| playing.stop());
                return Ok(PlayOutcome::Stopped { digit, unplayed });
            }
            if playing.is_over() && unplayed.is_none() {
                return Ok(match playing.is_cleared {
                    true => PlayOutcome::Cleared,
                    false => PlayOutcome::Finished,
                });
            }
            match self.next_key(keypad, &mut playing, None, &mut on_event)? {
                Next::CallEnded => return Ok(PlayOutcome::CallEnded),
                // The key is down, and its press follows.
                Next::Down(digit) if stop_keys.contains(&digit) && unplayed.is_none() => {
                    unplayed = Some(playing.stop());
                }
                Next::Down(_) | Next::Other => {}
            }
        }
    }

    /// Waits for one event, and passes it to the keypad and the prompt.
    pub(super) fn next_key(
        &mut self,
        keypad: &mut Keypad,
        playing: &mut Playing<'_, T>,
        deadline: Option<Instant>,
        on_event: &mut impl FnMut(&Event<'_>),
    ) -> Result<Next, PlayError> {
        playing.feed()?;
        let times = [
            deadline,
            keypad.deadline(),
            playing.deadline(Instant::now()),
        ];
        let event = match times.into_iter().flatten().min() {
            Some(time) => self.receive_until(time),
            None => self.receive(),
        };
        let now = Instant::now();
        let down = match event {
            None => return Ok(Next::CallEnded),
            Some(Event::MarkReached(mark)) if playing.has_reached(mark) => None,
            Some(Event::TimeUp) => keypad.settle(now),
            Some(event) => match (event.dtmf(), event.audio()) {
                (Some(signal), _) => keypad.push_signal(signal, now),
                (None, audio) => {
                    let down = audio.and_then(|audio| keypad.push_audio(audio, now));
                    on_event(&event);
                    down
                }
            },
        };
        playing.notice_clear();
        Ok(down.map_or(Next::Other, Next::Down))
    }
}

/// The result of [`CallReceiver::next_key`].
#[derive(Debug)]
pub(super) enum Next {
    CallEnded,
    /// A key went down.
    Down(Digit),
    Other,
}

/// A prompt while it is played. It is queued in parts if the playback queue has no room for all of it.
#[derive(Debug)]
pub(super) struct Playing<'a, T: Transport> {
    voice: Voice<T>,
    /// The part that is not queued yet.
    rest: Prompt<'a>,
    /// Set at the end of the prompt when all of it is queued.
    mark: Option<Mark>,
    /// How often the queue had been cleared at the start.
    clears: usize,
    is_cleared: bool,
    is_over: bool,
}

/// The shortest time between two looks at the queue while a prompt is played.
const AHEAD: Duration = Duration::from_millis(20);

/// How late a prompt may notice that another thread has cleared the queue.
const CLEAR_NOTICED: Duration = Duration::from_millis(250);

impl<'a, T: Transport> Playing<'a, T> {
    pub(super) fn new(voice: Voice<T>, prompt: Prompt<'a>) -> Result<Playing<'a, T>, PlayError> {
        voice.set_rate(prompt.rate)?;
        let clears = voice.line().queue().clears;
        Ok(Playing {
            voice,
            rest: prompt,
            mark: None,
            clears,
            is_cleared: false,
            is_over: false,
        })
    }

    /// Returns a prompt that is over already.
    pub(super) fn nothing(voice: Voice<T>) -> Playing<'a, T> {
        Playing {
            rest: Prompt {
                rate: voice.rate(),
                audio: PromptAudio::Bytes(&[]),
            },
            voice,
            mark: None,
            clears: 0,
            is_cleared: false,
            is_over: true,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Queues as much of the rest as has room.
    fn feed(&mut self) -> Result<(), PlayError> {
        if self.is_over || self.mark.is_some() {
            return Ok(());
        }
        let result = match self.rest.audio {
            PromptAudio::Bytes(bytes) => self.voice.play(bytes),
            PromptAudio::Samples(samples) => self.voice.play_samples(samples),
        };
        match result {
            Ok(()) => {
                self.rest.audio = PromptAudio::Bytes(&[]);
                self.mark = Some(self.voice.mark());
                Ok(())
            }
            Err(PlayError::QueueFull { accepted }) if !self.voice.queued().is_zero() => {
                self.rest.audio = match self.rest.audio {
                    PromptAudio::Bytes(bytes) => {
                        PromptAudio::Bytes(bytes.get(accepted..).unwrap_or_default())
                    }
                    PromptAudio::Samples(samples) => {
                        PromptAudio::Samples(samples.get(accepted..).unwrap_or_default())
                    }
                };
                Ok(())
            }
            // The receiver soon returns the end of the call.
            Err(PlayError::NotSent(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Returns when to look again without an event.
    fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.is_over {
            return None;
        }
        let queued = self.voice.queued();
        let wait = match self.mark {
            // When half of the queue has been played, the next part is queued.
            None => queued.checked_div(2).unwrap_or(queued),
            // The receiver returns the mark by itself, unless a player plays on another thread.
            Some(_) => queued,
        };
        now.checked_add(wait.clamp(AHEAD, CLEAR_NOTICED))
    }

    fn notice_clear(&mut self) {
        if !self.is_over && self.voice.line().queue().clears != self.clears {
            self.is_cleared = true;
            self.is_over = true;
        }
    }

    fn has_reached(&mut self, mark: Mark) -> bool {
        let is_own = self.mark == Some(mark);
        self.is_over |= is_own;
        is_own
    }

    /// Stops the prompt and returns all audio that was not played.
    pub(super) fn stop(&mut self) -> Unplayed {
        let mut unplayed = self.voice.clear();
        match self.rest.audio {
            PromptAudio::Bytes(bytes) => unplayed.bytes.extend_from_slice(bytes),
            PromptAudio::Samples(samples) => unplayed
                .bytes
                .extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
        }
        unplayed.marks.retain(|mark| Some(*mark) != self.mark);
        self.is_over = true;
        unplayed
    }
}
