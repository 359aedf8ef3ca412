//! The connection of a simulated Asterisk.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::vec::Vec;

use super::Transport;
use super::asterisk::Violation;
use super::witness::Hearing;

/// The connection of a [`SimulatedAsterisk`](super::SimulatedAsterisk): a TCP connection, and if there is a judge, what he has
/// been read of it.
#[derive(Debug)]
pub struct SimulatedConnection {
    stream: Arc<TcpStream>,
    hearing: OnceLock<Arc<Hearing>>,
    /// In milliseconds, for those who wait for what is read for the judge.
    read_timeout: AtomicU64,
}

impl SimulatedConnection {
    pub(super) fn new(stream: TcpStream) -> SimulatedConnection {
        SimulatedConnection {
            stream: Arc::new(stream),
            hearing: OnceLock::new(),
            read_timeout: AtomicU64::new(0),
        }
    }

    pub(super) const fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// From now on all is heard from there.
    pub(super) fn hear_from(&self, hearing: &Arc<Hearing>) {
        // Who is judged already stays so.
        let _ = self.hearing.set(Arc::clone(hearing));
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        self.hearing
            .get()
            .map(|hearing| hearing.violations())
            .unwrap_or_default()
    }
}

impl Transport for SimulatedConnection {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.hearing.get() {
            None => Transport::read(&*self.stream, buffer),
            Some(hearing) => {
                let timeout = self.read_timeout.load(Ordering::Relaxed);
                hearing.read(buffer, Duration::from_millis(timeout))
            }
        }
    }

    fn read_at_once(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.hearing.get() {
            None => Transport::read_at_once(&*self.stream, buffer),
            Some(hearing) => hearing.read(buffer, Duration::ZERO),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.hearing.get() {
            None => Transport::write(&*self.stream, bytes),
            Some(hearing) => hearing.write(&self.stream, bytes),
        }
    }

    fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self.read_timeout.store(milliseconds, Ordering::Relaxed);
        match self.hearing.get() {
            None => Transport::set_read_timeout(&*self.stream, timeout),
            Some(_) => Ok(()),
        }
    }

    fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self.hearing.get() {
            None => Transport::set_write_timeout(&*self.stream, timeout),
            // Asterisk does not wait for room.
            Some(_) => Ok(()),
        }
    }

    fn shutdown_write(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    fn abort(&self) {
        Transport::abort(&*self.stream);
    }

    fn peer_address(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }
}
