//! The way into a call.

use std::io::{self, Read};
use std::sync::Arc;

use super::transport::Transport;

/// The way in of a transport that both directions share, as the stream layer wants it.
#[derive(Debug)]
pub(super) struct Incoming<T> {
    transport: Arc<T>,
    /// Whether a read waits for bytes, or takes what there is.
    pub(super) waits: bool,
    /// Whether the last read took all there was room for, so that there may be more.
    pub(super) took_all_room: bool,
}

impl<T> Incoming<T> {
    pub(super) const fn new(transport: Arc<T>) -> Incoming<T> {
        Incoming {
            transport,
            waits: true,
            took_all_room: false,
        }
    }
}

impl<T: Transport> Read for Incoming<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = match self.waits {
            true => self.transport.read(buffer),
            false => self.transport.read_at_once(buffer),
        };
        self.took_all_room = matches!(result, Ok(count) if count >= buffer.len());
        result
    }
}
