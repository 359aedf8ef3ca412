//! What is heard on a call.

use core::fmt;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::line::{Line, Played};
use super::transport::{Incoming, Transport};
use super::{CallOptions, CallStats, Direction, End, Event, Mark, Timeout};
use crate::stream::{ByteRate, FrameReader, ReadError};
use crate::wire::{Kind, Message, SampleRate};

/// The hearing half of a call: the events that come from the peer, one after the other.
///
/// Part of a [`Call`](super::Call), which hands it out by [`split`](super::Call::split) for a thread of its own. While it waits
/// it also keeps the call alive and watches over its deadlines.
#[doc(alias = "listener")]
pub struct CallReceiver<T = TcpStream> {
    reader: FrameReader<Incoming<T>>,
    line: Arc<Line<T>>,
    options: CallOptions,
    read_timeout: Duration,
    /// When something came last.
    last_read: Instant,
    byte_rate: ByteRate,
    /// When the frame was started of which only a part has come.
    frame_begun: Option<Instant>,
    /// Whether all that had come has been read since the last deadline. Without it a call whose deadlines follow each other in
    /// 20 ms would only sleep and never read.
    has_caught_up: bool,
    /// To cut frames of speech into.
    frame: Vec<u8>,
}

/// Who says what waits to be said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Clock {
    /// The listener itself, while it waits for events.
    Here,
    /// A speaker on another thread.
    Elsewhere,
}

/// How long a read may wait without a deadline near: the time in which a hangup from another thread is noticed on a silent call,
/// and to which its deadlines are kept.
const COARSE: Duration = Duration::from_millis(250);

/// The same on the way to a deadline: few time-outs that change and few reads, whatever the deadline.
const MEDIUM: Duration = Duration::from_millis(60);

/// How long a read may wait with a deadline near. The socket's clock counts in steps of 4 ms on most Linux kernels (HZ=250) and
/// comes up to two of them late: such a read takes 4 to 8 ms, 11.7 ms at the 99th percentile.
const FINE: Duration = Duration::from_millis(4);

/// Closer to a deadline we sleep, which is exact to 0.1 ms, once we have read what there was. Longer than a fine read can take,
/// and no shorter than a frame: so one read for each frame that is said will do, and mostly finds the caller's frame waiting.
const SLEEPS_WITHIN: Duration = Duration::from_millis(20);

/// How long a fine read takes at the most, but for 1 in 100. Closer to a deadline it is only looked at what has come.
const LONGEST_FINE: Duration = Duration::from_millis(12);

/// A line that has been silent for so long is only looked at between two frames of speech, not listened to: the caller is on
/// hold, or his telephone suppresses silence. What comes then is heard at the next deadline.
const SILENT: Duration = Duration::from_millis(100);

enum Waited {
    ForFrame,
    ForMark(Mark),
    UntilTime,
    ToEnd,
}

impl<T: Transport> CallReceiver<T> {
    pub(super) fn new(
        reader: FrameReader<Incoming<T>>,
        line: Arc<Line<T>>,
        options: CallOptions,
    ) -> CallReceiver<T> {
        CallReceiver {
            reader,
            last_read: line.started(),
            line,
            options,
            read_timeout: Duration::ZERO,
            byte_rate: ByteRate::default(),
            frame_begun: None,
            has_caught_up: false,
            frame: Vec::new(),
        }
    }

    /// Waits for the next event; `None` when the call is over, and [`end`](CallReceiver::end) says how it ended.
    ///
    /// A frame that is wrong or unknown is an event like any other; nothing but the end of the call ends the events.
    pub fn receive(&mut self) -> Option<Event<'_>> {
        self.next_event(None, Clock::Elsewhere)
    }

    /// The same, but waits no longer than to the given time, at which the event is [`Event::TimeUp`]; so it is when the time has
    /// passed already, whatever is waiting. On Linux it comes 0.1 ms late at the median.
    pub fn receive_until(&mut self, time: Instant) -> Option<Event<'_>> {
        self.next_event(Some(time), Clock::Elsewhere)
    }

    /// How the call ended; `None` as long as it goes on.
    pub fn end(&self) -> Option<End> {
        self.line.end()
    }

    /// What has been counted on the call so far.
    pub fn stats(&self) -> CallStats {
        self.line.stats()
    }

    /// Whether something has come and been read.
    pub(crate) fn has_read(&self) -> bool {
        self.last_read != self.line.started()
    }

    pub(crate) const fn line(&self) -> &Arc<Line<T>> {
        &self.line
    }

    // First decide by numbers whether there is a frame, then borrow it once: a frame borrowed inside the loop would lock the
    // reader for as long as the event lives.
    pub(super) fn next_event(&mut self, time: Option<Instant>, clock: Clock) -> Option<Event<'_>> {
        match self.wait(time, clock) {
            Waited::ForFrame => {}
            Waited::ForMark(mark) => return Some(Event::MarkReached(mark)),
            Waited::UntilTime => return Some(Event::TimeUp),
            Waited::ToEnd => return None,
        }
        if self
            .reader
            .header()
            .is_some_and(|header| header.kind() == Kind::HANGUP)
        {
            self.line.note_end(End::RemoteHangup);
            return None;
        }
        self.line.count_received();
        self.watch_over_audio();
        match self.reader.buffered_frame() {
            Ok(frame) => frame.map(|frame| match frame.message() {
                Ok(message) => {
                    match message {
                        Message::Audio(audio) => {
                            let at = || self.last_read;
                            self.line.audio_hook.tell(Direction::Received, audio, at);
                        }
                        Message::Dtmf(dtmf) => self.line.note_received_dialect(dtmf.dialect()),
                        _ => {}
                    }
                    Event::Message(message)
                }
                Err(error) => Event::Malformed { frame, error },
            }),
            Err(ReadError::TooLong { header, .. }) => Some(Event::TooLong(header)),
            // Not reached: a buffer can only answer with a frame, with none, or with one that is too long.
            Err(_) => None,
        }
    }

    fn wait(&mut self, time: Option<Instant>, clock: Clock) -> Waited {
        loop {
            self.line.watch_over_length();
            if let Some(end) = self.line.end() {
                if end.is_from_here() {
                    // The peer is to know at once, whatever the handler still does.
                    self.line.send_hangup_if_free();
                }
                // All before it was sent, so it comes, though the call has been hung up behind it.
                if let Some(mark) = self.line.take_passed_mark() {
                    return Waited::ForMark(mark);
                }
                return Waited::ToEnd;
            }
            let played = match clock {
                Clock::Here => self.line.play_due(&mut self.frame),
                Clock::Elsewhere => Played::default(),
            };
            if played.sent {
                self.has_caught_up = false;
            }
            if let Some(mark) = self.line.take_passed_mark() {
                return Waited::ForMark(mark);
            }
            let now = Instant::now();
            if time.is_some_and(|time| time <= now) {
                self.has_caught_up = false;
                return Waited::UntilTime;
            }
            if self.reader.needed() == 0 {
                return Waited::ForFrame;
            }
            let deadline = time.into_iter().chain(played.next_due).min();
            match deadline.map(|deadline| deadline.saturating_duration_since(now)) {
                Some(left) if left <= SLEEPS_WITHIN && self.has_caught_up => thread::sleep(left),
                Some(left) if left < LONGEST_FINE => self.look(),
                Some(left) if left <= SLEEPS_WITHIN && self.line.silent_for() >= SILENT => {
                    self.look()
                }
                Some(left) if left <= MEDIUM.saturating_add(SLEEPS_WITHIN) => self.read(FINE),
                Some(left) if left <= COARSE.saturating_add(SLEEPS_WITHIN) => self.read(MEDIUM),
                _ => self.read(COARSE),
            }
        }
    }

    /// Waits for bytes and reads once. Every failure but a time-out is the end of the call.
    fn read(&mut self, timeout: Duration) {
        if let Err(error) = self.set_read_timeout(timeout) {
            self.line.note_end(End::from_io(&error));
            return;
        }
        let result = self.reader.fill();
        self.take_in(result);
    }

    /// Reads once without waiting.
    fn look(&mut self) {
        // A transport that cannot only look waits as long as a read does.
        if let Err(error) = self.set_read_timeout(FINE) {
            self.line.note_end(End::from_io(&error));
            return;
        }
        self.reader.get_mut().waits = false;
        let result = self.line.while_nobody_sends(|| self.reader.fill());
        self.reader.get_mut().waits = true;
        match result {
            Some(result) => self.take_in(result),
            None => self.read(FINE),
        }
    }

    fn take_in(&mut self, result: Result<usize, ReadError>) {
        match result {
            Ok(0) => self.line.note_end(End::Closed),
            Ok(_) => {
                self.last_read = Instant::now();
                self.line.note_received();
                self.watch_over_frame();
                // The rest of a long frame is there already, or about to be; and there is more where there was no room for it.
                self.has_caught_up =
                    self.reader.needed() == 0 && !self.reader.get_ref().took_all_room;
            }
            Err(error) if error.is_timeout() => {
                self.has_caught_up = true;
                self.watch_over_frame();
                self.watch_over_silence();
            }
            Err(ReadError::Io(error)) => self.line.note_end(End::from_io(&error)),
            Err(ReadError::Truncated { needed }) => self.line.note_end(End::Truncated { needed }),
            Err(ReadError::TooLong { .. }) => {}
        }
    }

    /// A frame once started has to be finished in time, however steadily its bytes come.
    fn watch_over_frame(&mut self) {
        let at_frame_boundary = self.reader.at_frame_boundary() || self.reader.needed() == 0;
        if at_frame_boundary {
            self.frame_begun = None;
            return;
        }
        let started = *self.frame_begun.get_or_insert_with(Instant::now);
        if started.elapsed() >= self.options.frame_timeout {
            self.line.note_end(End::TimedOut(Timeout::Frame));
        }
    }

    fn watch_over_silence(&mut self) {
        if self
            .options
            .idle_timeout
            .is_some_and(|limit| self.line.silent_for() >= limit)
        {
            self.line.note_end(End::TimedOut(Timeout::Idle));
            return;
        }
        self.line.keep_alive();
    }

    /// Notes what kind of audio it is that is about to be heard.
    fn watch_over_audio(&mut self) {
        let Some(header) = self.reader.header() else {
            return;
        };
        let Some(rate) = header.kind().sample_rate() else {
            return;
        };
        let is_8000 = rate == SampleRate::Hz8000;
        if is_8000 {
            let at = self
                .last_read
                .saturating_duration_since(self.line.started());
            self.byte_rate.add(header.payload_len(), at);
        }
        let is_g711_suspected = is_8000 && self.byte_rate.is_g711_suspected();
        self.line.note_received_audio(rate, is_g711_suspected);
    }

    /// Sets the time-out only if it changes: it costs a system call, and a frame costs no more than one.
    fn set_read_timeout(&mut self, timeout: Duration) -> std::io::Result<()> {
        if self.read_timeout != timeout {
            self.line.transport.set_recv_timeout(timeout)?;
            self.read_timeout = timeout;
        }
        Ok(())
    }
}

impl<T> fmt::Debug for CallReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallReceiver")
            .field("uuid", &self.line.uuid)
            .field("end", &self.line.end())
            .finish_non_exhaustive()
    }
}
