//! Reads a connection at once, for a judge.

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

use crate::asterisk::{CallState, Consequence, Judge, Violation};
use crate::call::{EndedLocally, PATIENCE, is_timeout};

// Invariants:
// - One thread reads the connection, at once and whatever anybody else does, so that a judge knows when things came. What it
//   reads waits in `read_bytes` for those who listen.
// - `judge` and `read_bytes` are locked for no longer than it takes to look, never both, and never while something is waited for.
// - A kernel tells of a reset once: to who reads, or to who sends, and then the other finds the end of the stream. So who sends
//   holds `was_reset`, and the end of the stream is not believed before that has been looked at.
// - The thread ends soon after the call has: the longest it waits is for how a server closes that has hung up, `PATIENCE`.

/// The thread that reads a connection for a judge, and does with it what the judged Asterisk does: closes it once the call is
/// over.
#[derive(Debug)]
pub(super) struct LiveJudge {
    reading: Arc<LiveReading>,
    stream: Arc<TcpStream>,
    thread: Option<JoinHandle<()>>,
}

/// What has been read and judged.
pub(super) struct LiveReading {
    judge: Mutex<Judge>,
    read_bytes: Mutex<ReadBytes>,
    more_read: Condvar,
    /// Whether somebody who was sending has met a reset. Locked while he sends.
    was_reset: Mutex<bool>,
    is_dismissed: AtomicBool,
}

#[derive(Default)]
struct ReadBytes {
    bytes: VecDeque<u8>,
    end: Option<ReadEnd>,
}

/// What comes after the last byte.
#[derive(Clone, Copy, Debug)]
enum ReadEnd {
    Closed,
    Reset,
    Failed(io::ErrorKind),
    /// Asterisk has ended the call.
    EndedHere,
    /// Nobody has listened for too long.
    TooMuch,
}

/// How many bytes wait for a listener: 4 minutes of audio at 8 kHz, 11 s at 192 kHz. A test that never listens fills it and loses
/// nothing by it; all is judged.
const MOST_UNREAD: usize = 4 << 20;

/// How much is read at once. More than a server that keeps time ever has under way.
const MOST_READ: usize = 64 << 10;

/// How long a read waits when no millisecond counts. Between two finds that nothing is there it is not known when something came.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How long to wait for room: as good as not at all, which is what Asterisk does.
const LONGEST_WRITE: Duration = Duration::from_millis(1);

/// How long to wait between two looks when milliseconds count. std has no way to wait that fine for a connection.
const BETWEEN_CLOSE_LOOKS: Duration = Duration::from_micros(300);

/// How many reads are made at the end for what has come before it, which is as much as may be under way.
const LAST_READS: usize = 64;

impl LiveJudge {
    /// Begins to read. From now on nobody else may.
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

    /// Ends the call from this side, unless the server has: then how it closes is still waited for. Answers all that was found.
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
            // Wakes the thread, and tells the server nothing. An error means that the connection is gone and the thread awake.
            let _ = self.stream.shutdown(Shutdown::Read);
        }
        // If it has panicked, that has been printed, and what it has found is still there.
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

    /// Takes what has been read_bytes, and waits for some if there is none.
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

    /// Sends, unless the call is over.
    pub(super) fn write(&self, stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        if self.state() != CallState::InCall {
            return Err(EndedLocally::error());
        }
        let mut was_reset = self.was_reset();
        // Before it goes out, too: else the silence before it could be taken to go on.
        self.judge().sent(Instant::now());
        let result = io::Write::write(&mut { stream }, bytes);
        match &result {
            Ok(_) => self.judge().sent(Instant::now()),
            Err(error) if is_timeout(error) => self.judge().write_blocked(Instant::now()),
            // Not a broken pipe, which is what follows upon a close.
            Err(error) => *was_reset |= error.kind() == io::ErrorKind::ConnectionReset,
        }
        result
    }

    fn state(&self) -> CallState {
        self.judge().state()
    }

    /// The thread's work.
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
                        // Asterisk closes then; what the server does upon that is to be seen.
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
                // The end of the stream may be our own doing.
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
                    let count_in_call = self.judge().bytes_read(asked, at, bytes, emptied);
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
                // Nothing that the server is to be blamed for.
                Err(error) => {
                    self.end(ReadEnd::Failed(error.kind()));
                    return;
                }
            }
        }
        self.end(ReadEnd::EndedHere);
        if !self.is_stuck() {
            // An error means that there is no connection any more.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whether this Asterisk stays in the call although the server has gone.
    fn is_stuck(&self) -> bool {
        let judge = self.judge();
        let last = judge.violations().last();
        last.is_some_and(|violation| violation.consequence == Consequence::Spins)
    }

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

    /// The first end counts.
    fn end(&self, end: ReadEnd) {
        self.read_bytes().end.get_or_insert(end);
        self.more_read.notify_all();
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        // A judge is whole after every call.
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
