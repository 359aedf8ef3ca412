//! What is said on a call.

use core::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::line::Line;
use super::playout::Playout;
use super::transport::Transport;
use super::{SayError, SendError, Stats, Unsaid};
use crate::wire::{Audio, Digit, DtmfDialect, Message, NotADigit, SampleRate, Uuid};

/// A handle to speak on a call: from the thread that listens, while an event is borrowed, and from any other thread.
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
    /// [`frame_time`](super::CallOptions::frame_time) says otherwise. It may come in pieces of any size, faster than real time or
    /// in bursts, and a sample may be split between two. What is left at the end is filled up with silence to a whole frame; so
    /// is what there is when more comes too late.
    ///
    /// It does not wait. The queue is said while the call waits for events: in [`Call::receive`](super::Call::receive) and
    /// [`receive_until`](super::Call::receive_until), or, after [`split`](super::Call::split), by
    /// [`Speaker::run`](super::Speaker::run) on a thread of its own. From another thread than the one that waits, what is said on
    /// a call that is silent in both directions begins up to a quarter of a second late without a `Speaker`.
    ///
    /// ```no_run
    /// use audiosocket::call::{Call, Event, SayError};
    ///
    /// fn greet(call: &mut Call, greeting: &[u8]) -> Result<(), SayError> {
    ///     let voice = call.voice();
    ///     voice.say(greeting)?;
    ///     let greeted = voice.mark();
    ///     while let Some(event) = call.receive() {
    ///         match event {
    ///             Event::Said(mark) if mark == greeted => break,
    ///             // Barge-in: the caller has pressed a key and wants to hear no more.
    ///             event if event.dtmf().is_some() => {
    ///                 println!("{:?} not heard", voice.flush().duration());
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
    /// [`SayError::Full`] if there is no room for all of it (see [`speech_limit`](super::CallOptions::speech_limit), 5 minutes by
    /// default): as much as the error says has been taken in, so say the rest later. [`SayError::NotSent`] if the call is over.
    pub fn say(&self, bytes: &[u8]) -> Result<(), SayError> {
        self.add_speech(bytes.len(), |playout, now| playout.say(bytes, now))
    }

    /// The same with samples as numbers.
    ///
    /// # Errors
    ///
    /// As for [`say`](Voice::say); what was taken in is counted in samples.
    pub fn say_samples(&self, samples: &[i16]) -> Result<(), SayError> {
        self.add_speech(samples.len(), |playout, now| {
            playout.say_samples(samples, now)
        })
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
    /// [`SayError::NotADigit`], upon which nothing is sent. [`SayError::Full`] if there is no room for all of them; as many as it
    /// says were taken in. [`SayError::NotSent`] if the call is over.
    pub fn send_digits(&self, digits: &str) -> Result<(), SayError> {
        let digits = digits
            .chars()
            .map(Digit::try_from)
            .collect::<Result<Vec<Digit>, NotADigit>>()
            .map_err(SayError::NotADigit)?;
        let dialect = self.line.dialect();
        self.add_speech(digits.len(), |playout, now| match dialect {
            DtmfDialect::StartStop => playout.press(&digits, now),
            _ => playout.say_tones(&digits, now),
        })
    }

    /// Sets a mark behind what waits to be said. When all before it has been handed to the kernel it comes as
    /// [`Event::Said`](super::Event::Said); at once, if there is nothing. It tells where speech was meant to end, so that the
    /// silence after it does not count as an underrun.
    ///
    /// The frame that was sent last takes 20 ms to be heard, and more on its way to the caller. After a
    /// [`split`](super::Call::split) the listener hands the mark out with the next thing it hears, on a silent line within a
    /// quarter of a second. A mark that is flushed never comes, nor does one before which the call ends.
    pub fn mark(&self) -> Mark {
        let takes_no_more = self.line.takes_no_more();
        let mut playout = self.line.playout();
        if takes_no_more {
            return playout.mark_in_vain();
        }
        let mark = playout.mark();
        self.line.note_playout(&playout);
        mark
    }

    /// Stops speaking (barge-in): takes back all that waits to be said, with the marks and digits in it and a
    /// [hangup](Voice::hang_up_when_said) behind it, and returns it. No more than the one frame that is just being sent goes out.
    ///
    /// Asterisk plays what it has got; the pacing leaves no more than a frame or two there.
    pub fn flush(&self) -> Unsaid {
        let mut playout = self.line.playout();
        let unsaid = playout.flush();
        self.line.note_playout(&playout);
        unsaid
    }

    /// How long it takes to say what waits.
    pub fn unsaid(&self) -> Duration {
        self.line.playout().unsaid()
    }

    /// At how many samples a second speech is said.
    pub fn rate(&self) -> SampleRate {
        self.line.playout().rate()
    }

    /// Says what comes from now on at another rate: that of a WAV file, say. See [`speech_rate`](super::CallOptions::speech_rate)
    /// for what Asterisk takes.
    ///
    /// # Errors
    ///
    /// [`SayError::OtherRate`] as long as something of another rate waits to be said.
    pub fn set_rate(&self, rate: SampleRate) -> Result<(), SayError> {
        let mut playout = self.line.playout();
        match playout.set_rate(rate) {
            true => Ok(()),
            false => Err(SayError::OtherRate(playout.rate())),
        }
    }

    /// Hangs up as soon as all has been said that waits, and what is said meanwhile, and its last frame has lasted; at the next
    /// wait for events if that is nothing. [`flush`](Voice::flush) takes it back.
    pub fn hang_up_when_said(&self) {
        let mut playout = self.line.playout();
        playout.hang_up_at_end();
        self.line.note_playout(&playout);
    }

    /// Hangs up when what this returns is dropped: at the end of a block, upon an error there, or a panic. For the thread that
    /// listens when another [runs](super::Speaker::run) the speaker, which returns only when the call is over.
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
    pub fn send(&self, audio: Audio<'_>) -> Result<(), SendError> {
        self.line.send(&Message::Audio(audio)).map(|_| ())
    }

    /// Ends the call: sends the hangup frame and closes our direction. Asterisk goes on in its dialplan. The listener ends with
    /// [`End::HungUpHere`](super::End::HungUpHere), at its next event or after about a quarter of a second. Does not wait for
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
    pub fn stats(&self) -> Stats {
        self.line.stats()
    }

    /// Samples a second of the audio that came last; `None` before the first.
    pub fn heard_rate(&self) -> Option<SampleRate> {
        self.line.heard_rate()
    }

    fn add_speech(
        &self,
        wanted: usize,
        add: impl FnOnce(&mut Playout, Instant) -> usize,
    ) -> Result<(), SayError> {
        self.line.check_takes_more()?;
        let mut playout = self.line.playout();
        let taken = add(&mut playout, Instant::now());
        self.line.note_playout(&playout);
        match taken < wanted {
            true => Err(SayError::Full { taken }),
            false => Ok(()),
        }
    }

    pub(super) fn line(&self) -> &Arc<Line<T>> {
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
