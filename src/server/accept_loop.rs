//! The accept loop of a server.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use super::acceptor::Acceptor;
use super::connections::{Connections, Dismissed, Entry};
use super::hooks::Report;
use super::lingering::Lingering;
use crate::call::{Refusal, canonical, is_timeout};

/// The accept loop of a server, which runs on its own thread.
pub(super) struct AcceptLoop<'a> {
    pub(super) connections: &'a Arc<Connections>,
    pub(super) lingering: &'a Lingering,
    pub(super) report: SyncSender<Report>,
}

impl AcceptLoop<'_> {
    /// Accepts connections until the server is shut down.
    pub(super) fn run(&self, mut acceptor: Acceptor, arrival: SyncSender<Arrival>) {
        let mut is_failing = false;
        while !self.connections.is_stopping() {
            match acceptor.accept() {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.take_in(Arc::new(stream), canonical(peer), &arrival);
                }
                Err(error) if is_timeout(&error) => is_failing &= !acceptor.reserves_descriptors(),
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    // Only the first of several failures in a row is reported.
                    if !core::mem::replace(&mut is_failing, true) {
                        self.tell(Report::AcceptFailed(error));
                    }
                    // The usual cause is a lack of descriptors. To free some, drop a connection that has been hung up, and hang up
                    // on a silent one.
                    self.lingering.drop_one_that_stays();
                    self.hang_up_on(self.connections.dismiss_a_silent_one());
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
            }
        }
        // Ends the loop in `Server::run` that starts calls. It then waits for the live calls.
        drop(arrival);
        self.refuse_late_connections(&mut acceptor);
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

    /// Refuses the connections left in the backlog. Otherwise they would get a reset when the listener closes.
    fn refuse_late_connections(&self, acceptor: &mut Acceptor) {
        if acceptor.stop().is_err() {
            return;
        }
        let started = Instant::now();
        for _ in 0..MOST_LATE_CONNECTIONS {
            match acceptor.accept_late() {
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

/// The pause after a failed accept. Calls may end meanwhile, and a new connection can wait this long.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// The most connections accepted from the backlog during a shutdown. std's backlog is 128; others are at most 4096.
const MOST_LATE_CONNECTIONS: usize = 4096;

/// The longest wait for descriptors for the connections in the backlog, during a shutdown.
const LONGEST_LOOK_FOR_DESCRIPTORS: Duration = Duration::from_secs(2);

/// Returns whether to accept again at once.
///
/// Such an error means that no connection came, that one was closed before it was accepted (a reset on Windows), or that a
/// signal arrived.
fn is_passing(error: &io::Error) -> bool {
    is_timeout(error)
        || matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::Interrupted
        )
}
