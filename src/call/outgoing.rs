//! The way out of a call.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::transport::{Transport, at_least_a_millisecond};

/// The way out of a transport that both directions share, as the stream layer wants it, with a deadline for each frame as a
/// whole, however few bytes the peer takes at a time.
#[derive(Debug)]
pub(super) struct Outgoing<T> {
    transport: Arc<T>,
    write_deadline: Duration,
    /// When the frame was begun of which only a part has gone out.
    frame_begun: Option<Instant>,
}

impl<T> Outgoing<T> {
    pub(super) fn new(transport: Arc<T>, write_deadline: Duration) -> Outgoing<T> {
        Outgoing {
            transport,
            write_deadline: at_least_a_millisecond(write_deadline),
            frame_begun: None,
        }
    }
}

impl<T: Transport> Write for Outgoing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The time-out that the transport has is the whole deadline. A frame goes out in one write unless the peer has stopped
        // reading, so the time left is set only for what is left of a frame, and the whole deadline again after it.
        if let Some(begun) = self.frame_begun {
            let left = self.write_deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.transport
                .set_write_timeout(at_least_a_millisecond(left))?;
        }
        let begun = self.frame_begun.unwrap_or_else(Instant::now);
        let count = self.transport.write(bytes)?;
        let is_whole = count >= bytes.len();
        if is_whole && self.frame_begun.is_some() {
            self.transport
                .set_write_timeout(at_least_a_millisecond(self.write_deadline))?;
        }
        self.frame_begun = (!is_whole).then_some(begun);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
