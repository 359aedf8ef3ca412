//! The connection of one call, shared by those who listen and those who speak.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::transport::Transport;
use super::{CallOptions, Deadline, End, SendError, Stats};
use crate::stream::{FrameWriter, WriteError};
use crate::wire::{Audio, Message, SampleRate, Uuid};

// Invariants:
// - The first end that anyone notes is the call's end; from then on nothing is sent but the farewell.
// - The farewell is said once, by whoever holds the writer first after the end: `hang_up` if the writer is free, otherwise the
//   thread that holds it, when it is done. So hanging up never waits for another thread, and for a peer that does not read 0.1 s at the most.

#[derive(Debug)]
pub(super) struct Line<T> {
    pub(super) transport: Arc<T>,
    pub(super) uuid: Uuid,
    pub(super) peer_address: Option<SocketAddr>,
    begun: Instant,
    longest_call: Option<Duration>,
    speaking: Mutex<Speaking<T>>,
    end: OnceLock<End>,
    /// The connection takes no more; the listener is about to find out why.
    peer_gone: AtomicBool,
    frames_received: AtomicUsize,
    frames_sent: AtomicUsize,
    /// Milliseconds after `begun`.
    last_sent: AtomicUsize,
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
        let write_deadline = at_least_a_millisecond(options.write_deadline);
        let outgoing = Outgoing {
            transport: Arc::clone(&transport),
            write_deadline,
            frame_begun: None,
        };
        Line {
            transport,
            uuid,
            peer_address,
            begun: Instant::now(),
            longest_call: options.longest_call,
            speaking: Mutex::new(Speaking {
                writer: FrameWriter::new(outgoing),
                farewell_said: false,
            }),
            end: OnceLock::new(),
            peer_gone: AtomicBool::new(false),
            frames_received: AtomicUsize::new(0),
            frames_sent: AtomicUsize::new(0),
            last_sent: AtomicUsize::new(0),
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
    }

    pub(super) fn count_received(&self) {
        self.frames_received.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn last_sent(&self) -> Instant {
        let after = u64::try_from(self.last_sent.load(Ordering::Relaxed)).unwrap_or(0);
        self.begun
            .checked_add(Duration::from_millis(after))
            .unwrap_or(self.begun)
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            frames_received: self.frames_received.load(Ordering::Relaxed),
            frames_sent: self.frames_sent.load(Ordering::Relaxed),
        }
    }
}

impl<T: Transport> Line<T> {
    pub(super) fn send(&self, message: &Message<'_>) -> Result<(), SendError> {
        let result = self.write(message, &mut self.speaking());
        if self.end().is_some_and(|end| end.is_from_here()) {
            // Someone may have hung up while this thread held the writer.
            self.say_farewell_if_free();
        }
        result
    }

    fn write(&self, message: &Message<'_>, speaking: &mut Speaking<T>) -> Result<(), SendError> {
        self.watch_over_length();
        if let Some(end) = self.end() {
            return Err(SendError::Over(end));
        }
        if self.peer_gone.load(Ordering::Relaxed) {
            return Err(SendError::PeerGone);
        }
        match speaking.writer.write_message(message) {
            Ok(()) => {
                self.frames_sent.fetch_add(1, Ordering::Relaxed);
                let now = usize::try_from(self.begun.elapsed().as_millis()).unwrap_or(0);
                self.last_sent.store(now, Ordering::Relaxed);
                Ok(())
            }
            Err(WriteError::Io(error) | WriteError::CutShort { error, .. })
                if !is_timeout(&error) =>
            {
                // What the peer has said before it went is still to be heard; the listener ends after it and says how.
                self.peer_gone.store(true, Ordering::Relaxed);
                Err(SendError::PeerGone)
            }
            Err(_) => {
                let end = End::TimedOut(Deadline::Write);
                self.note_end(end);
                Err(SendError::Over(end))
            }
        }
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

/// How long a hangup frame may wait for room. The three bytes wait only behind megabytes that the peer does not read.
const FAREWELL_DEADLINE: Duration = Duration::from_millis(100);

/// The way out, with a deadline for each frame as a whole, however few bytes the peer takes at a time.
#[derive(Debug)]
struct Outgoing<T> {
    transport: Arc<T>,
    write_deadline: Duration,
    /// When the frame was begun of which only a part has gone out.
    frame_begun: Option<Instant>,
}

impl<T: Transport> Write for Outgoing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The time-out that the transport has is the whole deadline. A frame goes out in one write unless the peer has stopped
        // reading, so the time left is set only for what is left of a frame, and the whole deadline again after it.
        if let Some(begun) = self.frame_begun {
            let left = self.write_deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.transport
                .set_write_timeout(at_least_a_millisecond(left))?;
        }
        let begun = self.frame_begun.unwrap_or_else(Instant::now);
        let count = self.transport.write(bytes)?;
        let is_whole = count >= bytes.len();
        if is_whole && self.frame_begun.is_some() {
            self.transport
                .set_write_timeout(at_least_a_millisecond(self.write_deadline))?;
        }
        self.frame_begun = (!is_whole).then_some(begun);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Zero would mean no time-out at all, and a kernel may round what is less than a millisecond to it.
pub(super) fn at_least_a_millisecond(timeout: Duration) -> Duration {
    timeout.max(Duration::from_millis(1))
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
