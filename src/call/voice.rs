//! The sending side of a call: playback, digits and the hangup.

use core::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::line::Line;
use super::playback_queue::{PlaybackQueue, duration_of};
use super::transport::Transport;
use super::{CallStats, End, PlayError, SendError};
use crate::wav::Wav;
use crate::wire::{Audio, Digit, DtmfDialect, InvalidDigit, Message, SampleRate, Uuid};

/// A handle for sending on a call, usable from any thread.
///
/// It can be used while an event is borrowed. Cloning is cheap, and every clone sends on the same call. A voice sends audio, the
/// hangup, and digits in the form that suits the peer, and no other kinds. Choose a rate that the peer accepts: see
/// [`playback_rate`](super::CallOptions::playback_rate). Frames from several threads are sent whole, one after the other. A clone
/// that outlives its call sends nothing, and keeps a descriptor open.
pub struct Voice<T = TcpStream> {
    line: Arc<Line<T>>,
}

impl<T: Transport> Voice<T> {
    pub(super) const fn new(line: Arc<Line<T>>) -> Voice<T> {
        Voice { line }
    }

    /// Queues audio for playback and returns at once.
    ///
    /// The audio is 16-bit samples, little-endian, one channel, at the call's [rate](Voice::rate). It is played after audio that
    /// is queued already, in frames of 20 ms (see [`frame_duration`](super::CallOptions::frame_duration)) on the call's clock. Call
    /// this with pieces of any size, as fast as you like; a sample may be split between two pieces. If a frame's scheduled time
    /// comes before all of its audio is queued, it is padded with silence, and so is the last frame.
    ///
    /// [`Call::receive`](super::Call::receive) and [`receive_until`](super::Call::receive_until) play the queue while they wait for
    /// events. In [`Call::with_player`](super::Call::with_player), a separate thread plays it. Without that thread, audio that
    /// another thread queues on a call that is silent in both directions starts up to a quarter of a second late.
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
    ///             // Barge-in: the caller pressed a key, so stop playback.
    ///             event if event.dtmf().is_some() => {
    ///                 println!("{:?} not played", voice.clear().duration());
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
    /// [`PlayError::QueueFull`] if there is no room for all of it (see [`max_queued`](super::CallOptions::max_queued), 5 minutes
    /// by default). The error states how much was accepted; play the rest later. [`PlayError::NotSent`] if the call is over.
    #[doc(alias = "say")]
    #[doc(alias = "speak")]
    pub fn play(&self, bytes: &[u8]) -> Result<(), PlayError> {
        self.enqueue(bytes.len(), |queue, now| queue.push(bytes, now))
    }

    /// Queues samples for playback as numbers. Otherwise it is like [`play`](Voice::play).
    ///
    /// # Errors
    ///
    /// As for [`play`](Voice::play); the accepted amount is counted in samples.
    pub fn play_samples(&self, samples: &[i16]) -> Result<(), PlayError> {
        self.enqueue(samples.len(), |queue, now| queue.push_samples(samples, now))
    }

    /// Queues a WAV file's audio for playback at its own rate, like [`set_rate`](Voice::set_rate) and [`play`](Voice::play).
    ///
    /// ```no_run
    /// use audiosocket::call::Call;
    /// use audiosocket::wav::Wav;
    ///
    /// fn announce(call: &mut Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     call.play_wav(&Wav::open("announcement.wav")?)?;
    ///     call.hang_up_after_playback();
    ///     while call.receive().is_some() {}
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`play`](Voice::play), and [`PlayError::RateMismatch`] while audio of another rate is queued. Nothing of the file
    /// is queued then.
    pub fn play_wav(&self, wav: &Wav) -> Result<(), PlayError> {
        let mut mismatch = None;
        let queued = self.enqueue(wav.bytes().len(), |queue, now| {
            if !queue.set_rate(wav.rate()) {
                mismatch = Some(PlayError::RateMismatch(queue.rate()));
                return 0;
            }
            queue.push(wav.bytes(), now)
        });
        mismatch.map_or(queued, Err)
    }

    /// Queues DTMF digits for the peer: `0` to `9`, `*`, `#` and `A` to `D`.
    ///
    /// Each digit lasts 100 ms and is followed by a pause of 100 ms. Digits are queued like audio, so they never overlap it.
    ///
    /// To an Asterisk of the start-stop dialect, a digit is sent as a start and a stop (kind 0x02, with the true duration) with
    /// silence between them. To any other Asterisk, a digit is sent as a tone in the audio (ITU-T Q.23, -9 and -7 dBm0), because
    /// a digit frame would end the call (measured with 22.10). [`dialect`](super::CallOptions::dialect) sets the dialect. Without
    /// that option, the voice uses the dialect of the last digit received, and tones before the first one.
    ///
    /// # Errors
    ///
    /// [`PlayError::InvalidDigit`] if a character is not a DTMF digit; nothing is queued then. [`PlayError::QueueFull`] if there is
    /// no room for all digits; the error states how many were accepted. [`PlayError::NotSent`] if the call is over.
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

    /// Sets a mark at the end of the playback queue.
    ///
    /// [`Event::MarkReached`](super::Event::MarkReached) reports the mark when all audio ahead of it has been handed to the
    /// kernel. The caller hears that audio to its end about 20 ms later, plus the delay of the network. If nothing is queued, the
    /// mark is reached at once. Silence after a mark is intended, so it does not count as an underrun.
    ///
    /// If a [`Player`](super::Player) plays on another thread, the receiver returns the mark with its next event; on a silent line,
    /// this takes up to a quarter of a second. A mark is not reported if it is cleared or if the call ends ahead of it. The call
    /// keeps the last 1024 marks that were reached and not yet returned as events.
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

    /// Stops playback (barge-in) and returns all audio that was still queued.
    ///
    /// It also removes the marks in the queue, and cancels a [hangup](Voice::hang_up_after_playback) after it. Digits are removed,
    /// too. Those that are sent as tones are audio and are returned; of those in the start-stop dialect, only the silence is
    /// returned. At most one more frame is sent, which is being sent now. Asterisk still plays the frames it has received, which
    /// are at most two.
    #[doc(alias = "flush")]
    #[doc(alias = "barge-in")]
    #[doc(alias = "pause")]
    pub fn clear(&self) -> Unplayed {
        let mut queue = self.line.queue();
        let unplayed = queue.clear();
        self.line.note_queue(&queue);
        unplayed
    }

    /// Returns how long the queued audio lasts.
    pub fn queued(&self) -> Duration {
        self.line.queue().queued()
    }

    /// Returns the sample rate at which audio is played.
    pub fn rate(&self) -> SampleRate {
        self.line.queue().rate()
    }

    /// Sets the rate of the audio queued from now on. [`play_wav`](Voice::play_wav) does this itself.
    ///
    /// See [`playback_rate`](super::CallOptions::playback_rate) for the rates that Asterisk accepts.
    ///
    /// # Errors
    ///
    /// [`PlayError::RateMismatch`] while audio of another rate is queued.
    pub fn set_rate(&self, rate: SampleRate) -> Result<(), PlayError> {
        let mut queue = self.line.queue();
        match queue.set_rate(rate) {
            true => Ok(()),
            false => Err(PlayError::RateMismatch(queue.rate())),
        }
    }

    /// Hangs up when the playback queue is empty and its last frame has finished playing.
    ///
    /// Audio that is queued meanwhile is played first. If nothing is queued, the call is hung up at the next wait for events.
    /// [`clear`](Voice::clear) cancels the hangup.
    pub fn hang_up_after_playback(&self) {
        let mut queue = self.line.queue();
        queue.hang_up_at_end();
        self.line.note_queue(&queue);
    }

    /// Returns a guard that hangs up when it is dropped.
    ///
    /// It hangs up at the end of a block, on every path: an error and a panic too. Use it in a thread that receives while another
    /// thread [runs](super::Player::run) the player, because `run` returns only when the call is over.
    /// [`Call::with_player`](super::Call::with_player) needs no guard.
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
            is_armed: true,
        }
    }

    /// Sends audio at once, as one frame, bypassing the playback queue.
    ///
    /// Use it for audio that arrives in real time, such as an echo. Asterisk plays frames as fast as it receives them, and drops
    /// audio that is seconds ahead.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the call is over or disconnected, or if only this frame was lost ([`SendError::FrameLost`]). You can
    /// ignore it: the receiver returns the remaining events, and at the end of the call reports how it ended.
    pub fn send_now(&self, audio: Audio<'_>) -> Result<(), SendError> {
        self.line.send(&Message::Audio(audio)).map(|_| ())
    }

    /// Ends the call: sends the hangup frame and closes our direction, so the dialplan continues.
    ///
    /// The receiver ends with [`End::LocalHangup`](super::End::LocalHangup), at its next event or after about a quarter of a
    /// second. If another thread is sending, this method does not wait, and the hangup is sent after that thread's frame. It waits
    /// at most 0.1 s for a peer that does not read. It does nothing if the call is over.
    pub fn hang_up(&self) {
        self.line.hang_up();
    }

    /// Returns how the call ended; `None` while it continues.
    pub fn end(&self) -> Option<End> {
        self.line.end()
    }

    /// Returns the UUID of the call.
    pub fn uuid(&self) -> Uuid {
        self.line.uuid
    }

    /// Returns the statistics of the call so far.
    pub fn stats(&self) -> CallStats {
        self.line.stats()
    }

    /// Returns the sample rate of the last audio received; `None` before the first.
    pub fn received_rate(&self) -> Option<SampleRate> {
        self.line.received_rate()
    }

    pub(super) fn enqueue(
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

/// A guard that hangs up a call when it is dropped. [`Voice::hang_up_on_drop`] returns it.
#[derive(Debug)]
pub struct HangUpOnDrop<T: Transport = TcpStream> {
    voice: Voice<T>,
    is_armed: bool,
}

impl<T: Transport> HangUpOnDrop<T> {
    /// Drops the guard without hanging up.
    pub fn disarm(mut self) {
        self.is_armed = false;
    }
}

impl<T: Transport> Drop for HangUpOnDrop<T> {
    fn drop(&mut self) {
        if self.is_armed {
            self.voice.hang_up();
        }
    }
}

/// A place in the playback queue of a call. See [`Voice::mark`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mark(pub(super) u64);

/// Audio that [`Voice::clear`] or a stopped prompt has taken back. To continue it, play it again.
#[derive(Clone, Eq, PartialEq)]
pub struct Unplayed {
    pub(super) rate: SampleRate,
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

impl Unplayed {
    /// Returns whether everything had been played.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns how long the audio would have lasted.
    pub fn duration(&self) -> Duration {
        duration_of(self.bytes.len(), self.rate)
    }

    /// Returns the sample rate of the audio.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Returns the samples in the form that [`Voice::play`](super::Voice::play) accepts.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the marks inside and at the end of the audio. They are not reported as events.
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
