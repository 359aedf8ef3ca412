//! Connections that wait for their peers to close.

use real_std::io::{self, Read, Write};

use super::lingering::Lingering;
use crate::call::PATIENCE;
use crate::net::TcpStream;
use crate::sync::Arc;
use crate::thread;
use crate::time::Instant;

/// Each peer receives the hangup and then the end, without a reset before `PATIENCE`. The thread ends after the last peer.
pub(crate) fn lingering_ends() {
    let lingering = Lingering::default();
    let pairs = [(); 2].map(|()| TcpStream::pair(1 << 12));
    let left = thread::scope(|scope| {
        scope.spawn(|| lingering.run());
        let closes = lingering.close_on_drop();
        let left = pairs.map(|(stream, peer)| {
            scope.spawn(move || talk_and_close(peer));
            let stream = Arc::new(stream);
            let left = Arc::downgrade(&stream);
            lingering.refuse(stream);
            left
        });
        drop(closes);
        left
    });
    assert!(left.iter().all(|it| it.strong_count() == 0), "one is left");
}

/// Without any connection, the thread ends too. It must be woken, because its wait never times out.
pub(crate) fn lingering_ends_empty() {
    let lingering = Lingering::default();
    thread::scope(|scope| {
        scope.spawn(|| lingering.run());
        drop(lingering.close_on_drop());
    });
}

/// A caller that talks until it receives the hangup.
fn talk_and_close(peer: TcpStream) {
    let since = Instant::now();
    let mut bytes = [0; 8];
    let result = (|| {
        for _ in 0..2 {
            (&peer).write_all(&[0x10, 0, 2, 1, 1])?;
        }
        let mut len = 0;
        loop {
            match (&peer).read(&mut bytes[len..])? {
                0 => return Ok::<usize, io::Error>(len),
                count => len += count,
            }
        }
    })();
    match result {
        Ok(len) => assert_eq!(bytes[..len], [0, 0, 0], "the hangup, then the end"),
        Err(error) => assert!(since.elapsed() >= PATIENCE, "{error} too early"),
    }
}
