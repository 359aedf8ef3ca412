//! A server's connections: entering, being admitted, leaving, and waiting for the last.

use real_std::vec::Vec;

use super::connections::{Connections, Entry};
use crate::call::{Call, Refusal};
use crate::models::called::{Sent, audio, opened, send_uuid, sound};
use crate::net::TcpStream;
use crate::sync::Arc;
use crate::thread;
use crate::time::Duration;

const ROOM: usize = 1 << 12;

/// A connection's thread, as the server runs it. Returns whether there was a call.
fn serve(stream: Arc<TcpStream>, entry: Entry, handler: impl FnOnce(&mut Call)) -> bool {
    let mut call = opened(&stream);
    let admitted = entry
        .start_admission(call.uuid())
        .and_then(|_| entry.become_call(&call.voice()));
    if admitted.is_ok() {
        handler(&mut call);
    }
    call.hang_up_and_wait();
    drop((call, stream));
    drop(entry);
    admitted.is_ok()
}

fn receive_to_end(call: &mut Call) {
    while call.receive().is_some() {}
}

/// A shutdown hangs up each call once and waits for the last connection, in every state of the connections.
pub(crate) fn shutdown_meets_arrivals() {
    let connections = Arc::new(Connections::new(2, 2));
    let mut peers = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| connections.stop(Duration::ZERO));
        for byte in 1..=2 {
            let (stream, peer) = TcpStream::pair(ROOM);
            send_uuid(&peer, byte);
            let stream = Arc::new(stream);
            match connections.enter(&stream) {
                Ok((entry, _)) => {
                    scope.spawn(move || {
                        serve(stream, entry, |call| match byte {
                            1 => receive_to_end(call),
                            _ => drop(call.send_now(audio(&sound(1..=1)))),
                        })
                    });
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

/// There are never more calls than the limit, and a call that is hung up by its UUID ends.
pub(crate) fn arrivals_meet_the_limit() {
    let connections = Arc::new(Connections::new(1, 2));
    let pairs = [1, 2].map(|byte| {
        let (stream, peer) = TcpStream::pair(ROOM);
        send_uuid(&peer, byte);
        (Arc::new(stream), peer)
    });
    thread::scope(|scope| {
        let serving = pairs.map(|(stream, peer)| {
            let (entry, _) = connections.enter(&stream).unwrap();
            let connections = &connections;
            scope.spawn(move || {
                let was_call = serve(stream, entry, |call| {
                    assert!(connections.counts().calls <= 1, "a call too many");
                    assert_eq!(connections.hang_up(call.uuid()), 1);
                    receive_to_end(call);
                });
                Sent::to(&peer).assert_hung_up_once();
                was_call
            })
        });
        let calls = serving.map(|it| it.join().unwrap());
        assert!(calls.contains(&true), "no call, although there was room");
    });
    let counts = connections.counts();
    assert_eq!((counts.pending, counts.calls), (0, 0));
}

/// A silent connection that was replaced never becomes a call, even if its UUID arrives at that moment.
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
            let asked = entry.start_admission(call.uuid());
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
