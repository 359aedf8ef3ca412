//! The accept loop of a server.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use super::connections::{Connections, Dismissed, Entry};
use super::hooks::Report;
use super::lingering::Lingering;
use crate::call::{Refusal, canonical, is_timeout};

/// The accept loop of a server. It runs on its own thread.
pub(super) struct AcceptLoop<'a> {
    pub(super) connections: &'a Arc<Connections>,
    pub(super) lingering: &'a Lingering,
    pub(super) report: SyncSender<Report>,
}

impl AcceptLoop<'_> {
    /// Accepts connections until the server is shut down.
    pub(super) fn run(&self, listener: TcpListener, arrival: SyncSender<Arrival>) {
        let mut is_failing = false;
        while !self.connections.is_stopping() {
            match listener.accept() {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.take_in(Arc::new(stream), canonical(peer), &arrival);
                }
                // Linux reserves a descriptor before it waits, so a timeout means that one was free.
                Err(error) if is_timeout(&error) => is_failing = false,
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    // Only the first of several failures in a row is reported.
                    if !core::mem::replace(&mut is_failing, true) {
                        self.tell(Report::AcceptFailed(error));
                    }
                    // The usual cause is a lack of descriptors. The first to give up theirs are a connection that has been hung up
                    // and a silent one, which is hung up now.
                    self.lingering.drop_one_that_stays();
                    self.hang_up_on(self.connections.dismiss_a_silent_one());
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
            }
        }
        // No more calls can start, so `Server::run` can wait for the live ones.
        drop(arrival);
        self.refuse_late_callers(&listener);
    }

    fn take_in(&self, stream: Arc<TcpStream>, peer: SocketAddr, arrival: &SyncSender<Arrival>) {
        match self.connections.enter(&stream) {
            Ok((entry, dismissed)) => {
                self.hang_up_on(dismissed);
                // The receiver lives as long as this thread.
                let _ = arrival.send(Arrival {
                    stream,
                    peer,
                    entry,
                });
            }
            Err(refusal) => self.refuse(stream, peer, refusal),
        }
    }

    /// Refuses the callers left in the backlog. Otherwise they would get a reset when the listener closes.
    fn refuse_late_callers(&self, listener: &TcpListener) {
        // Nonblocking mode replaces the timeout here. Setting a timeout needs a descriptor, and there may be no free one.
        if listener.set_nonblocking(true).is_err() {
            return;
        }
        let started = Instant::now();
        for _ in 0..MOST_LATE_CALLERS {
            match listener.accept() {
                // `enter` counts the connection, and returns `ShuttingDown`.
                Ok((stream, peer)) => {
                    let stream = Arc::new(stream);
                    if let Err(refusal) = self.connections.enter(&stream) {
                        self.refuse(stream, canonical(peer), refusal);
                    }
                }
                Err(error) if is_timeout(&error) => return,
                Err(error) if is_passing(&error) => {}
                // Calls that end free descriptors, so try again.
                Err(_) if started.elapsed() < LONGEST_LOOK_FOR_DESCRIPTORS => {
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
                Err(_) => return,
            }
        }
    }

    /// Hangs up on a connection that has lost its place. Its thread reports the refusal when it notices.
    fn hang_up_on(&self, dismissed: Option<Dismissed>) {
        if let Some(Dismissed(Some(stream))) = dismissed {
            self.lingering.refuse(stream);
        }
    }

    fn refuse(&self, stream: Arc<TcpStream>, peer: SocketAddr, refusal: Refusal) {
        self.lingering.refuse(stream);
        self.connections.count_refused();
        self.tell(Report::Refused(peer, refusal));
    }

    fn tell(&self, report: Report) {
        // If the application's hook is too slow, the report is dropped. The refusal is counted anyway.
        let _ = self.report.try_send(report);
    }
}

/// An accepted connection that needs a thread.
pub(super) struct Arrival {
    pub(super) stream: Arc<TcpStream>,
    pub(super) peer: SocketAddr,
    pub(super) entry: Entry,
}

/// How often the accept loop checks whether the server is being shut down.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// How long to pause after a failed accept. Calls can end in this time, and a caller can wait this long.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// How many callers are accepted from the backlog during a shutdown. std's backlog is 128; others are at most 4096.
const MOST_LATE_CALLERS: usize = 4096;

/// How long callers in the backlog may wait for a descriptor during a shutdown.
const LONGEST_LOOK_FOR_DESCRIPTORS: Duration = Duration::from_secs(2);

/// Limits how long `accept` waits. Without a limit its thread could not be ended, because only the system can wake it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn time_accepts(listener: &TcpListener) -> io::Result<()> {
    use std::os::fd::OwnedFd;

    // On Linux, a socket's read timeout also applies to `accept` (socket(7)). std can set it only on a `TcpStream`, so this makes
    // one for the same socket.
    TcpStream::from(OwnedFd::from(listener.try_clone()?)).set_read_timeout(Some(BETWEEN_LOOKS))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn time_accepts(_: &TcpListener) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "a server needs Linux, whose accept can be timed",
    ))
}

/// Returns whether the error is not a fault of the server. Either no caller came, or a caller disconnected before it was
/// accepted, or a signal arrived.
fn is_passing(error: &io::Error) -> bool {
    is_timeout(error)
        || matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
        )
}
