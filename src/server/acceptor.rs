//! Accepting connections with a timeout, on any system.

use std::boxed::Box;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::call::{canonical, is_timeout};

// A *caller* here is an incoming connection that is not a waker.
//
// Invariants, each with the test that shows it:
// 1. `accept` waits for `BETWEEN_LOOKS` at most, and `stop` for about `LONGEST_WAKING`, even if the thread in the system's
//    `accept` cannot be woken. (`stop_leaves_an_acceptor_behind_that_is_not_woken`)
// 2. A waker is never returned as a caller, and a caller accepted meanwhile is never lost.
//    (`stop_returns_callers_but_no_waker`, `callers_of_the_probe_are_returned`)
// 3. An accepted connection blocks, whatever the mode of its listener. (`accepted_connections_block`)

/// The source of a server's connections.
///
/// There are three ways to accept:
/// - On Linux, a listener's `accept` has a timeout.
/// - Elsewhere, std's `accept` never ends by itself. So a separate thread waits in `accept`, and [`stop`](Acceptor::stop) wakes it
///   with a connection to the listener, the *waker*. If it cannot be woken, it is left behind and ends with the next caller.
/// - If such a connection does not arrive, for example because of a packet filter, the listener does not block and is polled. A
///   *probe*, an early waker, tests this at the start.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: Arc<TcpListener>,
    /// Callers that the probe or the thread has accepted already, in reverse order.
    accepted: Vec<Accepted>,
    way: Way,
    /// Open as long as the acceptor, so that no caller can have the same address.
    waker: Option<TcpStream>,
}

pub(super) type Accepted = (TcpStream, SocketAddr);

#[derive(Debug)]
enum Way {
    Timed,
    Woken(Box<Woken>),
    Polled,
}

/// The timeout of [`Acceptor::accept`]. The accept loop checks this often whether the server is being shut down.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// The pause between two polls. A caller waits this long, which is half a frame.
const BETWEEN_POLLS: Duration = Duration::from_millis(10);

/// The pause of the waiting thread after a failed accept. The accept loop pauses for as long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// The timeout of a connection to the listener itself. It passes through no network.
const LONGEST_CONNECT: Duration = Duration::from_millis(100);

/// The timeout of a probe. After it, the listener is polled.
const LONGEST_PROBE: Duration = Duration::from_millis(250);

/// The longest time that [`Acceptor::stop`] tries to wake the thread. Then the thread is left behind.
const LONGEST_WAKING: Duration = Duration::from_millis(400);

/// The time between two tries.
const BETWEEN_WAKINGS: Duration = Duration::from_millis(20);

/// The way that tests choose with an environment variable of the build: `woken` or `polled`.
const FORCED_WAY: Option<&str> = option_env!("AUDIOSOCKET_TEST_ACCEPT");

impl Acceptor {
    /// Chooses the way to accept. If `accept` has no timeout here, this makes a connection to the listener itself.
    pub(super) fn new(listener: TcpListener) -> io::Result<Acceptor> {
        match FORCED_WAY {
            None if CAN_TIME_ACCEPTS => Acceptor::timed(listener),
            Some("polled") => Acceptor::polled(listener),
            _ => {
                let address = reachable(listener.local_addr()?);
                Acceptor::woken_from(listener, address)
            }
        }
    }

    fn timed(listener: TcpListener) -> io::Result<Acceptor> {
        // A nonblocking listener would make the accept loop spin.
        listener.set_nonblocking(false)?;
        time_accepts(&listener)?;
        Ok(Acceptor::with(listener, Way::Timed))
    }

    fn polled(listener: TcpListener) -> io::Result<Acceptor> {
        listener.set_nonblocking(true)?;
        Ok(Acceptor::with(listener, Way::Polled))
    }

    /// Returns an acceptor whose waker connects to `address`, or a polled one if a probe does not arrive.
    fn woken_from(listener: TcpListener, address: SocketAddr) -> io::Result<Acceptor> {
        let mut acceptor = Acceptor::polled(listener)?;
        if acceptor.probe(address) {
            acceptor.listener.set_nonblocking(false)?;
            acceptor.way = Way::Woken(Box::new(Woken {
                address,
                spare: acceptor.listener.try_clone().ok(),
                is_over: Arc::default(),
                accepted: None,
            }));
        }
        Ok(acceptor)
    }

    fn with(listener: TcpListener, way: Way) -> Acceptor {
        Acceptor {
            listener: Arc::new(listener),
            accepted: Vec::new(),
            way,
            waker: None,
        }
    }

    /// Returns whether a connection to the address arrives at the listener.
    fn probe(&mut self, address: SocketAddr) -> bool {
        let started = Instant::now();
        self.waker = TcpStream::connect_timeout(&address, LONGEST_CONNECT).ok();
        let mut arrives = false;
        while self.waker.is_some() && !arrives && started.elapsed() < LONGEST_PROBE {
            match self.listener.accept() {
                Ok((_, peer)) if self.is_waker(peer) => arrives = true,
                Ok(caller) => self.accepted.insert(0, caller),
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
        self.waker = None;
        arrives
    }

    /// Starts the thread that waits in `accept`, if there is one.
    pub(super) fn start(&mut self, thread_name: String) -> io::Result<()> {
        match &mut self.way {
            Way::Woken(woken) => woken.start(&self.listener, thread_name),
            Way::Timed | Way::Polled => Ok(()),
        }
    }

    /// Waits for a caller, at most for `BETWEEN_LOOKS`. Then it returns an error that [`is_timeout`] recognizes.
    pub(super) fn accept(&mut self) -> io::Result<Accepted> {
        if let Some(accepted) = self.accepted.pop() {
            return blocking(accepted);
        }
        match &mut self.way {
            Way::Timed => self.listener.accept(),
            Way::Woken(woken) => woken.next().and_then(blocking),
            Way::Polled => {
                let result = self.listener.accept();
                if result.as_ref().is_err_and(is_timeout) {
                    thread::sleep(BETWEEN_POLLS);
                }
                result.and_then(blocking)
            }
        }
    }

    /// Returns whether a timeout of [`accept`](Acceptor::accept) means that a descriptor was free.
    ///
    /// Linux reserves a descriptor before it waits.
    pub(super) const fn reserves_descriptors(&self) -> bool {
        matches!(self.way, Way::Timed)
    }

    /// Stops waiting for callers. From now on, [`accept_late`](Acceptor::accept_late) returns those that came before.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        // Nonblocking mode also keeps the waiting thread from waiting again. A shorter timeout would need a descriptor to be set,
        // and there may be no free one.
        let result = self.listener.set_nonblocking(true);
        if let Way::Woken(woken) = core::mem::replace(&mut self.way, Way::Polled) {
            let (waker, callers) = woken.end();
            self.waker = waker;
            self.accepted.splice(0..0, callers.into_iter().rev());
        }
        result
    }

    /// Returns a caller that came before [`stop`](Acceptor::stop), without waiting.
    pub(super) fn accept_late(&mut self) -> io::Result<Accepted> {
        loop {
            let (stream, peer) = match self.accepted.pop() {
                Some(accepted) => accepted,
                None => self.listener.accept()?,
            };
            if !self.is_waker(peer) {
                return blocking((stream, peer));
            }
        }
    }

    fn is_waker(&self, peer: SocketAddr) -> bool {
        let waker = self.waker.as_ref().and_then(|it| it.local_addr().ok());
        waker.is_some_and(|waker| is_same(waker, peer))
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// The thread that waits in `accept`, and what wakes it.
#[derive(Debug)]
struct Woken {
    address: SocketAddr,
    /// A descriptor reserved for the waker, because the server may have no free one when it is shut down.
    spare: Option<TcpListener>,
    is_over: Arc<AtomicBool>,
    /// `None` until the thread is started. The mutex makes a server `Sync`; nothing locks it.
    accepted: Option<Mutex<Receiver<io::Result<Accepted>>>>,
}

impl Woken {
    fn start(&mut self, listener: &Arc<TcpListener>, thread_name: String) -> io::Result<()> {
        // Nothing is accepted ahead of the accept loop: a connection beyond its limits stays in the backlog.
        let (sender, accepted) = sync_channel(0);
        let listener = Arc::clone(listener);
        let is_over = Arc::clone(&self.is_over);
        thread::Builder::new()
            .name(thread_name)
            .spawn(move || wait_in_accept(&listener, &sender, &is_over))?;
        self.accepted = Some(Mutex::new(accepted));
        Ok(())
    }

    fn next(&mut self) -> io::Result<Accepted> {
        let accepted = self.accepted.as_mut().map(Mutex::get_mut);
        let accepted = accepted.map(|it| it.unwrap_or_else(PoisonError::into_inner));
        let result = accepted.map(|accepted| accepted.recv_timeout(BETWEEN_LOOKS));
        match result {
            Some(Ok(result)) => result,
            Some(Err(RecvTimeoutError::Timeout)) => Err(ErrorKind::TimedOut.into()),
            // Not reached: the thread is started first, and ends only after `end`.
            Some(Err(RecvTimeoutError::Disconnected)) | None => {
                thread::sleep(BETWEEN_LOOKS);
                Err(ErrorKind::TimedOut.into())
            }
        }
    }

    /// Ends the thread, or leaves it behind. Returns the waker, and the callers that the thread accepted last.
    fn end(mut self) -> (Option<TcpStream>, Vec<Accepted>) {
        let (mut waker, mut callers) = (None, Vec::new());
        let Some(accepted) = self.accepted.take() else {
            return (waker, callers);
        };
        let accepted = accepted
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.is_over.store(true, Ordering::Release);
        self.spare = None;
        let started = Instant::now();
        while started.elapsed() < LONGEST_WAKING {
            if waker.is_none() {
                // After an error, such as a lack of descriptors, the next try may succeed.
                waker = TcpStream::connect_timeout(&self.address, LONGEST_CONNECT).ok();
            }
            match accepted.recv_timeout(BETWEEN_WAKINGS) {
                Ok(Ok(caller)) => callers.push(caller),
                Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        (waker, callers)
    }
}

fn wait_in_accept(
    listener: &TcpListener,
    accepted: &SyncSender<io::Result<Accepted>>,
    is_over: &AtomicBool,
) {
    loop {
        let result = listener.accept();
        let has_failed = result.is_err();
        if accepted.send(result).is_err() || is_over.load(Ordering::Acquire) {
            return;
        }
        if has_failed {
            thread::sleep(PAUSE_AFTER_ERROR);
        }
    }
}

/// Makes an accepted connection block. On Windows and the BSDs, it inherits the mode of its listener.
fn blocking(accepted: Accepted) -> io::Result<Accepted> {
    accepted.0.set_nonblocking(false)?;
    Ok(accepted)
}

/// Returns the address to connect to, for a listener bound to `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Compares addresses without the scope of an IPv6 address, which only one end may know.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    let (one, other) = (canonical(one), canonical(other));
    (one.ip(), one.port()) == (other.ip(), other.port())
}

const CAN_TIME_ACCEPTS: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[cfg(any(target_os = "linux", target_os = "android"))]
fn time_accepts(listener: &TcpListener) -> io::Result<()> {
    use std::os::fd::OwnedFd;

    // On Linux, a socket's read timeout also applies to `accept` (socket(7)). std can set it only on a `TcpStream`, so this makes
    // one for the same socket.
    TcpStream::from(OwnedFd::from(listener.try_clone()?)).set_read_timeout(Some(BETWEEN_LOOKS))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn time_accepts(_: &TcpListener) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::server::Server;

    fn listener() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }

    fn address_of(acceptor: &Acceptor) -> SocketAddr {
        acceptor.listener.local_addr().unwrap()
    }

    /// A loopback address without a listener.
    fn dead_address() -> SocketAddr {
        listener().local_addr().unwrap()
    }

    fn woken() -> Acceptor {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let mut acceptor = Acceptor::woken_from(listener, address).unwrap();
        assert!(matches!(acceptor.way, Way::Woken(_)), "{acceptor:?}");
        acceptor.start("waiting".into()).unwrap();
        acceptor
    }

    fn lose_the_waker(acceptor: &mut Acceptor) {
        match &mut acceptor.way {
            Way::Woken(woken) => woken.address = dead_address(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a caller, for as many looks as it takes.
    fn next(acceptor: &mut Acceptor) -> Accepted {
        loop {
            match acceptor.accept() {
                Ok(accepted) => return accepted,
                Err(error) => assert!(is_timeout(&error), "{error}"),
            }
        }
    }

    #[test]
    fn accepted_connections_block() {
        let mut acceptors = [woken(), Acceptor::polled(listener()).unwrap()];
        for acceptor in &mut acceptors {
            let mut caller = TcpStream::connect(address_of(acceptor)).unwrap();
            let (mut stream, peer) = next(acceptor);
            assert_eq!(peer, caller.local_addr().unwrap());
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(50));
                    caller.write_all(&[7]).unwrap();
                });
                assert_eq!(stream.read(&mut [0]).unwrap(), 1);
            });
        }
    }

    #[test]
    fn callers_of_the_probe_are_returned() {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let callers: Vec<_> = (0..3)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let mut acceptor = Acceptor::woken_from(listener, address).unwrap();
        acceptor.start("waiting".into()).unwrap();
        for caller in &callers {
            assert_eq!(next(&mut acceptor).1, caller.local_addr().unwrap());
        }
        assert!(is_timeout(&acceptor.accept().unwrap_err()));
    }

    #[test]
    fn stop_returns_callers_but_no_waker() {
        for count in [0, 1, 5] {
            let mut acceptor = woken();
            let address = address_of(&acceptor);
            let callers: Vec<_> = (0..count)
                .map(|_| TcpStream::connect(address).unwrap())
                .collect();
            acceptor.stop().unwrap();
            for caller in &callers {
                let (_, peer) = acceptor.accept_late().unwrap();
                assert_eq!(peer, caller.local_addr().unwrap());
            }
            assert!(is_timeout(&acceptor.accept_late().unwrap_err()));
            assert!(acceptor.waker.is_some());
        }
    }

    #[test]
    fn stop_leaves_an_acceptor_behind_that_is_not_woken() {
        // A thread that is not in `accept` yet ends without a waker.
        let (address, left) = loop {
            let mut acceptor = woken();
            thread::sleep(BETWEEN_WAKINGS);
            lose_the_waker(&mut acceptor);
            acceptor.stop().unwrap();
            let left = Arc::downgrade(&acceptor.listener);
            let address = address_of(&acceptor);
            drop(acceptor);
            if left.strong_count() == 1 {
                break (address, left);
            }
        };
        // The next caller ends it.
        let mut caller = TcpStream::connect(address).unwrap();
        assert!(matches!(caller.read(&mut [0]), Ok(0) | Err(_)));
        while left.strong_count() > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn listener_is_polled_if_the_probe_fails() {
        let mut acceptor = Acceptor::woken_from(listener(), dead_address()).unwrap();
        assert!(matches!(acceptor.way, Way::Polled), "{acceptor:?}");
        acceptor.start("waiting".into()).unwrap();
        assert!(is_timeout(&acceptor.accept().unwrap_err()));
        let caller = TcpStream::connect(address_of(&acceptor)).unwrap();
        assert_eq!(next(&mut acceptor).1, caller.local_addr().unwrap());
    }

    #[test]
    fn unspecified_address_is_reached_by_loopback() {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                std::println!("skipped: cannot listen on {address} here");
                continue;
            };
            let address = reachable(listener.local_addr().unwrap());
            assert!(address.ip().is_loopback(), "{address}");
            let acceptor = Acceptor::woken_from(listener, address).unwrap();
            assert!(matches!(acceptor.way, Way::Woken(_)), "{acceptor:?}");
        }
    }

    #[test]
    fn server_is_woken_at_every_address() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                std::println!("skipped: cannot listen on {address} here");
                continue;
            };
            let address = reachable(listener.local_addr().unwrap());
            let mut server = Server::bind("127.0.0.1:0").unwrap();
            server.acceptor = Acceptor::woken_from(listener, address).unwrap();
            let left = Arc::downgrade(&server.acceptor.listener);
            let handle = server.handle();
            let running = thread::spawn(move || server.run(|_| Ok(())));
            let caller = TcpStream::connect(address).unwrap();
            while handle.stats().accepted == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            // A silent caller would be waited for.
            drop(caller);
            handle.shut_down(Duration::ZERO);
            running.join().unwrap().unwrap();
            assert_eq!(handle.stats().accepted, 1, "{address}");
            // No thread is left behind.
            while left.strong_count() > 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn server_ends_whatever_becomes_of_its_waker() {
        for is_lost in [false, true] {
            let mut server = Server::bind("127.0.0.1:0").unwrap();
            let mut acceptor = Acceptor::woken_from(listener(), dead_address()).unwrap();
            if is_lost {
                let listener = listener();
                let address = listener.local_addr().unwrap();
                acceptor = Acceptor::woken_from(listener, address).unwrap();
                lose_the_waker(&mut acceptor);
            }
            let address = address_of(&acceptor);
            server.acceptor = acceptor;
            let handle = server.handle();
            let running = thread::spawn(move || server.run(|_| Ok(())));
            let caller = TcpStream::connect(address).unwrap();
            while handle.stats().accepted == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            // A silent caller would be waited for.
            drop(caller);
            handle.shut_down(Duration::ZERO);
            running.join().unwrap().unwrap();
            assert_eq!(handle.stats().accepted, 1);
        }
    }
}
