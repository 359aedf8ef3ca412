//! Where the connections of a server come in.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use super::connections::{Connections, Entry};
use super::hooks::Report;
use super::lingering::Lingering;
use crate::call::{Refusal, is_timeout};

/// Where the connections of a server come in.
pub(super) struct AcceptLoop<'a> {
    pub(super) connections: &'a Arc<Connections>,
    pub(super) lingering: &'a Lingering,
    pub(super) report: SyncSender<Report>,
}

impl AcceptLoop<'_> {
    /// The accepting thread's work, until the server is shut down.
    pub(super) fn run(&self, listener: TcpListener, arrival: SyncSender<Arrival>) {
        let mut is_failing = false;
        while !self.connections.is_stopping() {
            match listener.accept() {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.take_in(Arc::new(stream), peer, &arrival);
                }
                // It had a descriptor while it waited.
                Err(error) if is_timeout(&error) => is_failing = false,
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    // Said once for each time that it begins.
                    if !core::mem::replace(&mut is_failing, true) {
                        self.tell(Report::AcceptFailed(error));
                    }
                    // For want of descriptors, most likely: these are the first to do without.
                    self.connections.dismiss_a_silent_one();
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
            }
        }
        // No more calls begin, so that those under way can be waited for.
        drop(arrival);
        self.refuse_late_callers(&listener);
    }

    fn take_in(&self, stream: Arc<TcpStream>, peer: SocketAddr, arrival: &SyncSender<Arrival>) {
        match self.connections.enter() {
            Ok(entry) => {
                // The receiver is there for as long as this thread is.
                let _ = arrival.send(Arrival {
                    stream,
                    peer,
                    entry,
                });
            }
            Err(refusal) => self.refuse(stream, peer, refusal),
        }
    }

    /// Those who have connected and not been accepted would get a reset when the listener closes.
    fn refuse_late_callers(&self, listener: &TcpListener) {
        // Not by the time-out: to set that takes a descriptor, of which there may be none.
        if listener.set_nonblocking(true).is_err() {
            return;
        }
        let started = Instant::now();
        for _ in 0..MOST_LATE_CALLERS {
            match listener.accept() {
                // Entered only to be counted: the answer is that we are shutting down.
                Ok((stream, peer)) => {
                    if let Err(refusal) = self.connections.enter() {
                        self.refuse(Arc::new(stream), peer, refusal);
                    }
                }
                Err(error) if is_timeout(&error) => return,
                Err(error) if is_passing(&error) => {}
                // Calls that end free descriptors.
                Err(_) if started.elapsed() < LONGEST_LOOK_FOR_DESCRIPTORS => {
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
                Err(_) => return,
            }
        }
    }

    fn refuse(&self, stream: Arc<TcpStream>, peer: SocketAddr, refusal: Refusal) {
        self.lingering.refuse(stream);
        self.connections.count_refused();
        self.tell(Report::Refused(peer, refusal));
    }

    fn tell(&self, report: Report) {
        // If the application cannot keep up with being told, it still has the count.
        let _ = self.report.try_send(report);
    }
}

/// A connection that wants its thread.
pub(super) struct Arrival {
    pub(super) stream: Arc<TcpStream>,
    pub(super) peer: SocketAddr,
    pub(super) entry: Entry,
}

/// How often the accepting thread looks whether the server is being shut down.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// How long to pause when a connection could not be accepted: long enough for calls to end, short enough for a caller to wait.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// How many callers are still taken out of the backlog when nobody accepts any more; std's backlog is 128, others' at most 4096.
const MOST_LATE_CALLERS: usize = 4096;

/// How long callers in the backlog may go on waiting for a descriptor when the server is being shut down.
const LONGEST_LOOK_FOR_DESCRIPTORS: Duration = Duration::from_secs(2);

/// Limits how long `accept` waits, without which a thread in it could not be ended: only the system can wake it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn time_accepts(listener: &TcpListener) -> io::Result<()> {
    use std::os::fd::OwnedFd;

    // Linux keeps to a socket's read time-out in accept too (socket(7)); std offers that for streams alone, but on the same
    // socket.
    TcpStream::from(OwnedFd::from(listener.try_clone()?)).set_read_timeout(Some(BETWEEN_LOOKS))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn time_accepts(_: &TcpListener) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "a server needs Linux, whose accept can be timed",
    ))
}

/// Nothing is wrong with us: nobody came, the caller was gone again before we came to him, or a signal came.
fn is_passing(error: &io::Error) -> bool {
    is_timeout(error)
        || matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
        )
}
