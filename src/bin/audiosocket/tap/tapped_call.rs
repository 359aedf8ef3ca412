//! Forwarding of one call through the tap.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::asterisk::{CallState, Received, Way};

use super::watch::TapWatch;
use crate::panel::Panel;
use crate::tap_file::{Entry, Seen, Sender};

// Invariants:
// - The tap judges the server's bytes before it forwards them. Judging takes microseconds. Asterisk may end the call when it
//   receives the bytes, and that end must not overtake the judgement.
// - All other work comes after forwarding. Neither direction waits for the other side, the disk or the reader of the output.
// - The end of a direction is forwarded as an end. The call is over when both directions have ended.
// - The kernel reports a reset only once, to a read or to a write. After that, the other operation sees the end of the stream. So
//   the thread that sends to the server holds `server_was_reset`. At the end of the server's stream, the other thread checks that
//   flag first. It stops waiting for the flag when the send takes longer than a send that has buffer space.

/// Call between the tap's two connections.
pub struct TappedCall<'a> {
    caller: TcpStream,
    server: TcpStream,
    started: Instant,
    watch: Mutex<TapWatch<'a>>,
    panel: Mutex<Panel>,
    server_was_reset: Mutex<bool>,
    /// Whether the caller or the server has ended.
    caller_done: AtomicBool,
    server_done: AtomicBool,
    is_cut: AtomicBool,
}

/// Buffer size for one read.
const MOST_READ: usize = 64 << 10;

/// Read timeout when milliseconds do not count. It bounds how late the tap notices an event on a silent line.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Read timeout for the caller. On Windows, [`cut`](TappedCall::cut) does not wake a read.
const BETWEEN_LOOKS_AT_CALLER: Duration = Duration::from_millis(250);

/// Interval between two reads when milliseconds count. std cannot wait for a connection with this resolution.
const BETWEEN_CLOSE_LOOKS: Duration = Duration::from_micros(300);

/// Number of checks for a reset found by the sending thread, 3 ms in all.
const LOOKS_FOR_RESET: usize = 10;

/// How long a side may accept no bytes before the tap reports it. The tap keeps waiting after that.
const LONGEST_WRITE: Duration = Duration::from_secs(1);

impl<'a> TappedCall<'a> {
    pub fn new(
        caller: TcpStream,
        server: TcpStream,
        started: Instant,
        way: Way,
        watch: TapWatch<'a>,
    ) -> TappedCall<'a> {
        TappedCall {
            caller,
            server,
            started,
            watch: Mutex::new(watch),
            panel: Mutex::new(Panel::new(started, way)),
            server_was_reset: Mutex::new(false),
            caller_done: AtomicBool::new(false),
            server_done: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
        }
    }

    /// Ends the call for both sides.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
        for stream in [&self.caller, &self.server] {
            // An error means that the connection has already ended.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Forwards what both sides send until both have ended.
    pub fn run(&self) -> io::Result<()> {
        for stream in [&self.caller, &self.server] {
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(LONGEST_WRITE))?;
        }
        self.server.set_read_timeout(Some(BETWEEN_LOOKS))?;
        self.caller
            .set_read_timeout(Some(BETWEEN_LOOKS_AT_CALLER))?;
        thread::scope(|scope| {
            thread::Builder::new().spawn_scoped(scope, || self.pass_on_caller())?;
            self.pass_on_server();
            Ok::<(), io::Error>(())
        })?;
        let mut watch = self.watch();
        while let Some(fault) = self.panel().next() {
            watch.add_fault(&fault);
        }
        watch.end(Instant::now(), self.is_cut.load(Ordering::Relaxed));
        Ok(())
    }

    fn pass_on_caller(&self) {
        let mut buffer = vec![0; MOST_READ];
        let mut is_passed_on = true;
        while is_passed_on || !self.server_done.load(Ordering::Acquire) {
            let result = (&self.caller).read(&mut buffer);
            if !matches!(&result, Ok(1..)) && !is_pause(&result) {
                self.look(|panel, at| panel.look(at, |judge| judge.caller_ended(at)));
            }
            match result {
                Ok(0) => {
                    self.end(Sender::Caller, Seen::Closed);
                    break;
                }
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let at = Instant::now();
                    is_passed_on = is_passed_on && self.pass_on_to_server(bytes);
                    // Bytes that cannot be forwarded are still recorded.
                    self.see(Sender::Caller, at, Seen::Bytes(bytes));
                }
                Err(error) if is_only_a_pause(&error) => {}
                Err(_) => {
                    self.end(Sender::Caller, Seen::Reset);
                    break;
                }
            }
        }
        // If the caller is still connected, its bytes are no longer forwarded.
        self.caller_done.store(true, Ordering::Release);
    }

    fn pass_on_to_server(&self, bytes: &[u8]) -> bool {
        self.look(|panel, at| panel.look(at, |judge| judge.sent(at)));
        let mut was_reset = self.server_was_reset();
        let result = write_all(&self.server, bytes, || {
            self.look(|panel, at| panel.look(at, |judge| judge.write_blocked(at)));
        });
        match result {
            Ok(()) => {
                self.look(|panel, at| panel.look(at, |judge| judge.sent(at)));
                true
            }
            Err(error) => {
                // A broken pipe does not count: it follows a close. On Windows, a write after a close is a reset, too, and so is every
                // read after a reset.
                *was_reset |= cfg!(not(windows)) && error.kind() == ErrorKind::ConnectionReset;
                self.see(Sender::Server, Instant::now(), Seen::StoppedReading);
                false
            }
        }
    }

    fn pass_on_server(&self) {
        let mut buffer = vec![0; MOST_READ];
        let mut is_passed_on = true;
        let mut is_waiting_finely = false;
        while is_passed_on || !self.caller_done.load(Ordering::Acquire) {
            let wants_fine =
                !self.caller_done.load(Ordering::Acquire) && self.panel().needs_fine_timing();
            if wants_fine != is_waiting_finely && self.server.set_nonblocking(wants_fine).is_ok() {
                is_waiting_finely = wants_fine;
            }
            let asked = Instant::now();
            let result = (&self.server).read(&mut buffer);
            let at = Instant::now();
            // Checked before the bytes are forwarded, because they may make Asterisk end the call.
            let is_judged = !self.caller_done.load(Ordering::Acquire);
            match result {
                Ok(0) => {
                    match self.was_server_reset() {
                        true => self.end(Sender::Server, Seen::Reset),
                        false => self.end(Sender::Server, Seen::Closed),
                    }
                    break;
                }
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    if is_judged {
                        let emptied = count < MOST_READ;
                        self.panel().look(at, |judge| {
                            judge.bytes_read(Received {
                                asked,
                                at,
                                bytes,
                                emptied,
                            });
                        });
                    }
                    if is_passed_on && write_all(&self.caller, bytes, || {}).is_err() {
                        is_passed_on = false;
                        self.see(Sender::Caller, at, Seen::StoppedReading);
                    }
                    self.see(Sender::Server, at, Seen::Bytes(bytes));
                }
                Err(error) if is_only_a_pause(&error) => {
                    self.look(|panel, _| panel.look(at, |judge| judge.read_empty(asked, at)));
                    if is_waiting_finely {
                        thread::sleep(BETWEEN_CLOSE_LOOKS);
                    }
                }
                Err(_) => {
                    self.end(Sender::Server, Seen::Reset);
                    break;
                }
            }
            // Judges go by the time at which a read began. If this one took long, some of them may not have found the fault yet.
            self.report_faults(asked);
        }
        self.server_done.store(true, Ordering::Release);
    }

    /// Forwards the end of one side to the other, and records it.
    fn end(&self, sender: Sender, how: Seen<'_>) {
        let at = Instant::now();
        let other = match sender {
            Sender::Caller => {
                // The caller has ended, so the server's reaction is not a violation.
                self.caller_done.store(true, Ordering::Release);
                &self.server
            }
            Sender::Server => {
                let caller_done = self.caller_done.load(Ordering::Acquire);
                let is_cut = self.is_cut.load(Ordering::Relaxed);
                self.panel().look(at, |judge| match how {
                    // The tap ended the call itself.
                    _ if is_cut => {}
                    // If the server hung up, it also caused Asterisk to be gone already.
                    Seen::Reset if !caller_done || judge.state() == CallState::HungUp => {
                        judge.reset(at);
                    }
                    Seen::Closed if !caller_done => judge.closed(at),
                    _ => {}
                });
                &self.caller
            }
        };
        // The end is recorded first, so the other side's reaction is recorded after it.
        self.see(sender, at, how);
        // An error means that the connection has already ended.
        let _ = other.shutdown(Shutdown::Write);
    }

    fn see(&self, sender: Sender, at: Instant, what: Seen<'_>) {
        if what == Seen::StoppedReading && self.is_cut.load(Ordering::Relaxed) {
            return;
        }
        let since_start = at.saturating_duration_since(self.started);
        let entry = Entry {
            sender,
            at: since_start,
            what,
        };
        let new_kinds = self.watch().see(at, entry);
        for kind in new_kinds {
            self.panel().caller_sent(kind);
        }
    }

    fn report_faults(&self, asked: Instant) {
        loop {
            let Some(fault) = self.panel().next_settled(asked) else {
                return;
            };
            self.watch().add_fault(&fault);
        }
    }

    /// Runs `look` unless the caller has ended or the tap has cut the call. Only the server is judged.
    fn look(&self, look: impl FnOnce(&mut Panel, Instant)) {
        if !self.caller_done.load(Ordering::Acquire) && !self.is_cut.load(Ordering::Relaxed) {
            look(&mut self.panel(), Instant::now());
        }
    }

    fn watch(&self) -> MutexGuard<'_, TapWatch<'a>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn panel(&self) -> MutexGuard<'_, Panel> {
        self.panel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server_was_reset(&self) -> MutexGuard<'_, bool> {
        self.server_was_reset
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a send to the server failed with a reset. Waits for a send in progress, but not for one that waits for
    /// buffer space.
    fn was_server_reset(&self) -> bool {
        for _ in 0..LOOKS_FOR_RESET {
            match self.server_was_reset.try_lock() {
                Ok(was_reset) => return *was_reset,
                Err(TryLockError::Poisoned(poisoned)) => return *poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_CLOSE_LOOKS),
            }
        }
        false
    }
}

/// Writes all bytes, however long it takes. Calls `has_no_room` once if the peer accepts no bytes for too long.
fn write_all(mut to: &TcpStream, mut bytes: &[u8], has_no_room: impl FnOnce()) -> io::Result<()> {
    let started = Instant::now();
    let mut has_no_room = Some(has_no_room);
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if is_only_a_pause(&error) => {
                if started.elapsed() >= LONGEST_WRITE {
                    if let Some(has_no_room) = has_no_room.take() {
                        has_no_room();
                    }
                }
                // The connection may be in non-blocking mode.
                thread::sleep(BETWEEN_CLOSE_LOOKS);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_pause(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(is_only_a_pause)
}

fn is_only_a_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
