//! The connection of one call, shared by those who listen and those who speak.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::transport::{Shared, Transport};
use super::{SendError, Stats};
use crate::stream::FrameWriter;
use crate::wire::{Message, Uuid};

/// How long a peer may take to follow when a call is ended, or a write to find room, before the connection is dropped. Asterisk
/// follows within milliseconds; a lost packet that has to be sent again takes 0.2 to 1 s.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Line<T> {
    pub(super) transport: Arc<T>,
    pub(super) uuid: Uuid,
    pub(super) peer_address: Option<SocketAddr>,
    writer: Mutex<FrameWriter<Shared<T>>>,
    hung_up: AtomicBool,
    peer_hung_up: AtomicBool,
    frames_received: AtomicUsize,
    frames_sent: AtomicUsize,
}

impl<T> Line<T> {
    pub(super) fn new(transport: Arc<T>, uuid: Uuid, peer_address: Option<SocketAddr>) -> Line<T> {
        Line {
            writer: Mutex::new(FrameWriter::new(Shared(Arc::clone(&transport)))),
            transport,
            uuid,
            peer_address,
            hung_up: AtomicBool::new(false),
            peer_hung_up: AtomicBool::new(false),
            frames_received: AtomicUsize::new(0),
            frames_sent: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_hung_up(&self) -> bool {
        self.hung_up.load(Ordering::Acquire)
    }

    /// The peer has sent a hangup frame: it takes no more.
    pub(super) fn note_peer_hung_up(&self) {
        self.peer_hung_up.store(true, Ordering::Release);
    }

    pub(super) fn count_received(&self) {
        self.frames_received.fetch_add(1, Ordering::Relaxed);
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
        let mut writer = self.writer();
        if self.is_hung_up() || self.peer_hung_up.load(Ordering::Acquire) {
            return Err(SendError::HungUp);
        }
        writer.write_message(message).map_err(SendError::Write)?;
        self.frames_sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The first half of ending a call so that Asterisk's dialplan goes on: the hangup frame, then the end of our direction.
    pub(super) fn hang_up(&self) {
        let mut writer = self.writer();
        if self.hung_up.swap(true, Ordering::AcqRel) {
            return;
        }
        // If the frame cannot be sent the connection is broken already, or out of step; the close says the same.
        let _ = writer.write_message(&Message::Hangup);
        let _ = self.transport.shutdown_write();
    }

    fn writer(&self) -> MutexGuard<'_, FrameWriter<Shared<T>>> {
        // A panic elsewhere leaves the writer whole: it is between two frames, or knows that it is not.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The second half of ending a call: reads and forgets what still comes until the peer has closed too, for at most
/// [`PATIENCE`]. To close with bytes unread makes the kernel send a reset, upon which Asterisk hangs the caller up instead of
/// going on in its dialplan (measured with 22.10).
pub(super) fn drain<T: Transport>(transport: &T) {
    let deadline = Instant::now().checked_add(PATIENCE);
    let mut forgotten = [0; 4096];
    loop {
        let left = deadline.map_or(Duration::ZERO, |at| {
            at.saturating_duration_since(Instant::now())
        });
        // Below a millisecond a time-out may round to zero, which would mean none at all.
        if left < Duration::from_millis(1) || transport.set_read_timeout(left).is_err() {
            return;
        }
        match transport.read(&mut forgotten) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
