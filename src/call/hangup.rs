//! The clean end of a connection: Asterisk's dialplan continues after it.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::End;
use super::line::{HANGUP_TIMEOUT, Line};
use super::transport::{Transport, at_least_a_millisecond};
use crate::stream::FrameWriter;
use crate::wire::Message;

// Invariants, each with the test that shows it:
// 1. A connection is ended in this order: the hangup frame, the end of our direction, then reading.
//    (`call_always_ends_with_hangup_and_half_close`)
// 2. The peer's bytes are read and discarded until the peer closes or `PATIENCE` has passed. A close with unread bytes would make
//    the kernel send a reset. Asterisk then hangs up the caller, and the dialplan does not continue (measured with 22.10).
//    (`hangup_with_unread_audio_causes_no_reset`, `dropped_call_waits_at_most_its_patience`)

/// How long a peer may take to close after the hangup. After that, the connection is dropped. Asterisk closes within
/// milliseconds. A lost packet that has to be sent again takes 0.2 to 1 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Sends the hangup frame and closes our direction.
pub(crate) fn hang_up<T: Transport, W: io::Write>(writer: &mut FrameWriter<W>, transport: &T) {
    // If the frame cannot be sent, the connection is broken or inside a frame. Then closing our direction also ends the call.
    let _ = writer.write_message(&Message::Hangup);
    let _ = transport.finish();
}

/// Hangs up all these calls at the same time. It waits at most 0.1 s in all, however many peers do not read.
///
/// If a connection has no room for the hangup frame in that time, only our direction is closed.
pub(crate) fn hang_up_all<T: Transport>(lines: &[Arc<Line<T>>]) {
    // All ends first, so the threads of these calls start no more frames and send hangups too.
    for line in lines {
        line.note_end(End::LocalHangup);
    }
    let deadline = Instant::now().checked_add(HANGUP_TIMEOUT);
    let mut without_room: Vec<&Arc<Line<T>>> = lines
        .iter()
        .filter(|line| !line.try_send_hangup())
        .collect();
    while !without_room.is_empty() {
        if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            without_room
                .iter()
                .for_each(|line| line.finish_without_hangup());
            return;
        }
        thread::sleep(BETWEEN_TRIES);
        without_room.retain(|line| !line.try_send_hangup());
    }
}

/// The pause before [`hang_up_all`] tries again to send hangups.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Reads once and discards the bytes; returns `false` at the end of the stream.
pub(crate) fn discard<T: Transport>(transport: &T) -> io::Result<bool> {
    let mut discarded = [0; 4096];
    match transport.recv(&mut discarded) {
        Ok(count) => Ok(count > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) => Err(error),
    }
}

/// Discards the peer's bytes until it closes, for at most `patience`, and drops the connection.
pub(super) fn drain<T: Transport>(transport: &T, patience: Duration) {
    let deadline = Instant::now().checked_add(patience);
    loop {
        let left = deadline.map_or(Duration::ZERO, |at| {
            at.saturating_duration_since(Instant::now())
        });
        if left.is_zero()
            || transport
                .set_recv_timeout(at_least_a_millisecond(left))
                .is_err()
            || !matches!(discard(transport), Ok(true))
        {
            break;
        }
    }
    transport.abort();
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Mutex;
    use std::{vec, vec::Vec};

    use super::*;
    use crate::call::CallOptions;
    use crate::wire::Uuid;

    /// A transport that never has room. It adds up the time that its sends would wait.
    #[derive(Default)]
    struct Full {
        timeout: Mutex<Duration>,
        waited: Mutex<Duration>,
        is_finished: Mutex<bool>,
    }

    impl Transport for Full {
        fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn send(&self, _: &[u8]) -> io::Result<usize> {
            *self.waited.lock().unwrap() += *self.timeout.lock().unwrap();
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn try_send(&self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
            Ok(())
        }

        fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
            *self.timeout.lock().unwrap() = timeout;
            Ok(())
        }

        fn finish(&self) -> io::Result<()> {
            *self.is_finished.lock().unwrap() = true;
            Ok(())
        }

        fn abort(&self) {}
    }

    fn line<T: Transport>(transport: T) -> Arc<Line<T>> {
        let uuid = Uuid::from_bytes([1; 16]);
        Line::new(Arc::new(transport), uuid, None, CallOptions::default())
    }

    #[test]
    fn hang_up_all_waits_once_for_50_full_peers() {
        let lines: Vec<_> = (0..50).map(|_| line(Full::default())).collect();
        hang_up_all(&lines);
        let mut waited = Duration::ZERO;
        for line in &lines {
            assert_eq!(line.end(), Some(End::LocalHangup));
            assert!(*line.transport.is_finished.lock().unwrap());
            waited += *line.transport.waited.lock().unwrap();
        }
        assert!(waited <= HANGUP_TIMEOUT, "{waited:?}");
    }

    #[test]
    fn hang_up_all_reaches_peers_after_a_full_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (mut peers, mut lines) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            peers.push(TcpStream::connect(address).unwrap());
            lines.push(line(listener.accept().unwrap().0));
        }
        let filled = fill(&lines[0].transport);
        hang_up_all(&lines);
        for peer in &mut peers[1..] {
            let mut bytes = Vec::new();
            peer.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, [0, 0, 0], "a hangup, then the end");
        }
        // The full peer gets the end, with a hangup frame if the kernel has made room meanwhile.
        let mut bytes = Vec::new();
        peers[0].read_to_end(&mut bytes).unwrap();
        assert!(bytes[filled..].is_empty() || bytes[filled..] == [0, 0, 0]);
        assert!(
            lines
                .iter()
                .all(|line| line.end() == Some(End::LocalHangup))
        );
    }

    /// Sends until there is no room for a single byte. Returns how many bytes there was room for.
    fn fill(mut stream: &TcpStream) -> usize {
        stream.set_nonblocking(true).unwrap();
        let mut filled = 0;
        let bytes = vec![1; 1 << 16];
        for len in [bytes.len(), 1] {
            // The kernel moves bytes to the peer for a moment longer.
            for _ in 0..20 {
                while let Ok(count) = stream.write(&bytes[..len]) {
                    filled += count;
                }
                thread::sleep(Duration::from_millis(2));
            }
        }
        stream.set_nonblocking(false).unwrap();
        filled
    }
}
