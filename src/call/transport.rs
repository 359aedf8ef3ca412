//! What carries a call.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A connection that can carry a call: [`TcpStream`], or one of your own, such as TLS over one.
///
/// All methods take `&self`, because a call is heard and spoken on at the same time, from two threads or while a received frame
/// is still borrowed. A `TcpStream` can do that as it is. A TLS session that needs `&mut` for both directions goes behind a
/// `Mutex` that is not held while the socket is waited for.
pub trait Transport: Send + Sync {
    /// Waits for bytes, at most for the read time-out, and answers how many it got; 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut) when the time-out has passed, and
    /// whatever else can happen to a connection.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads what has come already, without waiting for more, if the transport can do that; otherwise, and unless it is written,
    /// as [`read`](Transport::read) does, with a time-out of a few milliseconds. Nothing is written on the transport meanwhile. A
    /// call of one thread that speaks on a silent line looks at it like this, and so wakes once for each frame instead of twice.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing has come, and whatever else can happen to a connection.
    fn read_at_once(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }

    /// Sends bytes without delay, waits for room for them at most for the write time-out, and answers how many it took.
    ///
    /// # Errors
    ///
    /// As for [`read`](Transport::read).
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Sets how long one [`read`](Transport::read) may wait; never called with zero.
    ///
    /// # Errors
    ///
    /// Whatever the connection answers; the call then ends.
    fn set_read_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Sets how long one [`write`](Transport::write) may wait; never called with zero.
    ///
    /// # Errors
    ///
    /// Whatever the connection answers; the call is then refused.
    fn set_write_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Ends our direction: the peer reads the end of the stream after what was sent, and can still send.
    ///
    /// # Errors
    ///
    /// Whatever the connection answers; the call is over in any case.
    fn shutdown_write(&self) -> io::Result<()>;

    /// Drops the connection in both directions, at once, also from under a thread that waits in it.
    fn abort(&self);

    /// The address of the other side, if it has one.
    fn peer_address(&self) -> Option<SocketAddr> {
        None
    }
}

impl Transport for TcpStream {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self;
        Read::read(&mut stream, buffer)
    }

    // std has no read that does not wait by itself. The mode is that of both directions, hence nothing may be written meanwhile.
    fn read_at_once(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        let result = Transport::read(self, buffer);
        self.set_nonblocking(false)?;
        result
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut stream = self;
        Write::write(&mut stream, bytes)
    }

    fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        TcpStream::set_read_timeout(self, Some(timeout))
    }

    fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        TcpStream::set_write_timeout(self, Some(timeout))
    }

    fn shutdown_write(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn abort(&self) {
        // An error means that there is no connection any more.
        let _ = self.shutdown(Shutdown::Both);
    }

    fn peer_address(&self) -> Option<SocketAddr> {
        self.peer_addr().ok()
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
