//! The connection of one call, shared by those who listen and those who play_due.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::audio_hook::AudioHook;
use super::hangup::hang_up;
use super::playback_queue::{Due, PlaybackQueue};
use super::transport::{Outgoing, Transport, is_timeout};
use super::{CallOptions, CallStats, Direction, End, Mark, SendError, Timeout};
use crate::stream::{FrameWriter, WriteError};
use crate::wire::{Audio, DtmfDialect, Kind, Message, SampleRate, Uuid};

// Invariants:
// - The first end that anyone notes is the call's end; from then on nothing is sent but the hangup.
// - The hangup is said once, by whoever holds the writer first after the end: `hang_up` if the writer is free, otherwise the
//   thread that holds it, when it is done. So hanging up never waits for another thread, and for a peer that does not read 0.1 s
//   at the most.
// - `queue` is never locked while something is waited for, so that to say or to flush never waits for the peer. One thread at a
//   time takes frames from it: the one that listens, or after `split` the one that speaks.

#[derive(Debug)]
pub(crate) struct Line<T> {
    pub(crate) transport: Arc<T>,
    pub(crate) uuid: Uuid,
    pub(crate) peer_addr: Option<SocketAddr>,
    started: Instant,
    max_duration: Option<Duration>,
    keep_alive: Option<Duration>,
    sending: Mutex<Sending<T>>,
    queue: Mutex<PlaybackQueue>,
    /// Told when the queue has something to do, and when the call ends.
    queue_changed: Condvar,
    /// Whether the queue has something to do. Looked at for each event, so that a call on which nothing is said locks nothing.
    has_playback: AtomicBool,
    has_passed_mark: AtomicBool,
    end: OnceLock<End>,
    /// The connection takes no more; the listener is about to find out why.
    disconnected: AtomicBool,
    frames_received: AtomicUsize,
    frames_sent: AtomicUsize,
    /// Milliseconds after `started`.
    last_sent: AtomicUsize,
    last_received: AtomicUsize,
    /// The kind of the audio that came last; 0 before the first.
    received_kind: AtomicU8,
    is_g711_suspected: AtomicBool,
    set_dialect: Option<DtmfDialect>,
    /// Whether the digits that came last were of the start-stop dialect.
    receives_start_stop: AtomicBool,
    pub(super) audio_hook: AudioHook,
}

#[derive(Debug)]
struct Sending<T> {
    writer: FrameWriter<Outgoing<T>>,
    hangup_sent: bool,
}

impl<T> Line<T> {
    // Not inlined, so that the stack of a call does not keep room for a line that was moved to the heap.
    #[inline(never)]
    pub(crate) fn new(
        transport: Arc<T>,
        uuid: Uuid,
        peer_addr: Option<SocketAddr>,
        options: CallOptions,
    ) -> Arc<Line<T>> {
        let outgoing = Outgoing::new(Arc::clone(&transport), options.write_timeout);
        Arc::new(Line {
            transport,
            uuid,
            peer_addr,
            started: Instant::now(),
            max_duration: options.max_duration,
            keep_alive: options.keep_alive,
            queue: Mutex::new(PlaybackQueue::new(options)),
            queue_changed: Condvar::new(),
            has_playback: AtomicBool::new(false),
            has_passed_mark: AtomicBool::new(false),
            sending: Mutex::new(Sending {
                writer: FrameWriter::new(outgoing),
                hangup_sent: false,
            }),
            end: OnceLock::new(),
            disconnected: AtomicBool::new(false),
            frames_received: AtomicUsize::new(0),
            frames_sent: AtomicUsize::new(0),
            last_sent: AtomicUsize::new(0),
            last_received: AtomicUsize::new(0),
            received_kind: AtomicU8::new(0),
            is_g711_suspected: AtomicBool::new(false),
            set_dialect: options.dialect,
            receives_start_stop: AtomicBool::new(false),
            audio_hook: AudioHook::default(),
        })
    }

    /// The same without a hangup: Asterisk never sends a hangup.
    pub(crate) fn without_hangup(self: Arc<Self>) -> Arc<Line<T>> {
        self.sending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hangup_sent = true;
        self
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.end.get().copied()
    }

    /// Ends the call if it has lasted as long as it may.
    pub(crate) fn watch_over_length(&self) {
        if self
            .max_duration
            .is_some_and(|longest| self.started.elapsed() >= longest)
        {
            self.note_end(End::TimedOut(Timeout::Call));
        }
    }

    /// Ends the call, unless it has ended before.
    pub(crate) fn note_end(&self, end: End) {
        // The first end counts.
        let _ = self.end.set(end);
        self.wake_player();
    }

    pub(crate) fn count_received(&self) {
        self.frames_received.fetch_add(1, Ordering::Relaxed);
    }

    /// Something has come just now.
    pub(crate) fn note_received(&self) {
        self.last_received
            .store(self.elapsed_ms(), Ordering::Relaxed);
    }

    /// For how long nothing has come.
    pub(crate) fn silent_for(&self) -> Duration {
        self.since(&self.last_received)
    }

    pub(crate) fn note_received_audio(&self, rate: SampleRate, is_g711_suspected: bool) {
        self.received_kind
            .store(rate.kind().byte(), Ordering::Relaxed);
        self.is_g711_suspected
            .store(is_g711_suspected, Ordering::Relaxed);
    }

    pub(crate) fn received_rate(&self) -> Option<SampleRate> {
        Kind::from_byte(self.received_kind.load(Ordering::Relaxed)).sample_rate()
    }

    pub(crate) fn note_received_dialect(&self, dialect: DtmfDialect) {
        let is_start_stop = dialect == DtmfDialect::StartStop;
        self.receives_start_stop
            .store(is_start_stop, Ordering::Relaxed);
    }

    /// The dialect in which digits can be sent to the peer.
    pub(crate) fn dialect(&self) -> DtmfDialect {
        match (
            self.set_dialect,
            self.receives_start_stop.load(Ordering::Relaxed),
        ) {
            (Some(dialect), _) => dialect,
            (None, true) => DtmfDialect::StartStop,
            (None, false) => DtmfDialect::Asterisk,
        }
    }

    pub(crate) fn stats(&self) -> CallStats {
        let queue = self.queue();
        CallStats {
            frames_received: self.frames_received.load(Ordering::Relaxed),
            frames_sent: self.frames_sent.load(Ordering::Relaxed),
            lateness: (*queue.lateness).clone(),
            late_frames: queue.late_frames,
            gaps: queue.gaps,
            underruns: queue.underruns,
            is_g711_suspected: self.is_g711_suspected.load(Ordering::Relaxed),
        }
    }

    /// What is to be said. Whoever changes it ends with [`note_queue`](Line::note_queue).
    pub(super) fn queue(&self) -> MutexGuard<'_, PlaybackQueue> {
        // Nothing in there can panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_queue(&self, queue: &PlaybackQueue) {
        let had_speech = self.has_playback.swap(queue.has_work(), Ordering::Relaxed);
        self.has_passed_mark
            .store(queue.has_passed_mark(), Ordering::Relaxed);
        // A system call, which is to be none for each frame.
        if !had_speech && queue.has_work() {
            self.queue_changed.notify_all();
        }
    }

    pub(crate) fn take_passed_mark(&self) -> Option<Mark> {
        if !self.has_passed_mark.load(Ordering::Relaxed) {
            return None;
        }
        let mut queue = self.queue();
        let mark = queue.take_passed_mark();
        self.note_queue(&queue);
        mark
    }

    /// Waits until there is something to say, the call is over, or the time has passed.
    pub(crate) fn wait_for_playback(&self, at_most: Duration) {
        let queue = self.queue();
        let is_idle =
            |queue: &mut PlaybackQueue| !queue.has_work() && !self.is_closed_for_sending();
        // Poisoned or not, the time or the reason has come to look again.
        let _ = self
            .queue_changed
            .wait_timeout_while(queue, at_most, is_idle);
    }

    /// An error if nothing more can be said on it.
    pub(crate) fn check_open(&self) -> Result<(), SendError> {
        if let Some(end) = self.end() {
            return Err(SendError::CallEnded(end));
        }
        match self.disconnected.load(Ordering::Relaxed) {
            true => Err(SendError::Disconnected),
            false => Ok(()),
        }
    }

    pub(crate) fn is_closed_for_sending(&self) -> bool {
        self.check_open().is_err()
    }

    fn wake_player(&self) {
        // Locked once, so that who has just found nothing to do waits already and is woken.
        drop(self.queue());
        self.queue_changed.notify_all();
    }

    fn elapsed_ms(&self) -> usize {
        usize::try_from(self.started.elapsed().as_millis()).unwrap_or(0)
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
    pub(crate) fn send(&self, message: &Message<'_>) -> Result<Instant, SendError> {
        let result = self.write(message, &mut self.sending());
        if self.end().is_some_and(|end| end.is_from_here()) {
            // Someone may have hung up while this thread held the writer.
            self.send_hangup_if_free();
        }
        if let (Ok(at), Message::Audio(audio)) = (result, message) {
            self.audio_hook.tell(Direction::Sent, *audio, || at);
        }
        result
    }

    fn write(&self, message: &Message<'_>, sending: &mut Sending<T>) -> Result<Instant, SendError> {
        self.watch_over_length();
        self.check_open()?;
        match sending.writer.write_message(message) {
            Ok(()) => {
                self.frames_sent.fetch_add(1, Ordering::Relaxed);
                self.last_sent.store(self.elapsed_ms(), Ordering::Relaxed);
                Ok(Instant::now())
            }
            Err(WriteError::Io(error) | WriteError::Partial { error, .. })
                if !is_timeout(&error) =>
            {
                // What the peer has said before it went is still to be heard; the listener ends after it and says how.
                self.disconnected.store(true, Ordering::Relaxed);
                self.wake_player();
                Err(SendError::Disconnected)
            }
            Err(_) => {
                let end = End::TimedOut(Timeout::Write);
                self.note_end(end);
                Err(SendError::CallEnded(end))
            }
        }
    }

    /// Says what is due, from the thread that keeps the call's clock. `frame` is that thread's, to cut frames into.
    pub(crate) fn play_due(&self, frame: &mut Vec<u8>) -> Played {
        let mut played = Played::default();
        while self.has_playback.load(Ordering::Relaxed) && !self.is_closed_for_sending() {
            // Bound before it is used: the queue is locked no longer.
            let due = self.queue().take_due(Instant::now(), frame);
            match due {
                Due::Nothing => break,
                Due::At(time) => {
                    played.next_due = Some(time);
                    break;
                }
                Due::HangUp => self.hang_up(),
                Due::Signal(signal) => {
                    if self.send(&Message::Dtmf(signal)).is_err() {
                        break;
                    }
                    let queue = self.queue();
                    self.note_queue(&queue);
                }
                Due::Frame(rate) => {
                    let Ok(audio) = Audio::new(rate, frame) else {
                        break;
                    };
                    let Ok(sent_at) = self.send(&Message::Audio(audio)) else {
                        break;
                    };
                    played.sent = true;
                    let mut queue = self.queue();
                    queue.frame_sent(sent_at);
                    self.note_queue(&queue);
                }
            }
        }
        played
    }

    /// Sends silence if nothing has moved in either direction for as long as that may last; answers when to ask again.
    pub(crate) fn keep_alive(&self) -> Duration {
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
    pub(crate) fn while_nobody_sends<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let _speaking = match self.sending.try_lock() {
            Ok(sending) => sending,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(work())
    }

    /// A frame of silence: 20 ms at 8 kHz, which every Asterisk takes, whatever the rate of the call.
    pub(crate) fn send_silence(&self) {
        if let Ok(silence) = Audio::new(SampleRate::Hz8000, &[0; 320]) {
            // If it cannot be sent, the listener is about to end.
            let _ = self.send(&Message::Audio(silence));
        }
    }

    /// Ends the call from this side, unless it has ended; in any case says the hangup, unless it has been said.
    pub(crate) fn hang_up(&self) {
        self.note_end(End::LocalHangup);
        self.send_hangup_if_free();
    }

    /// The same, but waits for a thread that is just sending: for as long as a frame may wait.
    pub(crate) fn hang_up_and_wait(&self) {
        self.note_end(End::LocalHangup);
        self.send_hangup(&mut self.sending());
    }

    /// Says the hangup, unless it has been said or another thread is just sending, which then says it.
    pub(crate) fn send_hangup_if_free(&self) {
        match self.sending.try_lock() {
            Ok(mut sending) => self.send_hangup(&mut sending),
            Err(TryLockError::Poisoned(poisoned)) => self.send_hangup(&mut poisoned.into_inner()),
            // Whoever holds it looks for an end after letting go.
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// The hangup frame and the end of our direction: the first half of ending a call so that Asterisk's dialplan goes on.
    fn send_hangup(&self, sending: &mut Sending<T>) {
        if core::mem::replace(&mut sending.hangup_sent, true) {
            return;
        }
        let _ = self.transport.set_send_timeout(HANGUP_TIMEOUT);
        hang_up(&mut sending.writer, &*self.transport);
    }

    fn sending(&self) -> MutexGuard<'_, Sending<T>> {
        // A panic elsewhere leaves the writer whole: it is between two frames, or knows that it is not.
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has come of sending.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// Whether a frame went out.
    pub(crate) sent: bool,
    /// When the next one is due.
    pub(crate) next_due: Option<Instant>,
}

/// How early silence may be sent: half the time in which a silence is noticed, so that it is not late more often than early.
const EARLY: Duration = Duration::from_millis(125);

/// How long a hangup frame may wait for room. The three bytes wait only behind megabytes that the peer does not read.
const HANGUP_TIMEOUT: Duration = Duration::from_millis(100);
