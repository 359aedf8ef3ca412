//! A frame: header and payload, whole.

use core::fmt;

use super::Kind;

/// One frame: a kind and a payload of at most 65,535 bytes, borrowed from wherever it lies.
///
/// A `Frame` that exists can be encoded. At this layer no byte string is malformed: whatever comes is a frame or the beginning
/// of one, which is why [`parse`](Frame::parse) has no error. Whether the payload suits its kind is a question for
/// [`message`](Frame::message).
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
    /// The longest payload in bytes: the length field has 16 bits.
    pub const MAX_PAYLOAD_LEN: usize = 65_535;

    /// The longest frame in bytes, header included.
    pub const MAX_LEN: usize = 65_538;

    /// A frame of any kind and payload.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLong`] for a payload over [`MAX_PAYLOAD_LEN`](Frame::MAX_PAYLOAD_LEN).
    #[inline]
    pub const fn new(kind: Kind, payload: &'a [u8]) -> Result<Frame<'a>, PayloadTooLong> {
        if payload.len() > Self::MAX_PAYLOAD_LEN {
            return Err(PayloadTooLong { len: payload.len() });
        }
        Ok(Frame { kind, payload })
    }

    /// A frame of a payload whose type keeps it within [`MAX_PAYLOAD_LEN`](Frame::MAX_PAYLOAD_LEN).
    pub(super) const fn of_checked_payload(kind: Kind, payload: &'a [u8]) -> Frame<'a> {
        Frame { kind, payload }
    }

    /// Reads the frame at the start of `bytes`, in place and without copying. Never panics, never fails.
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

    /// What the frame is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it carries: at most 65,535 bytes, not checked against the kind.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Its header.
    pub const fn header(&self) -> Header {
        // Not truncated: there is no way to make a frame with a payload over 65,535 bytes.
        Header {
            kind: self.kind,
            payload_len: self.payload.len() as u16,
        }
    }

    /// Its length on the wire in bytes: header and payload.
    pub const fn encoded_len(&self) -> usize {
        self.header().frame_len()
    }

    /// Writes the frame to the start of `buffer` and returns the part written.
    ///
    /// # Errors
    ///
    /// [`BufferTooShort`] if `buffer` is shorter than [`encoded_len`](Frame::encoded_len); nothing is written then.
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
        // Cut once more, so that the compiler sees two slices of equal length and needs no panic path for the copy.
        let Some((payload, _)) = body.split_at_mut_checked(self.payload.len()) else {
            return Err(error);
        };
        *header = self.header().to_bytes();
        payload.copy_from_slice(self.payload);
        Ok(frame)
    }
}

// The payload of an audio frame is hundreds of numbers that tell a reader nothing.
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

/// The three bytes before a payload: the kind, then the payload's length as a big-endian `u16`.
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
    /// Its own length in bytes.
    pub const LEN: usize = 3;

    /// A header for a payload of this many bytes.
    pub const fn new(kind: Kind, payload_len: u16) -> Header {
        Header { kind, payload_len }
    }

    /// Reads a header. Every three bytes are one.
    pub const fn parse(bytes: [u8; Header::LEN]) -> Header {
        let [kind, high, low] = bytes;
        Header {
            kind: Kind::from_byte(kind),
            payload_len: u16::from_be_bytes([high, low]),
        }
    }

    /// The header as it goes onto the wire.
    pub const fn to_bytes(self) -> [u8; Header::LEN] {
        let [high, low] = self.payload_len.to_be_bytes();
        [self.kind.byte(), high, low]
    }

    /// The kind of the frame.
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// The length of the payload in bytes.
    pub const fn payload_len(self) -> usize {
        self.payload_len as usize
    }

    /// The length of the whole frame in bytes, header included.
    pub const fn frame_len(self) -> usize {
        Header::LEN.saturating_add(self.payload_len as usize)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, payload length {}", self.kind, self.payload_len)
    }
}

/// What the start of some bytes turned out to be: a whole frame, or not enough yet.
///
/// Not a `Result`, because half a frame is nothing wrong: `?` on it would drop a call that is merely in transit.
// Exhaustive on purpose: there is no third case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums)]
pub enum Parsed<'a> {
    /// The bytes begin with a whole frame.
    Complete {
        /// That frame.
        frame: Frame<'a>,
        /// The bytes after it.
        rest: &'a [u8],
    },
    /// The bytes end inside a frame.
    Incomplete {
        /// How many bytes are missing, at least 1: to the end of the header while that is not whole, else to the end of the
        /// frame.
        needed: usize,
    },
}

/// The whole frames at the start of some bytes, one after the other.
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
    /// The frames of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Frames<'a> {
        Frames { rest: bytes }
    }

    /// The bytes not read yet; once the iterator has ended, those of an unfinished frame.
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

/// A payload does not fit into a frame.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct PayloadTooLong {
    /// Its length in bytes.
    pub len: usize,
}

impl fmt::Display for PayloadTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "payload of {} bytes, a frame holds at most 65535",
            self.len
        )
    }
}

impl core::error::Error for PayloadTooLong {}

/// A buffer has no room for what was to be written to it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct BufferTooShort {
    /// The bytes it would have had to hold.
    pub needed: usize,
    /// The bytes it holds.
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
            "buffer of {} bytes is too short, {} needed",
            self.len, self.needed
        )
    }
}

impl core::error::Error for BufferTooShort {}
