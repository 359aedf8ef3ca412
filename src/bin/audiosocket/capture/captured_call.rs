//! One connection of a packet capture.

use std::time::Duration;

use audiosocket::wire::{Frame, Header, Message, Parsed, Uuid};

use super::reassembly::{Reassembly, Received};
use super::segment::Segment;
use crate::tap_file::Sender;

/// Connection that carried bytes, with both directions in order.
#[derive(Debug)]
pub struct CapturedCall {
    stream: u64,
    started: Duration,
    length: Duration,
    uuid: Option<Uuid>,
    has_start: bool,
    /// Caller and server.
    sides: [Reassembly; 2],
}

impl CapturedCall {
    /// Reassembles a connection. Returns `None` if it carried no bytes.
    pub fn new(mut segments: Vec<Segment>) -> Option<CapturedCall> {
        segments.sort_unstable();
        let (first, last) = (segments.first()?, segments.last()?);
        let (stream, started) = (first.stream, first.at);
        let length = last.at.saturating_sub(started);
        let opener = segments.iter().find(|segment| segment.is_syn());
        let opener = opener.map(|segment| (segment.port, segment.is_connect()));
        let low_port = segments.iter().map(|segment| segment.port).min()?;
        let (low, high): (Vec<Segment>, Vec<Segment>) = segments
            .into_iter()
            .partition(|segment| segment.port == low_port);
        let [low, high] = [Reassembly::of(low), Reassembly::of(high)];
        let is_low_caller = match opener {
            Some((port, is_connect)) => (port == low_port) == is_connect,
            // Operating systems choose the ports of callers from the high ones. The capture may have only one port.
            None => low.sends_uuid() || !high.has_segments,
        };
        let [mut caller, mut server] = match is_low_caller {
            true => [low, high],
            false => [high, low],
        };
        let has_start = caller.has_start || caller.sends_uuid();
        if !has_start {
            caller.lose_start();
            server.lose_start();
        }
        caller.skip_to_frames();
        server.skip_to_frames();
        let sides = [caller, server];
        sides
            .iter()
            .any(Reassembly::has_bytes)
            .then(|| CapturedCall {
                stream,
                started,
                length,
                uuid: uuid_of(&sides[0]),
                has_start,
                sides,
            })
    }

    /// Returns the number of the connection in the capture.
    pub const fn stream(&self) -> u64 {
        self.stream
    }

    /// Returns the time of the first segment, since 1970.
    pub const fn started(&self) -> Duration {
        self.started
    }

    /// Returns the time from the first segment to the last.
    pub const fn length(&self) -> Duration {
        self.length
    }

    pub const fn uuid(&self) -> Option<Uuid> {
        self.uuid
    }

    /// Returns whether the capture has the start of the call.
    pub const fn has_start(&self) -> bool {
        self.has_start
    }

    pub const fn side(&self, sender: Sender) -> &Reassembly {
        let [caller, server] = &self.sides;
        match sender {
            Sender::Caller => caller,
            Sender::Server => server,
        }
    }
}

/// Returns the UUID in the first frame of a stream.
fn uuid_of(caller: &Reassembly) -> Option<Uuid> {
    let mut start = Vec::new();
    for piece in &caller.pieces {
        match &piece.what {
            Received::Bytes(bytes) => start.extend(bytes),
            _ => break,
        }
        if start.len() >= Header::LEN + Uuid::LEN {
            break;
        }
    }
    let Parsed::Complete { frame, .. } = Frame::parse(&start) else {
        return None;
    };
    match frame.message() {
        Ok(Message::Uuid(uuid)) => Some(uuid),
        _ => None,
    }
}
