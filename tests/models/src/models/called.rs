//! A call, and the peer that checks the frames sent on it.

use real_std::io::{ErrorKind, Read, Write};
use real_std::vec::Vec;

use crate::call::{Call, CallOptions};
use crate::net::TcpStream;
use crate::sync::Arc;
use crate::time::Duration;
use crate::wire::{Audio, DtmfDialect, Kind, SampleRate};

/// The number of bytes in a frame of 10 ms.
const FRAME_LEN: usize = 160;

/// Returns a call that sends nothing by itself, not even a hangup when it is dropped, and its peer.
pub(crate) fn call() -> (Call, TcpStream) {
    let (ours, peer) = TcpStream::pair(1 << 16);
    send_uuid(&peer, 7);
    (opened(&Arc::new(ours)), peer)
}

pub(crate) fn send_uuid(mut peer: &TcpStream, byte: u8) {
    let mut frame = [byte; 19];
    frame[..3].copy_from_slice(&[Kind::UUID.byte(), 0, 16]);
    peer.write_all(&frame).unwrap();
}

/// Opens a call whose UUID has arrived.
pub(crate) fn opened(stream: &Arc<TcpStream>) -> Call {
    let call = Call::open(Arc::clone(stream), None, options(), || None).unwrap();
    call.without_hangup_on_drop()
}

pub(crate) fn options() -> CallOptions {
    CallOptions::default()
        .keep_alive(None)
        .frame_duration(Duration::from_millis(10))
        .dialect(Some(DtmfDialect::StartStop))
}

/// Returns the audio of numbered frames.
pub(crate) fn sound(numbers: core::ops::RangeInclusive<u8>) -> Vec<u8> {
    numbers.flat_map(|number| [number; FRAME_LEN]).collect()
}

pub(crate) fn audio(sound: &[u8]) -> Audio<'_> {
    Audio::new(SampleRate::Hz8000, sound).unwrap()
}

/// The frames that a peer has received.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Sent {
    /// The kind and first byte of each frame, in order.
    pub(crate) frames: Vec<(Kind, u8)>,
    /// The number of hangups among them.
    pub(crate) hangups: usize,
    pub(crate) is_finished: bool,
}

impl Sent {
    /// Reads all that has arrived at a peer.
    pub(crate) fn to(mut peer: &TcpStream) -> Sent {
        peer.set_nonblocking(true).unwrap();
        let mut bytes = Vec::new();
        let is_finished = match peer.read_to_end(&mut bytes) {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        };
        let mut frames = Vec::new();
        let mut rest = &bytes[..];
        while let [kind, high, low, after @ ..] = rest {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            frames.push((Kind::from_byte(*kind), after.first().copied().unwrap_or(0)));
            rest = &after[len..];
        }
        assert!(rest.is_empty(), "half a frame was sent");
        let hangups = frames.iter().filter(|(kind, _)| *kind == Kind::HANGUP);
        let hangups = hangups.count();
        Sent {
            frames,
            hangups,
            is_finished,
        }
    }

    /// Returns the numbers of the audio frames, in order.
    pub(crate) fn numbers(&self) -> Vec<u8> {
        let audio = self.frames.iter().filter(|(kind, _)| *kind == Kind::SLIN);
        audio.map(|(_, number)| *number).collect()
    }

    /// Checks that one hangup was sent, nothing after it, and the frames ahead of it in order.
    pub(crate) fn assert_hung_up_once(&self) {
        assert_eq!(self.hangups, 1, "hangups sent: {self:?}");
        assert_eq!(self.frames.last(), Some(&(Kind::HANGUP, 0)));
        assert!(self.is_finished, "the direction stays open");
        self.assert_in_order();
    }

    /// Checks that the audio frames are the first of the queued ones.
    pub(crate) fn assert_in_order(&self) {
        let numbers = self.numbers();
        let expected: Vec<u8> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "frames lost, doubled or overtaken");
    }
}
