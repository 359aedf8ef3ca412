//! The live judge: a thread that reads a connection without delay and judges the server.

use core::fmt;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::vec;
use std::vec::Vec;

use crate::asterisk::{CallState, Consequence, Judge, Received, Violation};
use crate::call::{EndedLocally, PATIENCE, is_reset_at_send, is_timeout};

// Invariants, with the tests and the models (`tests/models`) that show them:
// 1. One thread reads the connection without delay, whatever the other threads do, so the judge knows when bytes arrived. The
//    bytes stay in `read_bytes` until the call receives them.
// 2. `judge` and `read_bytes` are locked only briefly, never both at once, and never during a wait.
// 3. The kernel reports a reset only once, either to the reading thread or to a sending thread. The other one then finds the end
//    of the stream. So a sending thread holds `was_reset` while it sends, and the reading thread checks `was_reset` when it finds
//    the end of the stream. (model `reset_meets_a_write`, `reset_found_by_the_sender_is_a_reset`)
// 4. The thread ends soon after the call. If the server has hung up, it waits up to `PATIENCE` for the server to close. (model
//    `dismissal_meets_a_hangup`, `dropped_simulated_call_ends_at_once`)

/// The thread that reads a connection for a judge.
///
/// When the call is over, the thread closes the connection, as the judged Asterisk does.
#[derive(Debug)]
pub(super) struct LiveJudge {
    reading: Arc<LiveReading>,
    stream: Arc<TcpStream>,
    thread: Option<JoinHandle<()>>,
}

/// The judge and the bytes read, shared with the reading thread.
pub(super) struct LiveReading {
    judge: Mutex<Judge>,
    read_bytes: Mutex<ReadBytes>,
    more_read: Condvar,
    /// Whether a send returned a reset. Locked during each send.
    was_reset: Mutex<bool>,
    is_dismissed: AtomicBool,
}

#[derive(Default)]
struct ReadBytes {
    bytes: VecDeque<u8>,
    end: Option<ReadEnd>,
}

/// The way in which the bytes read end.
#[derive(Clone, Copy, Debug)]
enum ReadEnd {
    Closed,
    Reset,
    Failed(io::ErrorKind),
    /// Asterisk has ended the call.
    EndedHere,
    /// More than `MOST_UNREAD` bytes were not received.
    TooMuch,
}

/// The most bytes that are kept until they are received: 4 minutes of audio at 8 kHz, or 11 s at 192 kHz. A test that never
/// receives reaches this limit, but loses no violations, because all bytes are judged.
const MOST_UNREAD: usize = 4 << 20;

/// The most bytes that one read returns. A server that sends in real time never has this many in transit.
const MOST_READ: usize = 64 << 10;

/// The timeout of a read when milliseconds do not matter.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The timeout of a write. It is almost zero, because Asterisk does not wait for room at all.
const LONGEST_WRITE: Duration = Duration::from_millis(1);

/// The pause between two reads when milliseconds matter. std has no wait for a connection that is this precise.
const BETWEEN_CLOSE_LOOKS: Duration = Duration::from_micros(300);

/// Whether a read after a shutdown returns the bytes that had arrived before it. On Windows and the BSDs they are lost, so there
/// the thread wakes by its timeout.
const SHUTDOWN_KEEPS_BYTES: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// The most reads after a dismissal, for bytes that arrived before it. They cover all bytes that may be in transit.
const LAST_READS: usize = 64;

impl LiveJudge {
    /// Starts to read. From now on, only this thread may read the connection.
    pub(super) fn call(stream: Arc<TcpStream>, judge: Judge) -> io::Result<LiveJudge> {
        stream.set_read_timeout(Some(BETWEEN_LOOKS))?;
        stream.set_write_timeout(Some(LONGEST_WRITE))?;
        let reading = Arc::new(LiveReading {
            judge: Mutex::new(judge),
            read_bytes: Mutex::default(),
            more_read: Condvar::new(),
            was_reset: Mutex::new(false),
            is_dismissed: AtomicBool::new(false),
        });
        let thread = thread::Builder::new()
            .name(String::from("asterisk-judge"))
            .spawn({
                let (stream, reading) = (Arc::clone(&stream), Arc::clone(&reading));
                move || reading.attend(&stream)
            })?;
        Ok(LiveJudge {
            reading,
            stream,
            thread: Some(thread),
        })
    }

    pub(super) fn reading(&self) -> &Arc<LiveReading> {
        &self.reading
    }

    /// Ends the call and returns all violations. If the server has hung up, this waits for it to close.
    pub(super) fn dismiss(mut self) -> Vec<Violation> {
        self.leave();
        self.reading.violations()
    }

    fn leave(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        if self.reading.state() != CallState::HungUp {
            self.reading.is_dismissed.store(true, Ordering::Relaxed);
            if SHUTDOWN_KEEPS_BYTES {
                // The shutdown wakes the thread and sends nothing to the server. An error means that the connection no longer
                // exists, so the thread is awake.
                let _ = self.stream.shutdown(Shutdown::Read);
            }
        }
        // If the thread has panicked, the message has been printed, and the violations found are still there.
        let _ = thread.join();
    }
}

impl Drop for LiveJudge {
    fn drop(&mut self) {
        self.leave();
    }
}

impl LiveReading {
    pub(super) fn violations(&self) -> Vec<Violation> {
        self.judge().violations().to_vec()
    }

    /// Returns bytes read from the connection. Waits for some if there are no bytes yet.
    pub(super) fn read(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let nothing_yet =
            |read_bytes: &mut ReadBytes| read_bytes.bytes.is_empty() && read_bytes.end.is_none();
        let (mut read_bytes, _) = self
            .more_read
            .wait_timeout_while(self.read_bytes(), timeout, nothing_yet)
            .unwrap_or_else(PoisonError::into_inner);
        match (read_bytes.bytes.is_empty(), read_bytes.end) {
            (false, _) => read_bytes.bytes.read(buffer),
            (true, None) => Err(io::ErrorKind::WouldBlock.into()),
            (true, Some(ReadEnd::Closed)) => Ok(0),
            (true, Some(ReadEnd::Reset)) => Err(io::ErrorKind::ConnectionReset.into()),
            (true, Some(ReadEnd::Failed(kind))) => Err(kind.into()),
            (true, Some(ReadEnd::EndedHere)) => Err(EndedLocally::error()),
            (true, Some(ReadEnd::TooMuch)) => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    /// Sends bytes, unless the call is over.
    pub(super) fn write(&self, stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        if self.state() != CallState::InCall {
            return Err(EndedLocally::error());
        }
        let mut was_reset = self.was_reset();
        // Recorded before the write as well, because the judge could otherwise count the write as a part of the silence before it.
        self.judge().sent(Instant::now());
        let result = io::Write::write(&mut { stream }, bytes);
        match &result {
            Ok(_) => self.judge().sent(Instant::now()),
            Err(error) if is_timeout(error) => self.judge().write_blocked(Instant::now()),
            // A broken pipe does not count, because it follows a normal close.
            Err(error) => *was_reset |= is_reset_at_send(error),
        }
        result
    }

    fn state(&self) -> CallState {
        self.judge().state()
    }

    /// Reads and judges until the call is over. Runs on the judge's thread.
    fn attend(&self, stream: &TcpStream) {
        let mut buffer = vec![0; MOST_READ];
        let mut last_reads = LAST_READS;
        let mut is_waiting_finely = false;
        let mut hung_up_at: Option<Instant> = None;
        loop {
            let (state, wants_fine) = {
                let judge = self.judge();
                (judge.state(), judge.needs_fine_timing())
            };
            match state {
                CallState::InCall => {}
                CallState::HungUp => {
                    let since = *hung_up_at.get_or_insert_with(|| {
                        // Asterisk closes when it receives a hangup. How the server closes after that still matters.
                        self.end(ReadEnd::Closed);
                        let _ = stream.shutdown(Shutdown::Write);
                        Instant::now()
                    });
                    if since.elapsed() >= PATIENCE {
                        break;
                    }
                }
                CallState::Closed | CallState::Ended => break,
            }
            if wants_fine != is_waiting_finely && stream.set_nonblocking(wants_fine).is_ok() {
                is_waiting_finely = wants_fine;
            }
            let is_last = self.is_dismissed.load(Ordering::Relaxed);
            let asked = Instant::now();
            let result = io::Read::read(&mut { stream }, &mut buffer);
            let at = Instant::now();
            match result {
                // The end of the stream may come from `leave`.
                Ok(0) if is_last || self.is_dismissed.load(Ordering::Relaxed) => return,
                Ok(0) if *self.was_reset() => {
                    self.judge().reset(at);
                    self.end(ReadEnd::Reset);
                }
                Ok(0) => {
                    self.judge().closed(at);
                    self.end(ReadEnd::Closed);
                }
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let emptied = count < MOST_READ;
                    let count_in_call = self.judge().bytes_read(Received {
                        asked,
                        at,
                        bytes,
                        emptied,
                    });
                    self.keep(bytes.get(..count_in_call).unwrap_or_default());
                    last_reads = last_reads.saturating_sub(usize::from(is_last));
                    if is_last && (emptied || last_reads == 0) {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    if is_last {
                        return;
                    }
                    self.judge().read_empty(asked, at);
                    if is_waiting_finely {
                        thread::sleep(BETWEEN_CLOSE_LOOKS);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    self.judge().reset(at);
                    self.end(ReadEnd::Reset);
                }
                // The server did not cause this error, so it is not a violation.
                Err(error) => {
                    self.end(ReadEnd::Failed(error.kind()));
                    return;
                }
            }
        }
        self.end(ReadEnd::EndedHere);
        if !self.is_stuck() {
            // An error means that the connection no longer exists.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Returns whether this version of Asterisk stays in the call although the server has gone.
    fn is_stuck(&self) -> bool {
        let judge = self.judge();
        let last = judge.violations().last();
        last.is_some_and(|violation| violation.consequence == Consequence::Spins)
    }

    /// Keeps bytes until they are received.
    fn keep(&self, bytes: &[u8]) {
        let mut read_bytes = self.read_bytes();
        if read_bytes.bytes.len().saturating_add(bytes.len()) > MOST_UNREAD {
            read_bytes.end.get_or_insert(ReadEnd::TooMuch);
        }
        if read_bytes.end.is_none() {
            read_bytes.bytes.extend(bytes);
        }
        self.more_read.notify_all();
    }

    /// Sets the end of the bytes read. Only the first end counts.
    fn end(&self, end: ReadEnd) {
        self.read_bytes().end.get_or_insert(end);
        self.more_read.notify_all();
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        // A judge is consistent after every method call.
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn was_reset(&self) -> MutexGuard<'_, bool> {
        self.was_reset
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read_bytes(&self) -> MutexGuard<'_, ReadBytes> {
        self.read_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LiveReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveReading").finish_non_exhaustive()
    }
}
