//! A dual-stack listener: an IPv4 peer has an IPv4 address wherever a policy or a person sees it.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use audiosocket::call::{Call, CallOptions};
use audiosocket::server::{Incident, Server};

use crate::common::served::{self, PATIENCE, uuid};

/// Returns a listener for both families and its IPv4 address, or prints the reason for skipping the test.
fn dual_stack_listener() -> Option<(TcpListener, SocketAddr)> {
    let listener = match TcpListener::bind("[::]:0") {
        Ok(listener) => listener,
        Err(error) => {
            println!("skipped: no IPv6 here: {error}");
            return None;
        }
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()));
    match TcpStream::connect(address) {
        Ok(_) => {
            // The connection that this probe made.
            let _ = listener.accept().unwrap();
            Some((listener, address))
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            println!("skipped: this system's IPv6 listeners do not accept IPv4");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn dual_stack_server_sees_ipv4_peers_as_ipv4() {
    let Some((listener, address)) = dual_stack_listener() else {
        return;
    };
    let (seen, all_seen) = mpsc::channel();
    let (admitted, reported, handled) = (seen.clone(), seen.clone(), seen);
    let server = Server::builder()
        .admit(move |caller| {
            admitted.send(("admit", caller.peer))?;
            // As the documentation of `ServerBuilder` describes it.
            match caller.peer.ip().is_loopback() && caller.uuid != uuid(2) {
                true => Ok(()),
                false => Err("only from this machine".into()),
            }
        })
        .on_incident(move |incident| {
            let (what, peer) = match incident {
                Incident::Refused { peer, .. } => ("refused", peer),
                Incident::HandlerFailed { peer, .. } => ("failed", peer),
                Incident::HandlerPanicked { peer, .. } => ("panicked", peer),
                other => panic!("{other}"),
            };
            reported.send((what, *peer)).unwrap();
        })
        .from_listener(listener)
        .unwrap();
    let handle = server.handle();
    let listed = handle.clone();
    let running = thread::spawn(move || {
        server.run(|call| {
            handled.send(("call", call.peer_addr().unwrap()))?;
            handled.send(("list", listed.calls()[0].peer))?;
            match call.uuid() {
                fails if fails == uuid(1) => Err("as it should".into()),
                _ => panic!("as it should"),
            }
        })
    });
    for (number, expected) in [
        (1, &["admit", "call", "list", "failed"][..]),
        (2, &["admit", "refused"]),
        (3, &["admit", "call", "list", "panicked"]),
    ] {
        let peer = served::connect_as(address, uuid(number));
        for what in expected {
            let seen = all_seen.recv_timeout(PATIENCE).unwrap();
            assert_eq!(seen, (*what, peer.local_addr().unwrap()));
        }
    }
    handle.shut_down(Duration::ZERO);
    running.join().unwrap().unwrap();
}

#[test]
fn accepted_call_has_the_ipv4_address_of_its_peer() {
    let Some((listener, address)) = dual_stack_listener() else {
        return;
    };
    let peer = served::connect_as(address, uuid(1));
    let call = Call::accept(listener.accept().unwrap().0, CallOptions::default()).unwrap();
    assert_eq!(call.peer_addr(), Some(peer.local_addr().unwrap()));
}
