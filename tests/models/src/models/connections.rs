//! A server's connections: entering, asking, leaving, and waiting for the last.

use super::connections::{Connections, Dismissed, Entry};
use crate::call::Refusal;
use crate::models::called::{Sent, opened, send_uuid};
use crate::net::TcpStream;
use crate::sync::{Arc, Mutex};
use crate::thread;
use crate::time::Duration;

const ROOM: usize = 1 << 12;

/// A connection's thread, as the server runs it, for a handler that receives until the end. Returns whether there was a call.
fn serve(stream: Arc<TcpStream>, entry: Entry) -> bool {
    let mut call = opened(&stream);
    let admitted = entry
        .ask(call.uuid())
        .and_then(|_| entry.become_call(&call.voice()));
    if admitted.is_ok() {
        while call.receive().is_some() {}
    }
    call.hang_up_and_wait();
    drop((call, stream));
    drop(entry);
    admitted.is_ok()
}

/// Shutting down hangs up each call once and waits for the last connection, whatever each of them is doing.
pub(crate) fn shutdown_meets_arrivals() {
    let connections = Arc::new(Connections::new(1, 2));
    let mut peers = real_std::vec::Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(connections.counts().calls <= 1, "too many calls");
            connections.stop(Duration::ZERO);
        });
        for byte in 1..=2 {
            let (stream, peer) = TcpStream::pair(ROOM);
            send_uuid(&peer, byte);
            let stream = Arc::new(stream);
            match connections.enter(&stream) {
                Ok((entry, _)) => {
                    scope.spawn(move || serve(stream, entry));
                    peers.push(peer);
                }
                Err(refusal) => assert!(matches!(refusal, Refusal::ShuttingDown)),
            }
        }
        while !connections.is_stopping() {
            thread::yield_now();
        }
        connections.wait_for_the_last();
        let counts = connections.counts();
        assert_eq!((counts.pending, counts.calls), (0, 0), "not the last");
        for peer in &peers {
            Sent::to(peer).assert_hung_up_once();
        }
    });
}

/// A silent connection that was replaced never becomes a call, though its UUID arrives at that moment.
pub(crate) fn replacement_meets_a_uuid() {
    let connections = Arc::new(Connections::new(2, 1));
    let (first, peer) = TcpStream::pair(ROOM);
    send_uuid(&peer, 1);
    let first = Arc::new(first);
    let (entry, _) = connections.enter(&first).unwrap();
    let call = opened(&first);
    thread::sleep(Duration::from_millis(250));
    let (is_admitted, is_replaced) = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let asked = entry.ask(call.uuid());
            let admitted = asked.and_then(|_| entry.become_call(&call.voice()));
            admitted.is_ok()
        });
        let (second, _peer) = TcpStream::pair(ROOM);
        let entered = connections.enter(&Arc::new(second));
        let (_entry, dismissed) = entered.unwrap();
        (asking.join().unwrap(), dismissed.is_some())
    });
    assert_ne!(is_admitted, is_replaced);
    assert_eq!(entry.is_replaced(), is_replaced);
    assert_eq!(connections.counts().calls, usize::from(is_admitted));
}
