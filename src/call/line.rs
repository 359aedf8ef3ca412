//! The connection of one call, shared by those who listen and those who speak.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::outgoing::Outgoing;
use super::overhearing::Overhearing;
use super::playout::{Due, Playout};
use super::transport::{Transport, is_timeout};
use super::{CallOptions, Deadline, Direction, End, Mark, SendError, Stats};
use crate::stream::{FrameWriter, WriteError};
use crate::wire::{Audio, DtmfDialect, Kind, Message, SampleRate, Uuid};

// Invariants:
// - The first end that anyone notes is the call's end; from then on nothing is sent but the farewell.
// - The farewell is said once, by whoever holds the writer first after the end: `hang_up` if the writer is free, otherwise the
//   thread that holds it, when it is done. So hanging up never waits for another thread, and for a peer that does not read 0.1 s
//   at the most.
// - `playout` is never locked while something is waited for, so that to say or to flush never waits for the peer. One thread at a
//   time takes frames from it: the one that listens, or after `split` the one that speaks.

#[derive(Debug)]
pub(super) struct Line<T> {
    pub(super) transport: Arc<T>,
    pub(super) uuid: Uuid,
    pub(super) peer_address: Option<SocketAddr>,
    begun: Instant,
    longest_call: Option<Duration>,
    keep_alive: Option<Duration>,
    speaking: Mutex<Speaking<T>>,
    playout: Mutex<Playout>,
    /// Told when the playout has something to do, and when the call ends.
    playout_changed: Condvar,
    /// Whether the playout has something to do. Looked at for each event, so that a call on which nothing is said locks nothing.
    has_speech: AtomicBool,
    has_passed_mark: AtomicBool,
    end: OnceLock<End>,
    /// The connection takes no more; the listener is about to find out why.
    peer_gone: AtomicBool,
    frames_received: AtomicUsize,
    frames_sent: AtomicUsize,
    /// Milliseconds after `begun`.
    last_sent: AtomicUsize,
    last_heard: AtomicUsize,
    /// The kind of the audio that came last; 0 before the first.
    heard_kind: AtomicU8,
    is_g711_suspected: AtomicBool,
    set_dialect: Option<DtmfDialect>,
    /// Whether the digits that came last were of the start-stop dialect.
    hears_start_stop: AtomicBool,
    pub(super) overhearing: Overhearing,
}

#[derive(Debug)]
struct Speaking<T> {
    writer: FrameWriter<Outgoing<T>>,
    farewell_said: bool,
}

impl<T> Line<T> {
    pub(super) fn new(
        transport: Arc<T>,
        uuid: Uuid,
        peer_address: Option<SocketAddr>,
        options: CallOptions,
    ) -> Line<T> {
        let outgoing = Outgoing::new(Arc::clone(&transport), options.write_deadline);
        Line {
            transport,
            uuid,
            peer_address,
            begun: Instant::now(),
            longest_call: options.longest_call,
            keep_alive: options.keep_alive,
            playout: Mutex::new(Playout::new(options)),
            playout_changed: Condvar::new(),
            has_speech: AtomicBool::new(false),
            has_passed_mark: AtomicBool::new(false),
            speaking: Mutex::new(Speaking {
                writer: FrameWriter::new(outgoing),
                farewell_said: false,
            }),
            end: OnceLock::new(),
            peer_gone: AtomicBool::new(false),
            frames_received: AtomicUsize::new(0),
            frames_sent: AtomicUsize::new(0),
            last_sent: AtomicUsize::new(0),
            last_heard: AtomicUsize::new(0),
            heard_kind: AtomicU8::new(0),
            is_g711_suspected: AtomicBool::new(false),
            set_dialect: options.dialect,
            hears_start_stop: AtomicBool::new(false),
            overhearing: Overhearing::default(),
        }
    }

    /// The same without a farewell: Asterisk never sends a hangup.
    pub(super) fn without_farewell(self) -> Line<T> {
        self.speaking
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .farewell_said = true;
        self
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    pub(super) fn end(&self) -> Option<End> {
        self.end.get().copied()
    }

    /// Ends the call if it has lasted as long as it may.
    pub(super) fn watch_over_length(&self) {
        if self
            .longest_call
            .is_some_and(|longest| self.begun.elapsed() >= longest)
        {
            self.note_end(End::TimedOut(Deadline::Call));
        }
    }

    /// Ends the call, unless it has ended before.
    pub(super) fn note_end(&self, end: End) {
        // The first end counts.
        let _ = self.end.set(end);
        self.wake_speaker();
    }

    pub(super) fn count_received(&self) {
        self.frames_received.fetch_add(1, Ordering::Relaxed);
    }

    /// Something has come just now.
    pub(super) fn note_heard(&self) {
        self.last_heard.store(self.elapsed_ms(), Ordering::Relaxed);
    }

    /// For how long nothing has come.
    pub(super) fn silent_for(&self) -> Duration {
        self.since(&self.last_heard)
    }

    pub(super) fn note_heard_audio(&self, rate: SampleRate, is_g711_suspected: bool) {
        self.heard_kind.store(rate.kind().byte(), Ordering::Relaxed);
        self.is_g711_suspected
            .store(is_g711_suspected, Ordering::Relaxed);
    }

    pub(super) fn heard_rate(&self) -> Option<SampleRate> {
        Kind::from_byte(self.heard_kind.load(Ordering::Relaxed)).sample_rate()
    }

    pub(super) fn note_heard_dialect(&self, dialect: DtmfDialect) {
        let is_start_stop = dialect == DtmfDialect::StartStop;
        self.hears_start_stop
            .store(is_start_stop, Ordering::Relaxed);
    }

    /// The dialect in which digits can be sent to the peer.
    pub(super) fn dialect(&self) -> DtmfDialect {
        match (
            self.set_dialect,
            self.hears_start_stop.load(Ordering::Relaxed),
        ) {
            (Some(dialect), _) => dialect,
            (None, true) => DtmfDialect::StartStop,
            (None, false) => DtmfDialect::Asterisk,
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let playout = self.playout();
        Stats {
            frames_received: self.frames_received.load(Ordering::Relaxed),
            frames_sent: self.frames_sent.load(Ordering::Relaxed),
            lateness: (*playout.lateness).clone(),
            late_frames: playout.late_frames,
            gaps: playout.gaps,
            underruns: playout.underruns,
            is_g711_suspected: self.is_g711_suspected.load(Ordering::Relaxed),
        }
    }

    /// What is to be said. Whoever changes it ends with [`note_playout`](Line::note_playout).
    pub(super) fn playout(&self) -> MutexGuard<'_, Playout> {
        // Nothing in there can panic.
        self.playout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_playout(&self, playout: &Playout) {
        let had_speech = self.has_speech.swap(playout.has_work(), Ordering::Relaxed);
        self.has_passed_mark
            .store(playout.has_passed_mark(), Ordering::Relaxed);
        // A system call, which is to be none for each frame.
        if !had_speech && playout.has_work() {
            self.playout_changed.notify_all();
        }
    }

    pub(super) fn take_passed_mark(&self) -> Option<Mark> {
        if !self.has_passed_mark.load(Ordering::Relaxed) {
            return None;
        }
        let mut playout = self.playout();
        let mark = playout.take_passed_mark();
        self.note_playout(&playout);
        mark
    }

    /// Waits until there is something to say, the call is over, or the time has passed.
    pub(super) fn wait_for_speech(&self, at_most: Duration) {
        let playout = self.playout();
        let is_idle = |playout: &mut Playout| !playout.has_work() && !self.takes_no_more();
        // Poisoned or not, the time or the reason has come to look again.
        let _ = self
            .playout_changed
            .wait_timeout_while(playout, at_most, is_idle);
    }

    /// An error if nothing more can be said on it.
    pub(super) fn check_takes_more(&self) -> Result<(), SendError> {
        if let Some(end) = self.end() {
            return Err(SendError::Over(end));
        }
        match self.peer_gone.load(Ordering::Relaxed) {
            true => Err(SendError::PeerGone),
            false => Ok(()),
        }
    }

    pub(super) fn takes_no_more(&self) -> bool {
        self.check_takes_more().is_err()
    }

    fn wake_speaker(&self) {
        // Locked once, so that who has just found nothing to do waits already and is woken.
        drop(self.playout());
        self.playout_changed.notify_all();
    }

    fn elapsed_ms(&self) -> usize {
        usize::try_from(self.begun.elapsed().as_millis()).unwrap_or(0)
    }

    fn since(&self, ms_after_begun: &AtomicUsize) -> Duration {
        let milliseconds = self
            .elapsed_ms()
            .saturating_sub(ms_after_begun.load(Ordering::Relaxed));
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
    }
}

impl<T: Transport> Line<T> {
    /// Sends a message, and answers when it had been handed to the kernel.
    pub(super) fn send(&self, message: &Message<'_>) -> Result<Instant, SendError> {
        let result = self.write(message, &mut self.speaking());
        if self.end().is_some_and(|end| end.is_from_here()) {
            // Someone may have hung up while this thread held the writer.
            self.say_farewell_if_free();
        }
        if let (Ok(at), Message::Audio(audio)) = (result, message) {
            self.overhearing.tell(Direction::Said, *audio, || at);
        }
        result
    }

    fn write(
        &self,
        message: &Message<'_>,
        speaking: &mut Speaking<T>,
    ) -> Result<Instant, SendError> {
        self.watch_over_length();
        self.check_takes_more()?;
        match speaking.writer.write_message(message) {
            Ok(()) => {
                self.frames_sent.fetch_add(1, Ordering::Relaxed);
                self.last_sent.store(self.elapsed_ms(), Ordering::Relaxed);
                Ok(Instant::now())
            }
            Err(WriteError::Io(error) | WriteError::CutShort { error, .. })
                if !is_timeout(&error) =>
            {
                // What the peer has said before it went is still to be heard; the listener ends after it and says how.
                self.peer_gone.store(true, Ordering::Relaxed);
                self.wake_speaker();
                Err(SendError::PeerGone)
            }
            Err(_) => {
                let end = End::TimedOut(Deadline::Write);
                self.note_end(end);
                Err(SendError::Over(end))
            }
        }
    }

    /// Says what is due, from the thread that keeps the call's clock. `frame` is that thread's, to cut frames into.
    pub(super) fn speak(&self, frame: &mut Vec<u8>) -> Spoken {
        let mut spoken = Spoken::default();
        while self.has_speech.load(Ordering::Relaxed) && !self.takes_no_more() {
            // Bound before it is used: the playout is locked no longer.
            let due = self.playout().take_due(Instant::now(), frame);
            match due {
                Due::Nothing => break,
                Due::At(time) => {
                    spoken.next_due = Some(time);
                    break;
                }
                Due::HangUp => self.hang_up(),
                Due::Signal(signal) => {
                    if self.send(&Message::Dtmf(signal)).is_err() {
                        break;
                    }
                    let playout = self.playout();
                    self.note_playout(&playout);
                }
                Due::Frame(rate) => {
                    let Ok(audio) = Audio::new(rate, frame) else {
                        break;
                    };
                    let Ok(sent_at) = self.send(&Message::Audio(audio)) else {
                        break;
                    };
                    spoken.sent = true;
                    let mut playout = self.playout();
                    playout.frame_sent(sent_at);
                    self.note_playout(&playout);
                }
            }
        }
        spoken
    }

    /// Sends silence if nothing has moved in either direction for as long as that may last; answers when to ask again.
    pub(super) fn keep_alive(&self) -> Duration {
        let Some(after) = self.keep_alive else {
            return Duration::MAX;
        };
        let quiet_for = self.silent_for().min(self.since(&self.last_sent));
        if quiet_for.saturating_add(EARLY) >= after {
            self.send_silence();
        }
        after.saturating_sub(quiet_for).max(EARLY)
    }

    /// Does something that nobody may send during; `None` if somebody does.
    pub(super) fn while_nobody_sends<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let _speaking = match self.speaking.try_lock() {
            Ok(speaking) => speaking,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(work())
    }

    /// A frame of silence: 20 ms at 8 kHz, which every Asterisk takes, whatever the rate of the call.
    pub(super) fn send_silence(&self) {
        if let Ok(silence) = Audio::new(SampleRate::Hz8000, &[0; 320]) {
            // If it cannot be sent, the listener is about to end.
            let _ = self.send(&Message::Audio(silence));
        }
    }

    /// Ends the call from this side, unless it has ended; in any case says the farewell, unless it has been said.
    pub(super) fn hang_up(&self) {
        self.note_end(End::HungUpHere);
        self.say_farewell_if_free();
    }

    /// The same, but waits for a thread that is just sending: for as long as a frame may wait.
    pub(super) fn hang_up_for_certain(&self) {
        self.note_end(End::HungUpHere);
        self.say_farewell(&mut self.speaking());
    }

    /// Says the farewell, unless it has been said or another thread is just sending, which then says it.
    pub(super) fn say_farewell_if_free(&self) {
        match self.speaking.try_lock() {
            Ok(mut speaking) => self.say_farewell(&mut speaking),
            Err(TryLockError::Poisoned(poisoned)) => self.say_farewell(&mut poisoned.into_inner()),
            // Whoever holds it looks for an end after letting go.
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// The hangup frame and the end of our direction: the first half of ending a call so that Asterisk's dialplan goes on.
    fn say_farewell(&self, speaking: &mut Speaking<T>) {
        if core::mem::replace(&mut speaking.farewell_said, true) {
            return;
        }
        let _ = self.transport.set_write_timeout(FAREWELL_DEADLINE);
        // If the frame cannot be sent, the connection is broken already or out of step; the close says the same.
        let _ = speaking.writer.write_message(&Message::Hangup);
        let _ = self.transport.shutdown_write();
    }

    fn speaking(&self) -> MutexGuard<'_, Speaking<T>> {
        // A panic elsewhere leaves the writer whole: it is between two frames, or knows that it is not.
        self.speaking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has come of speaking.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// Whether a frame went out.
    pub(super) sent: bool,
    /// When the next one is due.
    pub(super) next_due: Option<Instant>,
}

/// How early silence may be sent: half the time in which a silence is noticed, so that it is not late more often than early.
const EARLY: Duration = Duration::from_millis(125);

/// How long a hangup frame may wait for room. The three bytes wait only behind megabytes that the peer does not read.
const FAREWELL_DEADLINE: Duration = Duration::from_millis(100);
