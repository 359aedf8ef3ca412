//! The connection that carries a call.

use std::boxed::Box;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that can carry a call: [`TcpStream`], or a type of your own, such as a TLS stream.
///
/// All methods take `&self`, because a call receives and sends at the same time, from two threads or while a received frame is
/// still borrowed. If your TLS session needs `&mut` for both directions, put it into a `Mutex`, and do not hold that mutex while
/// waiting for the socket.
///
/// References, boxes and `Arc`s of a transport are transports, so one function can serve different connections:
///
/// ```no_run
/// use audiosocket::call::{Call, CallOptions, Refusal, Transport};
///
/// fn serve(connection: Box<dyn Transport>) -> Result<(), Refusal> {
///     let mut call = Call::accept(connection, CallOptions::default())?;
///     while let Some(event) = call.receive() {
///         println!("{event}");
///     }
///     Ok(())
/// }
///
/// fn serve_tcp(stream: std::net::TcpStream) -> Result<(), Refusal> {
///     serve(Box::new(stream))
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Waits for bytes and returns how many were received; 0 at the end of the stream.
    ///
    /// It waits for the receive timeout at most.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut) when the timeout has passed, and any
    /// other error of the connection.
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads the bytes already received, without waiting for more, if the transport can do that.
    ///
    /// No other thread of the call sends while this method runs. With this method, a call in one thread that plays to a silent
    /// caller wakes once for each frame instead of twice.
    ///
    /// The default implementation returns the error [`Unsupported`](io::ErrorKind::Unsupported). The call then uses
    /// [`recv`](Transport::recv) with a timeout of a few milliseconds instead, and does not call this method again.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no bytes have been received, and any other error of the connection.
    fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let _ = buffer;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sends bytes without delay and returns how many were accepted.
    ///
    /// It waits for room for the send timeout at most.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Transport::recv).
    fn send(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Sends bytes without waiting for room, if the transport can do that.
    ///
    /// The default implementation calls [`send`](Transport::send); the call has set a send timeout of 1 ms before. A server that
    /// hangs up many calls at once uses this method, so a peer that does not read delays no other hangup.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room, and any other error of the connection.
    fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes)
    }

    /// Sets how long one [`recv`](Transport::recv) may wait. The timeout is never zero.
    ///
    /// # Errors
    ///
    /// Any error of the connection; the call then ends.
    fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Returns whether receive timeouts of a few milliseconds are exact to a few milliseconds.
    ///
    /// Windows is documented to round timeouts of sockets up to 500 ms. If this method returns `false`, a call in one thread does
    /// not wait in [`recv`](Transport::recv) while audio is queued. It uses [`try_recv`](Transport::try_recv) and sleeps in
    /// between. So a transport without `try_recv` must have exact timeouts.
    ///
    /// The default implementation returns the value for a [`TcpStream`]: `true` on Linux and Android, where it was measured, and
    /// `false` elsewhere.
    fn has_fine_timeouts(&self) -> bool {
        cfg!(any(target_os = "linux", target_os = "android"))
    }

    /// Sets how long one [`send`](Transport::send) may wait. The timeout is never zero.
    ///
    /// # Errors
    ///
    /// Any error of the connection; the call is then refused.
    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Closes our direction, so the peer reads the end of the stream.
    ///
    /// The peer first reads the bytes sent before, and can still send.
    ///
    /// # Errors
    ///
    /// Any error of the connection. The call is over with or without an error.
    fn finish(&self) -> io::Result<()>;

    /// Drops the connection in both directions at once, even while another thread waits in it.
    fn abort(&self);

    /// Returns the address of the peer, if it has one.
    fn remote_addr(&self) -> Option<SocketAddr> {
        None
    }
}

macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<T: Transport + ?Sized> Transport for $pointer {
            fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                (**self).recv(buffer)
            }

            fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                (**self).try_recv(buffer)
            }

            fn send(&self, bytes: &[u8]) -> io::Result<usize> {
                (**self).send(bytes)
            }

            fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
                (**self).try_send(bytes)
            }

            fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()> {
                (**self).set_recv_timeout(timeout)
            }

            fn has_fine_timeouts(&self) -> bool {
                (**self).has_fine_timeouts()
            }

            fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
                (**self).set_send_timeout(timeout)
            }

            fn finish(&self) -> io::Result<()> {
                (**self).finish()
            }

            fn abort(&self) {
                (**self).abort();
            }

            fn remote_addr(&self) -> Option<SocketAddr> {
                (**self).remote_addr()
            }
        }
    )*};
}

forward_to_pointee!(&T, Box<T>, Arc<T>);

impl Transport for TcpStream {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self;
        Read::read(&mut stream, buffer)
    }

    // std cannot make a single read non-blocking. The mode applies to both directions, so nothing may be sent meanwhile.
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

    // The mode applies to both directions. A `recv` that starts meanwhile returns `WouldBlock`, as after a timeout.
    fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        let result = Transport::send(self, bytes);
        self.set_nonblocking(false)?;
        result
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
        // An error means that the connection no longer exists.
        let _ = self.shutdown(Shutdown::Both);
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        self.peer_addr().ok()
    }
}

/// The receiving direction of a shared transport, as the stream layer needs it.
#[derive(Debug)]
pub(crate) struct Incoming<T> {
    transport: Arc<T>,
    /// Whether a read waits for bytes or returns the bytes already received.
    pub(super) waits: bool,
    /// Whether the last read filled the buffer, so more bytes may be available.
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

/// The sending direction of a shared transport, as the stream layer needs it.
///
/// It applies one timeout to each frame as a whole, however few bytes the peer accepts at a time.
#[derive(Debug)]
pub(super) struct Outgoing<T> {
    transport: Arc<T>,
    write_timeout: Duration,
    /// The transport's own timeout.
    send_timeout: Duration,
    /// When the first bytes of an incomplete frame were sent.
    frame_started: Option<Instant>,
    /// Whether a write waits for room.
    pub(super) waits: bool,
}

impl<T> Outgoing<T> {
    /// Returns the sending direction of a transport whose timeout was set to [`first_send_timeout`].
    pub(super) fn new(transport: Arc<T>, write_timeout: Duration) -> Outgoing<T> {
        Outgoing {
            transport,
            write_timeout: at_least_a_millisecond(write_timeout),
            send_timeout: first_send_timeout(write_timeout),
            frame_started: None,
            waits: true,
        }
    }
}

impl<T: Transport> Outgoing<T> {
    /// Sets how long the next frame and those after it may take.
    pub(super) fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.write_timeout = at_least_a_millisecond(timeout);
        self.frame_started = None;
        self.send_timeout = first_send_timeout(timeout);
        self.transport.set_send_timeout(self.send_timeout)
    }
}

impl<T: Transport> Write for Outgoing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.waits {
            return self.transport.try_send(bytes);
        }
        // A frame is sent in one write unless the peer has stopped reading. So the timeout changes only for the rest of a frame
        // that waits, and is restored for the next frame.
        let mut asked = Instant::now();
        let started = self.frame_started.unwrap_or(asked);
        let mut left = self
            .write_timeout
            .saturating_sub(asked.saturating_duration_since(started));
        loop {
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let timeout = first_send_timeout(left);
            if timeout != self.send_timeout {
                self.transport.set_send_timeout(timeout)?;
                self.send_timeout = timeout;
            }
            let result = self.transport.send(bytes);
            // A transport that returned much earlier did not time out; its error is returned.
            if result.as_ref().is_err_and(is_timeout)
                && asked.elapsed().saturating_mul(2) >= timeout
            {
                asked = Instant::now();
                left = self
                    .write_timeout
                    .saturating_sub(asked.saturating_duration_since(started));
                continue;
            }
            let count = result?;
            self.frame_started = (count < bytes.len()).then_some(started);
            return Ok(count);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The longest timeout of one `send`. On Windows, dropping the connection does not wake a waiting `send`, but the next one fails.
const LONGEST_SEND: Duration = Duration::from_millis(250);

/// Returns the timeout of the first `send` of a frame with this write timeout.
pub(super) fn first_send_timeout(write_timeout: Duration) -> Duration {
    at_least_a_millisecond(write_timeout.min(LONGEST_SEND))
}

/// Returns the timeout, but at least 1 ms.
///
/// Zero would mean no timeout, and a kernel may round a shorter time to zero.
pub(super) fn at_least_a_millisecond(timeout: Duration) -> Duration {
    timeout.max(Duration::from_millis(1))
}

pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Returns whether a failed send shows that the peer has reset the connection.
///
/// Always `false` on Windows, where a send to a peer that has closed normally fails in the same way. There, every later receive
/// reports the reset.
pub(crate) fn is_reset_at_send(error: &io::Error) -> bool {
    cfg!(not(windows)) && error.kind() == io::ErrorKind::ConnectionReset
}

/// Returns the address in its own family: an IPv4 peer of a dual-stack listener has an IPv4 address.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::from((ip, address.port())),
        // As it was, with its scope.
        IpAddr::V6(_) => address,
    }
}
