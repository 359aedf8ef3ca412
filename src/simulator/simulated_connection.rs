//! The connection of a simulated Asterisk.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::vec::Vec;

use super::live_judge::LiveReading;
use crate::asterisk::Violation;
use crate::call::Transport;

/// The connection of a [`SimulatedAsterisk`](super::SimulatedAsterisk), over TCP.
///
/// If the call is judged, the judge's thread reads the connection, and this type returns the bytes it has read.
#[derive(Debug)]
pub struct SimulatedConnection {
    stream: Arc<TcpStream>,
    reading: OnceLock<Arc<LiveReading>>,
    /// The receive timeout of a judged call, in milliseconds.
    read_timeout: AtomicUsize,
}

impl SimulatedConnection {
    pub(super) fn new(stream: TcpStream) -> SimulatedConnection {
        SimulatedConnection {
            stream: Arc::new(stream),
            reading: OnceLock::new(),
            read_timeout: AtomicUsize::new(0),
        }
    }

    pub(super) const fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// Makes this connection receive from the judge's thread instead of the TCP connection.
    pub(super) fn read_from(&self, reading: &Arc<LiveReading>) {
        // If the call is already judged, the first judge stays.
        let _ = self.reading.set(Arc::clone(reading));
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        self.reading
            .get()
            .map(|reading| reading.violations())
            .unwrap_or_default()
    }
}

impl Transport for SimulatedConnection {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reading.get() {
            None => Transport::recv(&*self.stream, buffer),
            Some(reading) => {
                let timeout = self.read_timeout.load(Ordering::Relaxed);
                reading.read(buffer, Duration::from_millis(timeout as u64))
            }
        }
    }

    fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reading.get() {
            None => Transport::try_recv(&*self.stream, buffer),
            Some(reading) => reading.read(buffer, Duration::ZERO),
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.reading.get() {
            None => Transport::send(&*self.stream, bytes),
            Some(reading) => reading.write(&self.stream, bytes),
        }
    }

    fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()> {
        let milliseconds = usize::try_from(timeout.as_millis()).unwrap_or(usize::MAX);
        self.read_timeout.store(milliseconds, Ordering::Relaxed);
        match self.reading.get() {
            None => Transport::set_recv_timeout(&*self.stream, timeout),
            Some(_) => Ok(()),
        }
    }

    fn has_fine_timeouts(&self) -> bool {
        match self.reading.get() {
            None => Transport::has_fine_timeouts(&*self.stream),
            // The judge's bytes are awaited with a condition variable.
            Some(_) => true,
        }
    }

    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self.reading.get() {
            None => Transport::set_send_timeout(&*self.stream, timeout),
            // Asterisk does not wait for room.
            Some(_) => Ok(()),
        }
    }

    fn finish(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    fn abort(&self) {
        Transport::abort(&*self.stream);
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }
}
