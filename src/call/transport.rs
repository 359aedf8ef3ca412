//! What carries a call.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that can carry a call: [`TcpStream`], or one of your own, such as TLS over one.
///
/// All methods take `&self`, because a call is heard and played on at the same time, from two threads or while a received frame
/// is still borrowed. A `TcpStream` can do that as it is. A TLS session that needs `&mut` for both directions goes behind a
/// `Mutex` that is not held while the socket is waited for.
pub trait Transport: Send + Sync {
    /// Waits for bytes, at most for the read time-out, and answers how many it got; 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut) when the time-out has passed, and
    /// whatever else can happen to a connection.
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads what has come already, without waiting for more, if the transport can do that; otherwise, and unless it is written,
    /// as [`recv`](Transport::recv) does, with a time-out of a few milliseconds. Nothing is written on the transport meanwhile. A
    /// call of one thread that speaks on a silent line looks at it like this, and so wakes once for each frame instead of twice.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing has come, and whatever else can happen to a connection.
    fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer)
    }

    /// Sends bytes without delay, waits for room for them at most for the write time-out, and answers how many it took.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Transport::recv).
    fn send(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Sets how long one [`recv`](Transport::recv) may wait; never called with zero.
    ///
    /// # Errors
    ///
    /// Whatever the connection answers; the call then ends.
    fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Sets how long one [`send`](Transport::send) may wait; never called with zero.
    ///
    /// # Errors
    ///
    /// Whatever the connection answers; the call is then refused.
    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Ends our direction: the peer reads the end of the stream after what was sent, and can still send.
    ///
    /// # Errors
    ///
    /// Whatever the connection answers; the call is over in any case.
    fn finish(&self) -> io::Result<()>;

    /// Drops the connection in both directions, at once, also from under a thread that waits in it.
    fn abort(&self);

    /// The address of the other side, if it has one.
    fn remote_addr(&self) -> Option<SocketAddr> {
        None
    }
}

impl Transport for TcpStream {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self;
        Read::read(&mut stream, buffer)
    }

    // std has no read that does not wait by itself. The mode is that of both directions, hence nothing may be written meanwhile.
    fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        let result = Transport::recv(self, buffer);
        self.set_nonblocking(false)?;
        result
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut stream = self;
        Write::write(&mut stream, bytes)
    }

    fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()> {
        TcpStream::set_read_timeout(self, Some(timeout))
    }

    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
        TcpStream::set_write_timeout(self, Some(timeout))
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn abort(&self) {
        // An error means that there is no connection any more.
        let _ = self.shutdown(Shutdown::Both);
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        self.peer_addr().ok()
    }
}

/// The way in of a transport that both directions share, as the stream layer wants it.
#[derive(Debug)]
pub(crate) struct Incoming<T> {
    transport: Arc<T>,
    /// Whether a read waits for bytes, or takes what there is.
    pub(super) waits: bool,
    /// Whether the last read took all there was room for, so that there may be more.
    pub(super) took_all_room: bool,
}

impl<T> Incoming<T> {
    pub(crate) const fn new(transport: Arc<T>) -> Incoming<T> {
        Incoming {
            transport,
            waits: true,
            took_all_room: false,
        }
    }
}

impl<T: Transport> Read for Incoming<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = match self.waits {
            true => self.transport.recv(buffer),
            false => self.transport.try_recv(buffer),
        };
        self.took_all_room = matches!(result, Ok(count) if count >= buffer.len());
        result
    }
}

/// The way out of a transport that both directions share, as the stream layer wants it, with a deadline for each frame as a
/// whole, however few bytes the peer takes at a time.
#[derive(Debug)]
pub(super) struct Outgoing<T> {
    transport: Arc<T>,
    write_timeout: Duration,
    /// When the frame was started of which only a part has gone out.
    frame_begun: Option<Instant>,
}

impl<T> Outgoing<T> {
    pub(super) fn new(transport: Arc<T>, write_timeout: Duration) -> Outgoing<T> {
        Outgoing {
            transport,
            write_timeout: at_least_a_millisecond(write_timeout),
            frame_begun: None,
        }
    }
}

impl<T: Transport> Write for Outgoing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The time-out that the transport has is the whole deadline. A frame goes out in one write unless the peer has stopped
        // reading, so the time left is set only for what is left of a frame, and the whole deadline again after it.
        if let Some(started) = self.frame_begun {
            let left = self.write_timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.transport
                .set_send_timeout(at_least_a_millisecond(left))?;
        }
        let started = self.frame_begun.unwrap_or_else(Instant::now);
        let count = self.transport.send(bytes)?;
        let is_whole = count >= bytes.len();
        if is_whole && self.frame_begun.is_some() {
            self.transport
                .set_send_timeout(at_least_a_millisecond(self.write_timeout))?;
        }
        self.frame_begun = (!is_whole).then_some(started);
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

pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
