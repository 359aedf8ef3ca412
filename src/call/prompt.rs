//! A prompt, and how playing it ended.

use std::thread;
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

impl<'a> PromptAudio<'a> {
    /// Returns the number of bytes or samples.
    const fn len(self) -> usize {
        match self {
            PromptAudio::Bytes(bytes) => bytes.len(),
            PromptAudio::Samples(samples) => samples.len(),
        }
    }

    /// Returns the rest after `count` bytes or samples.
    fn after(self, count: usize) -> PromptAudio<'a> {
        match self {
            PromptAudio::Bytes(bytes) => PromptAudio::Bytes(bytes.get(count..).unwrap_or_default()),
            PromptAudio::Samples(samples) => {
                PromptAudio::Samples(samples.get(count..).unwrap_or_default())
            }
        }
    }
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
    /// All of it was played, and its last frame has ended, so a hangup that follows does not cut it off.
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
    ///
    /// The thread that cleared got the queued audio. The part of a long prompt that was not queued yet is dropped.
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
                if playing.is_cleared {
                    return Ok(PlayOutcome::Cleared);
                }
                // Nothing is received meanwhile, so the caller's reply to the prompt is not dropped.
                thread::sleep(playing.last_frame_left());
                return Ok(PlayOutcome::Finished);
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

/// What [`Playing::feed`] has queued.
enum Fed {
    /// All of the rest, with this mark after it.
    All(Mark),
    /// As much as had room.
    Part,
    Nothing,
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

    /// Queues as much of the rest as has room, unless the queue has been cleared since the start.
    fn feed(&mut self) -> Result<(), PlayError> {
        if self.is_over || self.mark.is_some() {
            return Ok(());
        }
        let (audio, clears) = (self.rest.audio, self.clears);
        let mut fed = Fed::Nothing;
        let result = self.voice.enqueue(audio.len(), |queue, now| {
            if queue.clears != clears {
                return audio.len();
            }
            let accepted = match audio {
                PromptAudio::Bytes(bytes) => queue.push(bytes, now),
                PromptAudio::Samples(samples) => queue.push_samples(samples, now),
            };
            fed = match accepted < audio.len() {
                true if queue.queued().is_zero() => Fed::Nothing,
                true => Fed::Part,
                false => Fed::All(queue.mark()),
            };
            accepted
        });
        match (result, fed) {
            (Ok(()), Fed::All(mark)) => {
                self.rest.audio = PromptAudio::Bytes(&[]);
                self.mark = Some(mark);
                Ok(())
            }
            (Err(PlayError::QueueFull { accepted }), Fed::Part) => {
                self.rest.audio = audio.after(accepted);
                Ok(())
            }
            // It has been cleared, or the receiver soon returns the end of the call.
            (Ok(()) | Err(PlayError::NotSent(_)), _) => {
                self.notice_clear();
                Ok(())
            }
            (Err(error), _) => Err(error),
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

    /// Notes that the queue has been cleared.
    fn notice_clear(&mut self) {
        if !self.is_over {
            self.is_cleared = self.voice.line().queue().clears != self.clears;
            self.is_over = self.is_cleared;
        }
    }

    /// Notes that the last frame has been sent, if this is the prompt's mark.
    fn has_reached(&mut self, mark: Mark) -> bool {
        let is_own = self.mark == Some(mark);
        self.is_over |= is_own;
        is_own
    }

    /// Returns how long the frame that was sent last still plays.
    fn last_frame_left(&self) -> Duration {
        let end = self.voice.line().queue().last_frame_ends();
        end.map_or(Duration::ZERO, |end| {
            end.saturating_duration_since(Instant::now())
        })
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

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use super::super::CallOptions;
    use super::super::line::Line;
    use super::*;
    use crate::wire::Uuid;

    /// A clear between two steps of a prompt stops it, whatever step comes next.
    #[test]
    fn prompt_queues_nothing_after_a_clear() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let options = CallOptions::default().max_queued(Duration::from_secs(1));
        let line = Line::new(Arc::new(stream), Uuid::from_bytes([0; 16]), None, options);
        let samples = [1; 24_000];
        for feeds_before in [0, 1] {
            let voice = Voice::new(Arc::clone(&line));
            let prompt = Prompt::from((&samples[..], SampleRate::Hz8000));
            let mut playing = Playing::new(voice.clone(), prompt).unwrap();
            for _ in 0..feeds_before {
                playing.feed().unwrap();
                assert_eq!(voice.queued(), Duration::from_secs(1));
            }
            voice.clear();
            playing.feed().unwrap();
            assert!(voice.queued().is_zero());
            assert!(playing.is_over() && playing.is_cleared);
        }
    }
}
