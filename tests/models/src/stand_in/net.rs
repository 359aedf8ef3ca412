//! TCP connections in memory.
//!
//! They have the properties of TCP that the library relies on: the order of bytes, limited room, timeouts, a nonblocking mode that
//! applies to both directions, ends of directions, and resets, which the system reports once.

use core::fmt;
use core::time::Duration;
use real_std::collections::VecDeque;
use real_std::io::{self, ErrorKind, Read, Write};

pub use real_std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use crate::thread;

/// One end of a connection.
pub struct TcpStream {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
    is_nonblocking: AtomicBool,
    read_timeout: Mutex<Option<Duration>>,
    write_timeout: Mutex<Option<Duration>>,
}

/// The bytes in transit in one direction.
struct Direction {
    flow: Mutex<Flow>,
    changed: Condvar,
}

#[derive(Default)]
struct Flow {
    bytes: VecDeque<u8>,
    room: usize,
    /// Whether the sender has ended this direction.
    is_finished: bool,
    /// Whether the receiver has stopped reading.
    is_shut: bool,
    /// Whether the receiver has closed the connection.
    is_closed: bool,
    /// Whether a reset has arrived that the system has not reported.
    is_reset: bool,
    /// Whether the system has reported a reset.
    was_reset: bool,
}

impl TcpStream {
    /// Returns both ends of a connection with room for this number of bytes in each direction.
    pub(crate) fn pair(room: usize) -> (TcpStream, TcpStream) {
        let (one, other) = (Direction::new(room), Direction::new(room));
        let first = TcpStream::new(Arc::clone(&one), Arc::clone(&other));
        (first, TcpStream::new(other, one))
    }

    fn new(incoming: Arc<Direction>, outgoing: Arc<Direction>) -> TcpStream {
        TcpStream {
            incoming,
            outgoing,
            is_nonblocking: AtomicBool::new(false),
            read_timeout: Mutex::new(None),
            write_timeout: Mutex::new(None),
        }
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    pub fn set_nodelay(&self, _: bool) -> io::Result<()> {
        Ok(())
    }

    pub fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        self.is_nonblocking.store(is_nonblocking, Ordering::SeqCst);
        Ok(())
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        *lock(&self.read_timeout) = timeout;
        Ok(())
    }

    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        *lock(&self.write_timeout) = timeout;
        Ok(())
    }

    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Read {
            self.outgoing.change(|flow| flow.is_finished = true);
        }
        if how != Shutdown::Write {
            self.incoming.change(|flow| flow.is_shut = true);
        }
        Ok(())
    }

    /// Waits once for a change or a timeout; returns an error if waiting is useless.
    fn wait<'a>(
        &self,
        direction: &'a Direction,
        flow: MutexGuard<'a, Flow>,
        timeout: &Mutex<Option<Duration>>,
        has_waited: &mut bool,
    ) -> io::Result<MutexGuard<'a, Flow>> {
        let timeout = *lock(timeout);
        match timeout {
            _ if self.is_nonblocking.load(Ordering::SeqCst) => Err(ErrorKind::WouldBlock.into()),
            Some(_) if *has_waited => Err(ErrorKind::WouldBlock.into()),
            Some(timeout) => {
                *has_waited = true;
                drop(flow);
                thread::sleep(timeout);
                Ok(lock(&direction.flow))
            }
            None => Ok(direction.wait(flow)),
        }
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut has_waited = false;
        let mut flow = lock(&self.incoming.flow);
        loop {
            // Bytes that arrived ahead of a reset can still be read.
            if !flow.bytes.is_empty() {
                let count = flow.bytes.read(buffer)?;
                drop(flow);
                self.incoming.notify();
                return Ok(count);
            }
            flow.report_reset()?;
            if flow.is_finished || flow.is_shut {
                return Ok(0);
            }
            flow = self.wait(&self.incoming, flow, &self.read_timeout, &mut has_waited)?;
        }
    }
}

impl Write for &TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut has_waited = false;
        loop {
            {
                let mut incoming = lock(&self.incoming.flow);
                incoming.report_reset()?;
                if incoming.was_reset {
                    return Err(ErrorKind::BrokenPipe.into());
                }
            }
            let mut flow = lock(&self.outgoing.flow);
            if flow.is_finished {
                return Err(ErrorKind::BrokenPipe.into());
            }
            if flow.is_closed {
                // The bytes are sent, and the peer's system sends a reset.
                drop(flow);
                self.incoming.change(|incoming| incoming.reset());
                return Ok(bytes.len());
            }
            let room = flow.room.saturating_sub(flow.bytes.len());
            let count = room.min(bytes.len());
            if count > 0 {
                flow.bytes.extend(&bytes[..count]);
                drop(flow);
                self.outgoing.notify();
                return Ok(count);
            }
            drop(self.wait(&self.outgoing, flow, &self.write_timeout, &mut has_waited)?);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for TcpStream {
    /// Closes the connection. A close with unread bytes is a reset.
    fn drop(&mut self) {
        let mut has_unread = false;
        self.incoming.change(|flow| {
            has_unread = !flow.bytes.is_empty();
            flow.is_closed = true;
        });
        self.outgoing.change(|flow| match has_unread {
            true => flow.reset(),
            false => flow.is_finished = true,
        });
    }
}

impl Flow {
    fn reset(&mut self) {
        self.is_reset |= !self.was_reset;
        self.is_finished = true;
    }

    /// Reports a reset as an error, to the first call.
    fn report_reset(&mut self) -> io::Result<()> {
        match core::mem::take(&mut self.is_reset) {
            true => {
                self.was_reset = true;
                Err(ErrorKind::ConnectionReset.into())
            }
            false => Ok(()),
        }
    }
}

impl Direction {
    fn new(room: usize) -> Arc<Direction> {
        Arc::new(Direction {
            flow: Mutex::new(Flow {
                room,
                ..Flow::default()
            }),
            changed: Condvar::new(),
        })
    }

    fn change(&self, change: impl FnOnce(&mut Flow)) {
        change(&mut lock(&self.flow));
        self.notify();
    }

    fn notify(&self) {
        self.changed.notify_all();
    }

    fn wait<'a>(&self, flow: MutexGuard<'a, Flow>) -> MutexGuard<'a, Flow> {
        self.changed
            .wait(flow)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream").finish_non_exhaustive()
    }
}
