//! The clean end of a connection: Asterisk's dialplan continues after it.

use std::io;
use std::time::{Duration, Instant};

use super::transport::{Transport, at_least_a_millisecond};
use crate::stream::FrameWriter;
use crate::wire::Message;

// Invariants:
// 1. A connection is ended in this order: the hangup frame, the end of our direction, then reading.
// 2. The bytes of the peer are read and discarded until the peer closes or `PATIENCE` has passed.
// 3. A close with unread bytes makes the kernel send a reset. Asterisk then hangs up the caller, and the dialplan does not
//    continue (measured with 22.10).

/// How long a peer may take to close after the hangup before the connection is dropped. Asterisk closes within milliseconds. A
/// lost packet that has to be sent again takes 0.2 to 1 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Sends the hangup frame and ends our direction.
pub(crate) fn hang_up<T: Transport, W: io::Write>(writer: &mut FrameWriter<W>, transport: &T) {
    // If the frame cannot be sent, the connection is broken already or inside a frame. Closing our direction has the same effect.
    let _ = writer.write_message(&Message::Hangup);
    let _ = transport.finish();
}

/// Reads once and discards the bytes; returns whether more may come.
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
