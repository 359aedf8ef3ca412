//! What is said on a call.

use core::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::line::Line;
use super::playback_queue::{PlaybackQueue, duration_of};
use super::transport::Transport;
use super::{CallStats, PlayError, SendError};
use crate::wire::{Audio, Digit, DtmfDialect, InvalidDigit, Message, SampleRate, Uuid};

/// A handle to play_due on a call: from the thread that listens, while an event is borrowed, and from any other thread.
///
/// Cloning it is cheap, and every clone speaks on the same call. Only what the peer accepts can be said: audio, the hangup, and
/// digits in the way that suits it. Frames from several threads go out whole, one after the other. A clone that is kept after its
/// call has ended keeps a descriptor, and can do nothing with it.
pub struct Voice<T = TcpStream> {
    line: Arc<Line<T>>,
}

impl<T: Transport> Voice<T> {
    pub(super) const fn new(line: Arc<Line<T>>) -> Voice<T> {
        Voice { line }
    }

    /// Says audio of any length: 16-bit samples, little-endian, one channel, at the call's [rate](Voice::rate). It is queued
    /// behind what waits already and sent in whole frames when they are due, 20 ms each unless
    /// [`frame_duration`](super::CallOptions::frame_duration) says otherwise. It may come in pieces of any size, faster than real time or
    /// in bursts, and a sample may be split between two. What is left at the end is filled up with silence to a whole frame; so
    /// is what there is when more comes too late.
    ///
    /// It does not wait. The queue is said while the call waits for events: in [`Call::receive`](super::Call::receive) and
    /// [`receive_until`](super::Call::receive_until), or, after [`split`](super::Call::split), by
    /// [`Player::run`](super::Player::run) on a thread of its own. From another thread than the one that waits, what is said on
    /// a call that is silent in both directions begins up to a quarter of a second late without a `Player`.
    ///
    /// ```no_run
    /// use audiosocket::call::{Call, Event, PlayError};
    ///
    /// fn greet(call: &mut Call, greeting: &[u8]) -> Result<(), PlayError> {
    ///     let voice = call.voice();
    ///     voice.play(greeting)?;
    ///     let greeted = voice.mark();
    ///     while let Some(event) = call.receive() {
    ///         match event {
    ///             Event::MarkReached(mark) if mark == greeted => break,
    ///             // Barge-in: the caller has pressed a key and wants to hear no more.
    ///             event if event.dtmf().is_some() => {
    ///                 println!("{:?} not heard", voice.clear().duration());
    ///                 break;
    ///             }
    ///             _ => {}
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlayError::QueueFull`] if there is no room for all of it (see [`max_queued`](super::CallOptions::max_queued), 5 minutes by
    /// default): as much as the error says has been taken in, so say the rest later. [`PlayError::NotSent`] if the call is over.
    #[doc(alias = "say")]
    #[doc(alias = "speak")]
    pub fn play(&self, bytes: &[u8]) -> Result<(), PlayError> {
        self.enqueue(bytes.len(), |queue, now| queue.push(bytes, now))
    }

    /// The same with samples as numbers.
    ///
    /// # Errors
    ///
    /// As for [`play`](Voice::play); what was taken in is counted in samples.
    pub fn play_samples(&self, samples: &[i16]) -> Result<(), PlayError> {
        self.enqueue(samples.len(), |queue, now| queue.push_samples(samples, now))
    }

    /// Sends DTMF digits to the peer, each for 100 ms with a pause of 100 ms behind it, queued like speech and so never at the
    /// same time: `0` to `9`, `*`, `#` and `A` to `D`.
    ///
    /// To an Asterisk of the start-stop dialect a digit is a start and a stop (kind 0x02, with the true duration) and silence
    /// between them. To every other it is a tone in the audio (ITU-T Q.23, -9 and -7 dBm0): a frame of a digit ends the call
    /// there (measured with 22.10). Which one it is, is set by [`dialect`](super::CallOptions::dialect), or else known from the
    /// digits that have been heard on the call; before the first, it is tones.
    ///
    /// # Errors
    ///
    /// [`PlayError::InvalidDigit`], upon which nothing is sent. [`PlayError::QueueFull`] if there is no room for all of them; as many as it
    /// says were taken in. [`PlayError::NotSent`] if the call is over.
    pub fn send_digits(&self, digits: &str) -> Result<(), PlayError> {
        let digits = digits
            .chars()
            .map(Digit::try_from)
            .collect::<Result<Vec<Digit>, InvalidDigit>>()
            .map_err(PlayError::InvalidDigit)?;
        let dialect = self.line.dialect();
        self.enqueue(digits.len(), |queue, now| match dialect {
            DtmfDialect::StartStop => queue.push_keys(&digits, now),
            _ => queue.push_tones(&digits, now),
        })
    }

    /// Sets a mark behind what waits to be said. When all before it has been handed to the kernel it comes as
    /// [`Event::MarkReached`](super::Event::MarkReached); at once, if there is nothing. It tells where speech was meant to end, so that the
    /// silence after it does not count as an underrun.
    ///
    /// The frame that was sent last takes 20 ms to be heard, and more on its way to the caller. After a
    /// [`split`](super::Call::split) the listener hands the mark out with the next thing it hears, on a silent line within a
    /// quarter of a second. A mark that is flushed never comes, nor does one before which the call ends.
    pub fn mark(&self) -> Mark {
        let is_closed_for_sending = self.line.is_closed_for_sending();
        let mut queue = self.line.queue();
        if is_closed_for_sending {
            return queue.unreachable_mark();
        }
        let mark = queue.mark();
        self.line.note_queue(&queue);
        mark
    }

    /// Stops sending (barge-in): takes back all that waits to be said, with the marks and digits in it and a
    /// [hangup](Voice::hang_up_after_playback) behind it, and returns it. No more than the one frame that is just being sent goes out.
    ///
    /// Asterisk plays what it has got; the pacing leaves no more than a frame or two there.
    #[doc(alias = "flush")]
    #[doc(alias = "barge-in")]
    #[doc(alias = "pause")]
    pub fn clear(&self) -> Unplayed {
        let mut queue = self.line.queue();
        let unsaid = queue.clear();
        self.line.note_queue(&queue);
        unsaid
    }

    /// How long it takes to say what waits.
    pub fn queued(&self) -> Duration {
        self.line.queue().queued()
    }

    /// At how many samples a second speech is said.
    pub fn rate(&self) -> SampleRate {
        self.line.queue().rate()
    }

    /// Says what comes from now on at another rate: that of a WAV file, say. See [`playback_rate`](super::CallOptions::playback_rate)
    /// for what Asterisk takes.
    ///
    /// # Errors
    ///
    /// [`PlayError::RateMismatch`] as long as something of another rate waits to be said.
    pub fn set_rate(&self, rate: SampleRate) -> Result<(), PlayError> {
        let mut queue = self.line.queue();
        match queue.set_rate(rate) {
            true => Ok(()),
            false => Err(PlayError::RateMismatch(queue.rate())),
        }
    }

    /// Hangs up as soon as all has been said that waits, and what is said meanwhile, and its last frame has lasted; at the next
    /// wait for events if that is nothing. [`clear`](Voice::clear) takes it back.
    pub fn hang_up_after_playback(&self) {
        let mut queue = self.line.queue();
        queue.hang_up_at_end();
        self.line.note_queue(&queue);
    }

    /// Hangs up when what this returns is dropped: at the end of a block, upon an error there, or a panic. For the thread that
    /// listens when another [runs](super::Player::run) the speaker, which returns only when the call is over.
    ///
    /// ```no_run
    /// # fn handle(voice: audiosocket::Voice) {
    /// let _hangs_up = voice.hang_up_on_drop();
    /// # }
    /// ```
    #[must_use = "the call is hung up as soon as it is dropped"]
    pub fn hang_up_on_drop(&self) -> HangUpOnDrop<T> {
        HangUpOnDrop {
            voice: self.clone(),
        }
    }

    /// Sends audio at once, as one frame, whatever waits to be said. For audio that comes in real time, such as an echo: Asterisk
    /// plays what it gets as fast as it gets it, and drops what is seconds ahead.
    ///
    /// # Errors
    ///
    /// [`SendError`]. An application may ignore it: the listener ends then, after what there is still to hear, and says how.
    pub fn send_now(&self, audio: Audio<'_>) -> Result<(), SendError> {
        self.line.send(&Message::Audio(audio)).map(|_| ())
    }

    /// Ends the call: sends the hangup frame and closes our direction. Asterisk goes on in its dialplan. The listener ends with
    /// [`End::LocalHangup`](super::End::LocalHangup), at its next event or after about a quarter of a second. Does not wait for
    /// another thread that is just sending, whose frame the hangup then follows, and for a peer that does not read 0.1 s at the
    /// most. Hanging up a call that is over does nothing.
    pub fn hang_up(&self) {
        self.line.hang_up();
    }

    /// The UUID of the call.
    pub fn uuid(&self) -> Uuid {
        self.line.uuid
    }

    /// What has been counted on the call so far.
    pub fn stats(&self) -> CallStats {
        self.line.stats()
    }

    /// Samples a second of the audio that came last; `None` before the first.
    pub fn received_rate(&self) -> Option<SampleRate> {
        self.line.received_rate()
    }

    fn enqueue(
        &self,
        wanted: usize,
        add: impl FnOnce(&mut PlaybackQueue, Instant) -> usize,
    ) -> Result<(), PlayError> {
        self.line.check_open()?;
        let mut queue = self.line.queue();
        let accepted = add(&mut queue, Instant::now());
        self.line.note_queue(&queue);
        match accepted < wanted {
            true => Err(PlayError::QueueFull { accepted }),
            false => Ok(()),
        }
    }

    pub(crate) fn line(&self) -> &Arc<Line<T>> {
        &self.line
    }
}

impl<T> Clone for Voice<T> {
    fn clone(&self) -> Voice<T> {
        Voice {
            line: Arc::clone(&self.line),
        }
    }
}

impl<T> fmt::Debug for Voice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice")
            .field("uuid", &self.line.uuid)
            .finish_non_exhaustive()
    }
}

/// Hangs up a call when it is dropped. From [`Voice::hang_up_on_drop`].
#[derive(Debug)]
pub struct HangUpOnDrop<T: Transport = TcpStream> {
    voice: Voice<T>,
}

impl<T: Transport> Drop for HangUpOnDrop<T> {
    fn drop(&mut self) {
        self.voice.hang_up();
    }
}

/// A place in what is said on a call. See [`Voice::mark`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mark(pub(super) u64);

/// Speech that [`Voice::clear`](super::Voice::clear) has taken back. To go on with it after all, say its bytes again.
#[derive(Clone, Eq, PartialEq)]
pub struct Unplayed {
    pub(super) rate: SampleRate,
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

impl Unplayed {
    /// Whether all had been said.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How long it would have lasted.
    pub fn duration(&self) -> Duration {
        duration_of(self.bytes.len(), self.rate)
    }

    /// Its samples a second.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Its samples, as they were given to [`Voice::play`](super::Voice::play).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The marks in it and at its end, which will not come as events.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

impl fmt::Debug for Unplayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unplayed")
            .field("duration", &self.duration())
            .field("rate", &self.rate)
            .field("marks", &self.marks)
            .finish()
    }
}
