//! The receiving side of a call.

use core::fmt;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::keypad::Keypad;
use super::line::Line;
use super::transport::{Incoming, Transport};
use super::{CallOptions, CallStats, Direction, End, Event, Mark, Timeout, Voice};
use crate::stream::{ByteRate, Filled, FrameReader, ReadError};
use crate::wire::{Digit, Dtmf, Kind, Message, SampleRate};

/// The receiving half of a call, which returns the call's events one by one.
///
/// Each [`Call`](super::Call) has one. [`split`](super::Call::split) and [`with_player`](super::Call::with_player) lend it to
/// code that receives on one thread while another thread plays. While it waits for events, it also plays queued audio (unless a
/// player does), keeps the call alive and checks its timeouts.
#[doc(alias = "listener")]
pub struct CallReceiver<T = TcpStream> {
    reader: FrameReader<Incoming<T>>,
    line: Arc<Line<T>>,
    options: CallOptions,
    read_timeout: Duration,
    /// When bytes were received last.
    last_read: Instant,
    byte_rate: ByteRate,
    /// When the first bytes of an incomplete frame were received.
    frame_started: Option<Instant>,
    /// Whether all received bytes have been read since the last frame was played or the last `TimeUp` was returned. Only then
    /// may the thread sleep; a call with a deadline every 20 ms would otherwise only sleep and never read.
    has_caught_up: bool,
    /// Whether, since the last mark or `TimeUp`, a frame was returned, a read was tried, or no read was possible because another
    /// thread was sending. While false, a read comes first, and then the frame if one is complete. Without this, a handler that
    /// asks for marks or `TimeUp` again and again would never receive a frame. (`own_events_do_not_hide_frames_and_end`)
    peer_had_its_turn: bool,
    /// Whether the transport can read without waiting ([`Transport::try_recv`]).
    can_look: bool,
    keypad: Keypad,
    /// The key whose start was returned and whose stop was not returned yet.
    key_down: Option<Digit>,
}

// How `wait` waits. The deadline is the scheduled time of the next frame to play, or the time that the handler gave.
// - It reads with a timeout that cannot miss the deadline: `COARSE` while the deadline is far, `MEDIUM` within 270 ms, `FINE`
//   within 80 ms, and without waiting within `LONGEST_FINE`.
// - Within `SLEEPS_WITHIN`, once all received bytes have been read, it sleeps until the deadline: a sleep is exact to 0.1 ms.
// - If the caller has been silent for `SILENT`, it does not wait for bytes within `SLEEPS_WITHIN`.
// - A transport without fine timeouts has a way of its own, `wait_coarsely`.

/// The read timeout when no deadline is near. On a silent call, a hangup from another thread is noticed this late at most, and
/// timeouts are kept to this precision.
const COARSE: Duration = Duration::from_millis(250);

/// The read timeout on the way to a deadline. With it, few timeout changes and few reads are needed for any deadline.
const MEDIUM: Duration = Duration::from_millis(60);

/// The read timeout near a deadline. The socket's clock counts in steps of 4 ms on most Linux kernels (HZ=250) and is up to two
/// steps late. Such a read takes 4 to 8 ms, and 11.7 ms at the 99th percentile.
const FINE: Duration = Duration::from_millis(4);

/// The longest time of a read with the timeout [`COARSE`] on a transport without fine timeouts. Windows is documented to round
/// timeouts up to 500 ms; the rest is a margin.
const LONGEST_COARSE: Duration = Duration::from_millis(600);

/// The pause between two reads of a transport without fine timeouts. A frame is returned this late at most.
const BETWEEN_COARSE_LOOKS: Duration = Duration::from_millis(5);

/// The time ahead of a deadline within which the thread sleeps. It is longer than a fine read and not shorter than a frame of
/// 20 ms, so each such frame that is played needs one read, which usually finds the caller's frame already received. Longer
/// frames need more reads.
const SLEEPS_WITHIN: Duration = Duration::from_millis(20);

/// The longest time of 99 in 100 fine reads. Closer to a deadline, the receiver reads without waiting.
const LONGEST_FINE: Duration = Duration::from_millis(12);

/// After this much silence, the receiver does not wait for bytes between two played frames. The caller is on hold, or their phone
/// suppresses silence. Bytes that arrive later are read after the next frame.
const SILENT: Duration = Duration::from_millis(100);

/// The event that ended a wait.
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
            frame_started: None,
            has_caught_up: false,
            peer_had_its_turn: true,
            can_look: true,
            keypad: Keypad::default(),
            key_down: None,
        }
    }

    /// Waits for the next event; returns `None` when the call is over.
    ///
    /// [`end`](CallReceiver::end) then returns how it ended.
    ///
    /// A malformed or unknown frame is an event like any other. Only the end of the call ends the events.
    pub fn receive(&mut self) -> Option<Event<'_>> {
        self.next_event(None)
    }

    /// Waits for the next event until the given time, then returns [`Event::TimeUp`].
    ///
    /// Once the time has passed, [`Event::TimeUp`] and the received frames alternate. Marks that were reached and the end of the
    /// call come before [`Event::TimeUp`]. On Linux, [`Event::TimeUp`] is 0.1 ms late at the median.
    ///
    /// [`Event::TimeUp`] does not end the events. `while let Some(event) = call.receive_until(time)` loops without a pause after
    /// `time` has passed, so leave such a loop at [`Event::TimeUp`].
    ///
    /// ```no_run
    /// use std::time::{Duration, Instant};
    ///
    /// use audiosocket::call::{Call, Event};
    ///
    /// fn wait_for_a_key(call: &mut Call) -> Option<char> {
    ///     let give_up = Instant::now() + Duration::from_secs(5);
    ///     while let Some(event) = call.receive_until(give_up) {
    ///         match event {
    ///             Event::TimeUp => break,
    ///             event => {
    ///                 if let Some(dtmf) = event.dtmf() {
    ///                     return Some(dtmf.digit().to_char());
    ///                 }
    ///             }
    ///         }
    ///     }
    ///     None
    /// }
    /// ```
    pub fn receive_until(&mut self, time: Instant) -> Option<Event<'_>> {
        self.next_event(Some(time))
    }

    /// Returns how the call ended; `None` while it continues.
    pub fn end(&self) -> Option<End> {
        self.line.end()
    }

    /// Returns the statistics of the call so far.
    pub fn stats(&self) -> CallStats {
        self.line.stats()
    }

    /// Runs `work` with the keypad of the call, which stays with the call.
    pub(super) fn with_keypad<R>(&mut self, work: impl FnOnce(&mut Self, &mut Keypad) -> R) -> R {
        let mut keypad = core::mem::take(&mut self.keypad);
        if let Some(digit) = self.key_down {
            keypad.ignore_stop(digit);
        }
        let result = work(self, &mut keypad);
        self.keypad = keypad;
        result
    }

    pub(super) fn voice(&self) -> Voice<T> {
        Voice::new(Arc::clone(&self.line))
    }

    pub(crate) const fn line(&self) -> &Arc<Line<T>> {
        &self.line
    }

    // `wait` only checks lengths, and the frame is borrowed once, afterwards. The borrow checker would not let a loop return a
    // frame that it has borrowed.
    fn next_event(&mut self, time: Option<Instant>) -> Option<Event<'_>> {
        match self.wait(time) {
            Waited::ForFrame => self.peer_had_its_turn = true,
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
                            self.line.audio_hook.run(Direction::Received, audio, at);
                        }
                        Message::Dtmf(dtmf) => {
                            self.line.note_received_dialect(dtmf.dialect());
                            self.key_down = match dtmf {
                                Dtmf::Start(digit) => Some(digit),
                                Dtmf::Stop { .. } | Dtmf::Digit(_) => None,
                            };
                        }
                        _ => {}
                    }
                    Event::Message(message)
                }
                Err(error) => Event::Malformed { frame, error },
            }),
            Err(ReadError::TooLong { header, .. }) => Some(Event::TooLong(header)),
            // Not reached: a buffer returns only a frame, no frame, or a frame that is too long.
            Err(_) => None,
        }
    }

    fn wait(&mut self, time: Option<Instant>) -> Waited {
        loop {
            self.line.end_if_over_max_duration();
            if let Some(end) = self.line.end() {
                if end.is_from_here() {
                    // Now, because the handler may continue for a long time.
                    self.line.send_hangup_if_free();
                }
                // All audio ahead of the mark was sent, so it is reported even if the call was hung up afterwards.
                if let Some(mark) = self.line.take_passed_mark() {
                    return Waited::ForMark(mark);
                }
                return Waited::ToEnd;
            }
            let played = self.line.play_due_without_player();
            if played.sent {
                self.has_caught_up = false;
            }
            let now = Instant::now();
            let is_time_up = time.is_some_and(|time| time <= now);
            if is_time_up || self.line.has_passed_mark() {
                if !self.peer_had_its_turn {
                    if self.reader.needed() == 0 {
                        return Waited::ForFrame;
                    }
                    self.look();
                    continue;
                }
                self.peer_had_its_turn = false;
                if let Some(mark) = self.line.take_passed_mark() {
                    return Waited::ForMark(mark);
                }
                self.has_caught_up = false;
                return Waited::UntilTime;
            }
            if self.reader.needed() == 0 {
                return Waited::ForFrame;
            }
            let deadline = time.into_iter().chain(played.next_due).min();
            if !self.line.transport.has_fine_timeouts() {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
                self.wait_coarsely(left);
                continue;
            }
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

    /// Waits on a transport without fine timeouts, with `left` as the time to the next deadline.
    ///
    /// It waits for bytes only if even the longest read cannot miss the deadline, so never while audio is queued. Otherwise it
    /// alternates reads without waiting and short sleeps.
    fn wait_coarsely(&mut self, left: Option<Duration>) {
        match left {
            Some(left) if left <= LONGEST_COARSE => match self.has_caught_up {
                true => {
                    thread::sleep(left.min(BETWEEN_COARSE_LOOKS));
                    self.has_caught_up = false;
                }
                false => self.look(),
            },
            _ => self.read(COARSE),
        }
    }

    /// Waits for bytes and reads once. Every error except a timeout ends the call.
    fn read(&mut self, timeout: Duration) {
        if let Err(error) = self.set_read_timeout(timeout) {
            self.line.note_end(End::from_io(&error));
            return;
        }
        let result = self.reader.fill();
        self.take_in(result);
    }

    /// Reads once without waiting.
    ///
    /// If the transport cannot do that, or another thread is sending, it waits a few milliseconds.
    fn look(&mut self) {
        if !self.can_look {
            self.read(FINE);
            return;
        }
        self.reader.get_mut().waits = false;
        let result = self.line.while_nobody_sends(|| self.reader.fill());
        self.reader.get_mut().waits = true;
        match result {
            Some(Err(ReadError::Io(error))) if error.kind() == ErrorKind::Unsupported => {
                self.can_look = false;
                self.read(FINE);
            }
            Some(result) => self.take_in(result),
            None if self.line.transport.has_fine_timeouts() => self.read(FINE),
            None => {
                thread::sleep(FINE);
                self.peer_had_its_turn = true;
            }
        }
    }

    /// Notes the result of a read. Every error except a timeout ends the call.
    fn take_in(&mut self, result: Result<Filled, ReadError>) {
        self.peer_had_its_turn = true;
        match result {
            Ok(Filled::End) => self.line.note_end_of_stream(),
            Ok(_) => {
                self.last_read = Instant::now();
                self.line.note_received();
                self.watch_over_frame();
                // Not if a frame is incomplete, because its rest is about to arrive. Not if the read filled the buffer, because
                // more bytes may have been received.
                self.has_caught_up =
                    self.reader.needed() == 0 && !self.reader.get_ref().took_all_room;
            }
            Err(error) if error.is_timeout() => {
                self.has_caught_up = true;
                self.watch_over_frame();
                self.watch_over_silence();
            }
            // Not `TooLong`, which only `buffered_frame` returns.
            Err(error) => self.line.note_end(End::from(error)),
        }
    }

    /// Ends the call if a frame takes longer than its timeout, even if its bytes still arrive.
    fn watch_over_frame(&mut self) {
        let at_frame_boundary = self.reader.at_frame_boundary() || self.reader.needed() == 0;
        if at_frame_boundary {
            self.frame_started = None;
            return;
        }
        let started = *self.frame_started.get_or_insert_with(Instant::now);
        if started.elapsed() >= self.options.frame_timeout {
            self.line.note_end(End::TimedOut(Timeout::Frame));
        }
    }

    /// Ends the call if the peer has been silent for too long; otherwise keeps the call alive.
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

    /// Notes the kind of the audio that the next event returns.
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

    /// Sets the transport's timeout if it changes. Setting it costs a system call, and a frame should cost only one.
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
