//! The connection of one call, shared by the threads that receive and send.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::audio_hook::AudioHook;
use super::hangup::hang_up;
use super::playback_queue::{Due, PlaybackQueue};
use super::transport::{Outgoing, Transport, canonical, is_reset_at_send, is_timeout};
use super::{CallOptions, CallStats, Direction, End, Mark, SendError, Timeout};
use crate::stream::{FrameWriter, WriteError};
use crate::wire::{Audio, DtmfDialect, Kind, Message, SampleRate, Uuid};

// Invariants, each with the models (`tests/models`) and tests that show it:
// 1. The first end that a thread notes is the call's end. (`ends_meet`, `reset_meets_a_send`) After it, only the hangup is sent,
//    and the rest of a frame that is being sent already. (`hangup_meets_frames`)
// 2. The hangup is sent once. (`hangups_meet`) `hang_up` sends it if `sending` is free. Otherwise the thread that holds `sending`
//    sends it after unlocking. (`hangup_during_a_frame_is_sent_after_it`, `hangup_meets_a_look`, `hangup_meets_a_call`) After
//    `note_end_of_stream`, the loop in `CallReceiver::wait` does so.
//    `hang_up` notes the end and then tries the lock; the other thread unlocks and then checks for an end. A fence between the
//    two steps, on both sides, ensures that at least one of them sees the other's step. (`orderings`)
// 3. So hanging up never waits for another thread. (`hangup_waits_for_no_sender`, `hangup_does_not_wait_for_a_blocked_writer`) It
//    waits at most 0.1 s for a peer that does not read, also for many calls at once. (`hang_up_all_waits_once_for_50_full_peers`)
// 4. No thread sends while it holds `queue`, so `play` and `clear` never wait for the peer.
//    (`queue_is_unlocked_while_a_frame_is_sent`)
// 5. One thread at a time plays. It holds `playing` from taking a frame out of `queue` until the frame has been sent. So no frame
//    is lost, sent twice or overtaken when the receiver and a player take over from each other. (`handover_while_playing`,
//    `players_in_turn`, `clear_meets_the_player`)

/// The connection and the state of one call, shared by all its threads.
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
    /// Wakes a player: the queue has work, the call has ended, or the player has to stop.
    queue_changed: Condvar,
    playing: Mutex<Playing>,
    /// Whether a player plays the queue on a thread of its own.
    has_player: AtomicBool,
    /// Whether the queue has work. Checked at each event, so a call without playback locks nothing.
    has_playback: AtomicBool,
    has_passed_mark: AtomicBool,
    end: OnceLock<End>,
    /// Whether a send failed because nothing more can be sent. The call ends when the receiver has read the rest.
    disconnected: AtomicBool,
    /// Whether that send failed with a reset. The system reports a reset once, so the receiver reads a normal end of the stream.
    was_reset: AtomicBool,
    frames_received: AtomicUsize,
    frames_sent: AtomicUsize,
    /// In milliseconds after `started`, modulo 2^32, like `last_received`.
    last_sent: AtomicU32,
    last_received: AtomicU32,
    /// The kind of the last audio received; 0 before the first.
    received_kind: AtomicU8,
    is_g711_suspected: AtomicBool,
    set_dialect: Option<DtmfDialect>,
    /// Whether the last digit received was of the start-stop dialect.
    receives_start_stop: AtomicBool,
    pub(super) audio_hook: AudioHook,
}

/// The writer. A thread that sends holds the lock around it.
#[derive(Debug)]
struct Sending<T> {
    writer: FrameWriter<Outgoing<T>>,
    hangup_sent: bool,
}

/// The buffer for the frame being played. The thread that plays holds the lock around it.
#[derive(Debug)]
struct Playing {
    frame: Vec<u8>,
}

impl<T> Line<T> {
    // Not inlined, so that a call's stack keeps no room for a line that was moved to the heap.
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
            peer_addr: peer_addr.map(canonical),
            started: Instant::now(),
            max_duration: options.max_duration,
            keep_alive: options.keep_alive,
            queue: Mutex::new(PlaybackQueue::new(options)),
            queue_changed: Condvar::new(),
            playing: Mutex::new(Playing { frame: Vec::new() }),
            has_player: AtomicBool::new(false),
            has_playback: AtomicBool::new(false),
            has_passed_mark: AtomicBool::new(false),
            sending: Mutex::new(Sending {
                writer: FrameWriter::new(outgoing),
                hangup_sent: false,
            }),
            end: OnceLock::new(),
            disconnected: AtomicBool::new(false),
            was_reset: AtomicBool::new(false),
            frames_received: AtomicUsize::new(0),
            frames_sent: AtomicUsize::new(0),
            last_sent: AtomicU32::new(0),
            last_received: AtomicU32::new(0),
            received_kind: AtomicU8::new(0),
            is_g711_suspected: AtomicBool::new(false),
            set_dialect: options.dialect,
            receives_start_stop: AtomicBool::new(false),
            audio_hook: AudioHook::default(),
        })
    }

    /// Marks the hangup as sent, so that none is sent, because a simulated Asterisk never sends one.
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

    /// Ends the call if it has reached its maximum duration.
    pub(crate) fn end_if_over_max_duration(&self) {
        if self
            .max_duration
            .is_some_and(|longest| self.started.elapsed() >= longest)
        {
            self.note_end(End::TimedOut(Timeout::Call));
        }
    }

    /// Notes the call's end, unless the call has ended already.
    pub(crate) fn note_end(&self, end: End) {
        let _ = self.end.set(end);
        self.audio_hook.end_recordings();
        self.wake_player();
    }

    pub(crate) fn count_received(&self) {
        self.frames_received.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that bytes have just been received.
    pub(crate) fn note_received(&self) {
        self.last_received
            .store(self.elapsed_ms(), Ordering::Relaxed);
    }

    /// Returns the time since the last bytes were received.
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

    /// Returns the dialect for digits to the peer.
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

    /// Returns the locked playback queue. Every change to it must end with [`note_queue`](Line::note_queue).
    pub(super) fn queue(&self) -> MutexGuard<'_, PlaybackQueue> {
        // No method of the queue can panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` while the playback queue is locked, as a long `play` locks it.
    #[cfg(test)]
    pub(crate) fn while_queue_is_locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let _queue = self.queue();
        work()
    }

    /// Updates what the other threads check without a lock, and wakes a player if the queue has work again.
    pub(super) fn note_queue(&self, queue: &PlaybackQueue) {
        let had_work = self.has_playback.swap(queue.has_work(), Ordering::Relaxed);
        self.has_passed_mark
            .store(queue.has_passed_mark(), Ordering::Relaxed);
        // Notifying is a system call, so it must not happen for each frame.
        if !had_work && queue.has_work() {
            self.queue_changed.notify_all();
        }
    }

    pub(crate) fn has_passed_mark(&self) -> bool {
        self.has_passed_mark.load(Ordering::Relaxed)
    }

    pub(crate) fn take_passed_mark(&self) -> Option<Mark> {
        if !self.has_passed_mark() {
            return None;
        }
        let mut queue = self.queue();
        let mark = queue.take_passed_mark();
        self.note_queue(&queue);
        mark
    }

    /// Lets a player play the queue, instead of the receiver, until the guard is dropped.
    pub(super) fn hand_over_to_player(&self) -> PlayerTurn<'_, T> {
        self.has_player.store(true, Ordering::Relaxed);
        PlayerTurn(self)
    }

    pub(super) fn has_player(&self) -> bool {
        self.has_player.load(Ordering::Relaxed)
    }

    /// Waits until the queue has work, the call is over, the player has to stop, or the time has passed.
    pub(crate) fn wait_for_playback(&self, at_most: Duration) {
        let queue = self.queue();
        let is_idle = |queue: &mut PlaybackQueue| {
            !queue.has_work() && !self.is_closed_for_sending() && self.has_player()
        };
        // The calling loop checks again in every case, even if the lock is poisoned.
        let _ = self
            .queue_changed
            .wait_timeout_while(queue, at_most, is_idle);
    }

    /// Returns an error if nothing more can be sent on the call.
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
        // A player checks for work under this lock. After the lock was free once, the player either sees the change or is already
        // waiting, so it is woken.
        drop(self.queue());
        self.queue_changed.notify_all();
    }

    /// Returns the age of the call, which wraps around after 49.7 days. Differences below that are right.
    #[allow(clippy::cast_possible_truncation)]
    fn elapsed_ms(&self) -> u32 {
        self.started.elapsed().as_millis() as u32
    }

    fn since(&self, moment: &AtomicU32) -> Duration {
        let milliseconds = self
            .elapsed_ms()
            .wrapping_sub(moment.load(Ordering::Relaxed));
        Duration::from_millis(u64::from(milliseconds))
    }
}

impl<T: Transport> Line<T> {
    /// Sends a message and returns the time after the kernel accepted it.
    pub(crate) fn send(&self, message: &Message<'_>) -> Result<Instant, SendError> {
        let result = self.write(message, &mut self.sending());
        self.send_hangup_left_by_others();
        if let (Ok(at), Message::Audio(audio)) = (result, message) {
            self.audio_hook.run(Direction::Sent, *audio, || at);
        }
        result
    }

    fn write(&self, message: &Message<'_>, sending: &mut Sending<T>) -> Result<Instant, SendError> {
        self.end_if_over_max_duration();
        self.check_open()?;
        match sending.writer.write_message(message) {
            Ok(()) => {
                self.frames_sent.fetch_add(1, Ordering::Relaxed);
                self.last_sent.store(self.elapsed_ms(), Ordering::Relaxed);
                Ok(Instant::now())
            }
            Err(WriteError::Io(error) | WriteError::Partial { error, .. })
                if is_disconnection(&error) =>
            {
                Err(self.note_disconnection(&error))
            }
            // A write of nothing: the transport will accept no more.
            Err(WriteError::Io(error)) if error.kind() == ErrorKind::WriteZero => {
                Err(self.note_disconnection(&error))
            }
            // Nothing of the frame was sent, so the peer is in step and the next frame may be sent.
            Err(WriteError::Io(error)) if !is_timeout(&error) => {
                Err(SendError::FrameLost(error.kind()))
            }
            Err(WriteError::Partial { error, .. }) if !is_timeout(&error) => {
                let end = End::Failed(error.kind());
                self.note_end(end);
                // The peer waits for the rest of the frame; Asterisk waits without a limit if that is a part of the header. This
                // closes our direction. After a timeout, `send_hangup_left_by_others` does it, because that is an end from here.
                self.send_hangup(sending);
                Err(SendError::CallEnded(end))
            }
            Err(_) => {
                let end = End::TimedOut(Timeout::Write);
                self.note_end(end);
                Err(SendError::CallEnded(end))
            }
        }
    }

    /// Notes that the connection is closed for writing, and returns the error for the sender.
    ///
    /// Frames that the peer sent before it closed can still be received. The receiver ends after them and reports how.
    fn note_disconnection(&self, error: &io::Error) -> SendError {
        let was_reset = is_reset_at_send(error);
        self.was_reset.fetch_or(was_reset, Ordering::Relaxed);
        self.disconnected.store(true, Ordering::Relaxed);
        self.wake_player();
        SendError::Disconnected
    }

    /// Notes that the receiver has read the end of the stream.
    pub(crate) fn note_end_of_stream(&self) {
        // A thread that is sending now may have got the reset from the system. It sets `was_reset` before it unlocks `sending`.
        // This waits at most for that frame's timeout.
        drop(self.sending());
        self.note_end(match self.was_reset.load(Ordering::Relaxed) {
            true => End::Reset,
            false => End::Closed,
        });
    }

    /// Sends all frames that are scheduled for now, for the thread of a player.
    pub(crate) fn play_due(&self) -> Played {
        self.play(&mut self.playing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends all frames that are scheduled for now, unless a player does that.
    pub(crate) fn play_due_without_player(&self) -> Played {
        if !self.has_playback.load(Ordering::Relaxed) || self.has_player() {
            return Played::default();
        }
        match self.playing.try_lock() {
            Ok(mut playing) => self.play(&mut playing),
            Err(TryLockError::Poisoned(poisoned)) => self.play(&mut poisoned.into_inner()),
            // A player has just taken over.
            Err(TryLockError::WouldBlock) => Played::default(),
        }
    }

    fn play(&self, Playing { frame }: &mut Playing) -> Played {
        let mut played = Played::default();
        while self.has_playback.load(Ordering::Relaxed) && !self.is_closed_for_sending() {
            // A variable, because a `match` on the expression would keep the queue locked.
            let due = self.queue().take_due(Instant::now(), frame);
            match due {
                Due::Nothing => break,
                Due::At(time) => {
                    played.next_due = Some(time);
                    break;
                }
                Due::HangUp => self.hang_up(),
                Due::Signal(signal) => {
                    let sent = self.send(&Message::Dtmf(signal));
                    let mut queue = self.queue();
                    if let Err(error) = sent {
                        // A signal that is not sent would leave a key pressed, so it is tried again.
                        queue.signal_lost();
                        played.next_due = Instant::now()
                            .checked_add(RETRY)
                            .filter(|_| error.is_passing());
                        break;
                    }
                    queue.signal_sent();
                    self.note_queue(&queue);
                }
                Due::Frame(rate) => {
                    let Ok(audio) = Audio::new(rate, frame) else {
                        break;
                    };
                    let sent = self.send(&Message::Audio(audio));
                    let mut queue = self.queue();
                    match sent {
                        Ok(at) => {
                            played.sent = true;
                            queue.frame_sent(at);
                        }
                        Err(error) if error.is_passing() => queue.frame_lost(Instant::now()),
                        Err(_) => break,
                    }
                    self.note_queue(&queue);
                }
            }
        }
        played
    }

    /// Sends silence after the keep-alive time without traffic; returns the time until it has to be called again.
    ///
    /// Received bytes and sent frames count as traffic.
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

    /// Runs `work` while no thread can send; returns `None` if a thread is sending now.
    pub(crate) fn while_nobody_sends<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let sending = self.sending_if_free()?;
        let result = work();
        drop(sending);
        self.send_hangup_left_by_others();
        Some(result)
    }

    /// Sends a frame of silence: 20 ms at 8 kHz.
    ///
    /// Every Asterisk accepts this rate, whatever the rate of the call.
    pub(crate) fn send_silence(&self) {
        if let Ok(silence) = Audio::new(SampleRate::Hz8000, &[0; 320]) {
            // If it cannot be sent, the receiver is about to end.
            let _ = self.send(&Message::Audio(silence));
        }
    }

    /// Ends the call from this side and sends the hangup.
    ///
    /// A call that has ended keeps its end. A hangup that was sent is not sent again.
    pub(crate) fn hang_up(&self) {
        self.note_end(End::LocalHangup);
        self.send_hangup_if_free();
    }

    /// Ends the call and sends the hangup, after waiting for any thread that is sending.
    ///
    /// In contrast to [`hang_up`](Line::hang_up) it waits for as long as a frame may wait.
    pub(crate) fn hang_up_and_wait(&self) {
        self.note_end(End::LocalHangup);
        self.send_hangup(&mut self.sending());
    }

    /// Sends the hangup, unless it was sent or another thread is sending.
    ///
    /// In that case the other thread sends it after its frame.
    pub(crate) fn send_hangup_if_free(&self) {
        if let Some(mut sending) = self.sending_if_free() {
            self.send_hangup(&mut sending);
        }
    }

    /// Sends the hangup if another thread has hung up while this thread held `sending`. Called after unlocking it.
    fn send_hangup_left_by_others(&self) {
        // The other half of the fence in `sending_if_free`. Without it, this thread could miss the end, although the other thread
        // found `sending` locked.
        fence(Ordering::SeqCst);
        if self.end().is_some_and(|end| end.is_from_here()) {
            self.send_hangup_if_free();
        }
    }

    /// Sends the hangup frame and closes our direction, so the dialplan continues.
    ///
    /// This is the first half of a clean end.
    fn send_hangup(&self, sending: &mut Sending<T>) {
        if core::mem::replace(&mut sending.hangup_sent, true) {
            return;
        }
        let _ = sending.writer.get_mut().set_write_timeout(HANGUP_TIMEOUT);
        hang_up(&mut sending.writer, &*self.transport);
    }

    /// Sends the hangup without waiting for the peer or for another thread. The call must have ended.
    ///
    /// Returns `false` if the connection has no room for it, so the caller has to try again. Otherwise, the hangup has been sent,
    /// can no longer be sent, or will be sent by the thread that is sending now.
    pub(super) fn try_send_hangup(&self) -> bool {
        let Some(mut sending) = self.sending_if_free() else {
            return true;
        };
        if sending.hangup_sent {
            return true;
        }
        // For a transport whose `try_send` waits.
        let _ = sending.writer.get_mut().set_write_timeout(SHORTEST_TIMEOUT);
        sending.writer.get_mut().waits = false;
        let result = sending.writer.write_message(&Message::Hangup);
        sending.writer.get_mut().waits = true;
        if matches!(&result, Err(WriteError::Io(error)) if is_timeout(error)) {
            return false;
        }
        sending.hangup_sent = true;
        let _ = self.transport.finish();
        true
    }

    /// Closes our direction without a hangup frame, for a connection that has no room for one. Does not wait.
    pub(super) fn finish_without_hangup(&self) {
        if let Some(mut sending) = self.sending_if_free() {
            if !core::mem::replace(&mut sending.hangup_sent, true) {
                let _ = self.transport.finish();
            }
        }
    }

    /// Returns the locked writer, or `None` if another thread is sending.
    ///
    /// If the call's end was noted before, that other thread sees it and sends the hangup.
    fn sending_if_free(&self) -> Option<MutexGuard<'_, Sending<T>>> {
        // The other half is in `send_hangup_left_by_others`.
        fence(Ordering::SeqCst);
        match self.sending.try_lock() {
            Ok(sending) => Some(sending),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn sending(&self) -> MutexGuard<'_, Sending<T>> {
        // A panic on another thread leaves the writer consistent: it is between two frames, or knows that it is not.
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a player. When it is dropped, the receiver plays the queue again.
#[derive(Debug)]
pub(super) struct PlayerTurn<'a, T>(&'a Line<T>);

impl<T> Drop for PlayerTurn<'_, T> {
    fn drop(&mut self) {
        self.0.has_player.store(false, Ordering::Relaxed);
        self.0.wake_player();
    }
}

/// Returns whether the error means that nothing more can be sent.
fn is_disconnection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
    )
}

/// The result of [`Line::play_due`].
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// Whether a frame was sent.
    pub(crate) sent: bool,
    /// The scheduled time of the next frame.
    pub(crate) next_due: Option<Instant>,
}

/// How early a keep-alive frame may be sent: half the interval at which silence is checked, so frames are on time on average. Also
/// the shortest time until the next check.
const EARLY: Duration = Duration::from_millis(125);

/// The delay before a DTMF signal is sent again.
const RETRY: Duration = Duration::from_millis(20);

/// How long a hangup frame may wait for room. It waits only if the peer has left megabytes unread.
pub(super) const HANGUP_TIMEOUT: Duration = Duration::from_millis(100);

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    /// A transport that keeps what is sent. Its line hangs up while a frame of audio is being sent.
    #[derive(Default)]
    struct HangsUpMeanwhile {
        line: Mutex<Weak<Line<HangsUpMeanwhile>>>,
        sent: Mutex<Vec<u8>>,
    }

    impl Transport for HangsUpMeanwhile {
        fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::WouldBlock.into())
        }

        fn send(&self, bytes: &[u8]) -> io::Result<usize> {
            if bytes != HANGUP {
                let line = self.line.lock().unwrap().upgrade().unwrap();
                assert!(line.queue.try_lock().is_ok(), "a send holds the queue");
                line.hang_up();
            }
            self.sent.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
            Ok(())
        }

        fn set_send_timeout(&self, _: Duration) -> io::Result<()> {
            Ok(())
        }

        fn finish(&self) -> io::Result<()> {
            Ok(())
        }

        fn abort(&self) {}
    }

    const HANGUP: [u8; 3] = [0, 0, 0];

    fn line() -> Arc<Line<HangsUpMeanwhile>> {
        let transport = Arc::new(HangsUpMeanwhile::default());
        let uuid = Uuid::from_bytes([0; 16]);
        let line = Line::new(transport, uuid, None, CallOptions::default());
        *line.transport.line.lock().unwrap() = Arc::downgrade(&line);
        line
    }

    #[test]
    fn hangup_during_a_frame_is_sent_after_it() {
        let line = line();
        line.send_silence();
        let sent = line.transport.sent.lock().unwrap();
        assert_eq!(sent.len(), 323 + HANGUP.len());
        assert_eq!(sent[323..], HANGUP);
    }

    #[test]
    fn queue_is_unlocked_while_a_frame_is_sent() {
        let line = line();
        let mut queue = line.queue();
        queue.push(&[1; 320], Instant::now());
        line.note_queue(&queue);
        drop(queue);
        assert!(line.play_due_without_player().sent);
        assert_eq!(line.transport.sent.lock().unwrap()[..3], [0x10, 1, 0x40]);
    }

    #[test]
    fn hangup_while_nobody_sends_is_sent_after_it() {
        let line = line();
        line.while_nobody_sends(|| {
            line.hang_up();
            assert!(line.transport.sent.lock().unwrap().is_empty());
        });
        assert_eq!(*line.transport.sent.lock().unwrap(), HANGUP);
    }

    #[test]
    fn silence_is_measured_after_50_days() {
        const FIFTY_DAYS: Duration = Duration::from_secs(50 * 24 * 60 * 60);
        let options = CallOptions::default();
        let line = Line::new(Arc::new(()), Uuid::from_bytes([0; 16]), None, options);
        let mut line = Arc::into_inner(line).expect("no other owner");
        // On Windows the clock starts with the system.
        let Some(started) = Instant::now().checked_sub(FIFTY_DAYS) else {
            std::println!("skipped: the clock does not reach back 50 days");
            return;
        };
        line.started = started;
        line.note_received();
        assert!(line.silent_for() < Duration::from_secs(10));
        let earlier = line.elapsed_ms().wrapping_sub(30_000);
        line.last_received.store(earlier, Ordering::Relaxed);
        assert!(line.silent_for() >= Duration::from_secs(30));
    }
}
