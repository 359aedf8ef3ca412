//! Accept loop of the tap.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::asterisk::Way;

use super::call_recording::Folder;
use super::tapped_call::TappedCall;
use super::watch::TapWatch;
use crate::address::canonical;
use crate::reports::{Report, Reports};

/// Tap that accepts calls and forwards them.
pub struct Tapping<'a> {
    to: Vec<SocketAddr>,
    calls: Option<usize>,
    way: Way,
    folder: Option<Folder<'a>>,
    reports: &'a Reports,
    is_over: AtomicBool,
    has_failed: AtomicBool,
    under_way: Mutex<Vec<Weak<TappedCall<'a>>>>,
}

/// Connect timeout for the server, the same as Asterisk's (`MAX_CONNECT_TIMEOUT_MSEC`).
const LONGEST_CONNECT: Duration = Duration::from_secs(2);

/// How often the accept loop checks whether the tap has been stopped.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// How often the accept loop looks for a caller where `accept` cannot be timed.
const BETWEEN_POLLS: Duration = Duration::from_millis(10);

/// Set if the tests are built for the ways in which other systems accept. Each of them makes the tap look at intervals.
const FORCED_WAY: Option<&str> = option_env!("AUDIOSOCKET_TEST_ACCEPT");

/// Pause after a failed accept, which may be due to a lack of descriptors.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

impl<'a> Tapping<'a> {
    /// Creates a tap. It forwards each call to the first address of `to` that accepts, and judges the server as a call in this
    /// `way` does.
    pub fn new(
        to: Vec<SocketAddr>,
        calls: Option<usize>,
        way: Way,
        folder: Option<Folder<'a>>,
        reports: &'a Reports,
    ) -> Tapping<'a> {
        Tapping {
            to,
            calls,
            way,
            folder,
            reports,
            is_over: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            under_way: Mutex::default(),
        }
    }

    /// Taps calls until the requested number has ended, or until the tap is stopped.
    pub fn run(&self, listener: TcpListener) {
        let is_timed = FORCED_WAY.is_none() && time_accepts(&listener).is_ok();
        if !is_timed {
            // If this fails too, the next caller ends the loop.
            let _ = listener.set_nonblocking(true);
        }
        thread::scope(|scope| {
            let mut accepted = 0;
            while self.calls.is_none_or(|calls| accepted < calls) {
                let result = listener.accept();
                if self.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let (caller, peer) = match result {
                    Ok((caller, peer)) => (caller, canonical(peer)),
                    Err(error) if is_timeout(&error) => {
                        if !is_timed {
                            thread::sleep(BETWEEN_POLLS);
                        }
                        continue;
                    }
                    Err(error) => {
                        // The connection waits until it can be accepted.
                        self.warn(&format!("cannot accept a connection: {error}"));
                        thread::sleep(AFTER_FAILURE);
                        continue;
                    }
                };
                accepted += 1;
                let started = thread::Builder::new().spawn_scoped(scope, move || {
                    if let Err(error) = self.pass_on(caller, peer) {
                        self.fail(&format!("cannot forward the call from {peer}: {error}"));
                    }
                });
                if let Err(error) = started {
                    self.fail(&format!("cannot forward the call from {peer}: {error}"));
                }
            }
            // The system refuses further connections, so no peer waits in the backlog.
            drop(listener);
        });
    }

    fn pass_on(&self, caller: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let started_at = Instant::now();
        // On Windows and the BSDs, a connection inherits the mode of its listener.
        caller.set_nonblocking(false)?;
        let server = self.connect()?;
        let watch = TapWatch::new(peer, started_at, self.reports, self.folder);
        let call = Arc::new(TappedCall::new(caller, server, started_at, self.way, watch));
        {
            let mut under_way = self.under_way();
            under_way.retain(|call| call.strong_count() > 0);
            under_way.push(Arc::downgrade(&call));
        }
        if self.is_over.load(Ordering::Relaxed) {
            call.cut();
        }
        call.run()
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut last_error = io::Error::new(ErrorKind::InvalidInput, "the name has no address");
        for address in &self.to {
            match TcpStream::connect_timeout(address, LONGEST_CONNECT) {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    let message = format!(
                        "no connection to the server at {address}: {error}: check that it runs"
                    );
                    last_error = io::Error::new(error.kind(), message);
                }
            }
        }
        Err(last_error)
    }

    /// Ends all calls in progress and stops accepting.
    pub fn stop(&self) {
        if self.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        for call in self.under_way().iter().filter_map(Weak::upgrade) {
            call.cut();
        }
    }

    /// Returns whether a connection could not be passed on.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    fn fail(&self, text: &str) {
        self.has_failed.store(true, Ordering::Relaxed);
        self.warn(text);
    }

    fn warn(&self, text: &str) {
        self.reports.add(Report::warning(text));
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<Weak<TappedCall<'a>>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Limits how long `accept` waits. On Linux, a socket's read timeout also applies to `accept` (socket(7)), and std can set it only
/// on a `TcpStream`.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn time_accepts(listener: &TcpListener) -> io::Result<()> {
    let same = std::os::fd::OwnedFd::from(listener.try_clone()?);
    TcpStream::from(same).set_read_timeout(Some(BETWEEN_LOOKS))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn time_accepts(_: &TcpListener) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
