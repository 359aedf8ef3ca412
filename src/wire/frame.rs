//! Frames and their headers.

use core::fmt;

use super::Kind;

/// One frame: a kind and a borrowed payload of at most 65,535 bytes.
///
/// Any bytes are a frame or the start of one, so [`parse`](Frame::parse) has no error. [`message`](Frame::message) checks
/// whether the payload suits its kind.
///
/// ```
/// use audiosocket::wire::{Frame, Kind, Parsed};
///
/// let bytes = [0x03, 0x00, 0x01, b'5', 0x00];
/// match Frame::parse(&bytes) {
///     Parsed::Complete { frame, rest } => {
///         assert_eq!(frame.kind(), Kind::DTMF_DIGIT);
///         assert_eq!(frame.payload(), b"5");
///         assert_eq!(Frame::parse(rest), Parsed::Incomplete { needed: 2 });
///     }
///     Parsed::Incomplete { .. } => unreachable!("the bytes hold a whole frame"),
/// }
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Frame<'a> {
    kind: Kind,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The length of the longest payload in bytes. The length field has 16 bits.
    pub const MAX_PAYLOAD_LEN: usize = 65_535;

    /// The length of the longest frame in bytes, header included: 65,538.
    ///
    /// With a 16-bit `usize` it is 65,535, because a longer frame does not fit into any slice.
    pub const MAX_LEN: usize = Header::LEN.saturating_add(Self::MAX_PAYLOAD_LEN);

    /// Returns a frame of any kind with any payload.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLong`] if the payload is longer than [`MAX_PAYLOAD_LEN`](Frame::MAX_PAYLOAD_LEN).
    #[inline]
    pub const fn new(kind: Kind, payload: &'a [u8]) -> Result<Frame<'a>, PayloadTooLong> {
        if payload.len() > Self::MAX_PAYLOAD_LEN {
            return Err(PayloadTooLong { len: payload.len() });
        }
        Ok(Frame { kind, payload })
    }

    /// Returns a frame for a payload whose type limits it to [`MAX_PAYLOAD_LEN`](Frame::MAX_PAYLOAD_LEN).
    pub(super) const fn of_checked_payload(kind: Kind, payload: &'a [u8]) -> Frame<'a> {
        Frame { kind, payload }
    }

    /// Parses the frame at the start of `bytes`, in place and without copying.
    ///
    /// It never panics and never fails.
    #[inline]
    pub const fn parse(bytes: &'a [u8]) -> Parsed<'a> {
        let Some((header, body)) = bytes.split_first_chunk::<{ Header::LEN }>() else {
            return Parsed::Incomplete {
                needed: Header::LEN.saturating_sub(bytes.len()),
            };
        };
        let header = Header::parse(*header);
        match body.split_at_checked(header.payload_len()) {
            Some((payload, rest)) => Parsed::Complete {
                frame: Frame {
                    kind: header.kind(),
                    payload,
                },
                rest,
            },
            None => Parsed::Incomplete {
                needed: header.payload_len().saturating_sub(body.len()),
            },
        }
    }

    /// Returns the kind of the frame.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the payload: at most 65,535 bytes, not checked against the kind.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Returns the header of the frame.
    pub const fn header(&self) -> Header {
        // Not truncated: no frame can have a payload over 65,535 bytes.
        Header {
            kind: self.kind,
            payload_len: self.payload.len() as u16,
        }
    }

    /// Returns the frame's length on the wire in bytes: header and payload.
    pub const fn encoded_len(&self) -> usize {
        self.header().frame_len()
    }

    /// Writes the frame to the start of `buffer` and returns the part written.
    ///
    /// # Errors
    ///
    /// [`BufferTooShort`] if `buffer` is shorter than [`encoded_len`](Frame::encoded_len). Nothing is written then.
    #[inline]
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b mut [u8], BufferTooShort> {
        let error = BufferTooShort {
            needed: self.encoded_len(),
            len: buffer.len(),
        };
        let Some((frame, _)) = buffer.split_at_mut_checked(error.needed) else {
            return Err(error);
        };
        let Some((header, body)) = frame.split_first_chunk_mut::<{ Header::LEN }>() else {
            return Err(error);
        };
        // Split once more, so that the compiler sees two slices of equal length and needs no panic path for the copy.
        let Some((payload, _)) = body.split_at_mut_checked(self.payload.len()) else {
            return Err(error);
        };
        *header = self.header().to_bytes();
        payload.copy_from_slice(self.payload);
        Ok(frame)
    }
}

// Without the payload, because hundreds of numbers of audio would be useless.
impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Frame({:#04x}, {} bytes)",
            self.kind.byte(),
            self.payload.len()
        )
    }
}

impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.header(), f)
    }
}

/// The three-byte header of a frame: kind, then payload length as a big-endian `u16`.
///
/// ```
/// use audiosocket::wire::{Header, Kind};
///
/// let header = Header::parse([0x10, 0x01, 0x40]);
/// assert_eq!((header.kind(), header.payload_len(), header.frame_len()), (Kind::SLIN, 320, 323));
/// assert_eq!(header.to_bytes(), [0x10, 0x01, 0x40]);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Header {
    kind: Kind,
    payload_len: u16,
}

impl Header {
    /// The length of a header in bytes.
    pub const LEN: usize = 3;

    /// Returns a header for a payload of this many bytes.
    pub const fn new(kind: Kind, payload_len: u16) -> Header {
        Header { kind, payload_len }
    }

    /// Parses a header. Any three bytes are a header.
    pub const fn parse(bytes: [u8; Header::LEN]) -> Header {
        let [kind, high, low] = bytes;
        Header {
            kind: Kind::from_byte(kind),
            payload_len: u16::from_be_bytes([high, low]),
        }
    }

    /// Returns the header's bytes on the wire.
    pub const fn to_bytes(self) -> [u8; Header::LEN] {
        let [high, low] = self.payload_len.to_be_bytes();
        [self.kind.byte(), high, low]
    }

    /// Returns the kind of the frame.
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// Returns the length of the payload in bytes.
    pub const fn payload_len(self) -> usize {
        self.payload_len as usize
    }

    /// Returns the length of the whole frame in bytes, header included.
    pub const fn frame_len(self) -> usize {
        Header::LEN.saturating_add(self.payload_len as usize)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, payload length {}", self.kind, self.payload_len)
    }
}

/// The result of parsing the start of some bytes: a complete frame, or too few bytes.
///
/// It is not a `Result` because half a frame is not an error. With `?`, a program would drop a call whose frame is still in
/// transit.
// Exhaustive on purpose: there is no third case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums)]
pub enum Parsed<'a> {
    /// The bytes start with a complete frame.
    Complete {
        /// The frame.
        frame: Frame<'a>,
        /// The bytes after it.
        rest: &'a [u8],
    },
    /// The bytes end inside a frame.
    Incomplete {
        /// The number of missing bytes, at least 1: to the end of the header if that is incomplete, else to the end of the frame.
        needed: usize,
    },
}

/// An iterator over the complete frames at the start of some bytes.
///
/// ```
/// use audiosocket::wire::{Frames, Kind};
///
/// let mut frames = Frames::new(&[0x03, 0x00, 0x01, b'5', 0x00, 0x00, 0x00, 0x10]);
/// assert_eq!(frames.next().map(|frame| frame.kind()), Some(Kind::DTMF_DIGIT));
/// assert_eq!(frames.next().map(|frame| frame.kind()), Some(Kind::HANGUP));
/// assert_eq!(frames.next(), None);
/// assert_eq!(frames.rest(), [0x10]);
/// ```
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    /// Returns the frames of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Frames<'a> {
        Frames { rest: bytes }
    }

    /// Returns the bytes not read yet.
    ///
    /// Once the iterator has ended, they belong to an incomplete frame.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        match Frame::parse(self.rest) {
            Parsed::Complete { frame, rest } => {
                self.rest = rest;
                Some(frame)
            }
            Parsed::Incomplete { .. } => None,
        }
    }
}

impl core::iter::FusedIterator for Frames<'_> {}

/// The error for a payload that does not fit into a frame.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct PayloadTooLong {
    /// The length of the payload in bytes.
    pub len: usize,
}

impl fmt::Display for PayloadTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "payload of {} bytes is too long: a frame holds at most 65535",
            self.len
        )
    }
}

impl core::error::Error for PayloadTooLong {}

/// The error for a buffer that is too short.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct BufferTooShort {
    /// The number of bytes needed.
    pub needed: usize,
    /// The length of the buffer in bytes.
    pub len: usize,
}

impl BufferTooShort {
    pub(crate) const fn new(needed: usize, len: usize) -> BufferTooShort {
        BufferTooShort { needed, len }
    }
}

impl fmt::Display for BufferTooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "buffer of {} bytes is too short: expected at least {}",
            self.len, self.needed
        )
    }
}

impl core::error::Error for BufferTooShort {}
