//! The incremental decoder: bytes go in as they arrive, frames come out once they are complete.

use core::fmt;

use super::{Frame, Header, Parsed};

// Every method keeps these invariants:
// - start <= end <= storage.len(); storage[start..end] are the bytes received but not yet handed out.
// - While `skip` is not 0, the next `skip` bytes to arrive belong to a frame over the limit, and start == end.
// - Bytes move to the front only when `spare` needs room and the tail has too little for a read. So a frame handed out stays in
//   place until the buffer is used again; the borrow checker enforces this.

/// A decoder that turns pieces of a stream into frames, without copying or allocating.
///
/// Use it with any source of bytes, such as the TCP stack of a microcontroller. For a `Read`,
/// [`FrameReader`](crate::stream::FrameReader) does this work:
///
/// 1. Write the received bytes to [`spare`](FrameBuffer::spare).
/// 2. Report their number with [`commit`](FrameBuffer::commit).
/// 3. Call [`next_frame`](FrameBuffer::next_frame) until it returns [`Decoded::Incomplete`].
///
/// You provide the storage: an array, a slice or a vector of bytes. With storage of `n` bytes, the longest payload is `n - 3`. A
/// longer frame is reported once and skipped. 323 bytes hold Asterisk's 20 ms frames at 8 kHz; 65,538 bytes hold every possible
/// frame. Storage of 3 bytes holds only frames without a payload; shorter storage holds no frame at all.
///
/// ```
/// use audiosocket::wire::{Decoded, FrameBuffer, Kind};
///
/// let mut buffer = FrameBuffer::new([0; 323]);
/// for piece in [&[0x03_u8, 0x00][..], &[0x01, b'5', 0x00, 0x00], &[0x00]] {
///     // On a microcontroller: let count = socket.receive(buffer.spare())?;
///     buffer.spare()[..piece.len()].copy_from_slice(piece);
///     buffer.commit(piece.len());
///     while let Decoded::Frame(frame) = buffer.next_frame() {
///         assert!(matches!(frame.kind(), Kind::DTMF_DIGIT | Kind::HANGUP));
///     }
/// }
/// assert!(buffer.at_frame_boundary());
/// ```
#[derive(Clone)]
pub struct FrameBuffer<S> {
    storage: S,
    start: usize,
    end: usize,
    skip: usize,
    max_payload_len: usize,
}

/// The result of [`FrameBuffer::next_frame`].
// Exhaustive on purpose: a loop over a stream has to handle each case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums)]
pub enum Decoded<'a> {
    /// The next frame.
    Frame(Frame<'a>),
    /// There is no complete frame yet.
    Incomplete {
        /// The number of missing bytes, at least 1: to the end of the header, or to the end of the frame. The frame can be a
        /// skipped one.
        needed: usize,
    },
    /// A frame over the limit starts here. Its payload is skipped as it arrives, and the frame is not reported again.
    TooLong(Header),
}

impl<S> FrameBuffer<S> {
    /// Returns an empty buffer that uses `storage`. The contents of `storage` do not matter.
    pub const fn new(storage: S) -> FrameBuffer<S> {
        FrameBuffer {
            storage,
            start: 0,
            end: 0,
            skip: 0,
            max_payload_len: Frame::MAX_PAYLOAD_LEN,
        }
    }

    /// Limits payloads to `len` bytes, even where the storage would hold more.
    #[must_use]
    pub const fn with_max_payload_len(mut self, len: usize) -> FrameBuffer<S> {
        self.max_payload_len = len;
        self
    }

    /// Returns the number of bytes received but not yet handed out.
    pub const fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Returns whether no bytes are waiting.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the stream is between two frames, so that it may end here.
    ///
    /// True if the buffer has no bytes and no frame is being skipped.
    pub const fn at_frame_boundary(&self) -> bool {
        self.is_empty() && self.skip == 0
    }

    /// Returns the storage. Bytes still in it are lost.
    pub fn into_storage(self) -> S {
        self.storage
    }
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> FrameBuffer<S> {
    /// Returns the free part of the storage, for the next bytes.
    ///
    /// It is empty only if the storage is shorter than a header, or full of frames that [`next_frame`](FrameBuffer::next_frame)
    /// has not returned yet.
    pub fn spare(&mut self) -> &mut [u8] {
        let storage_len = self.storage.as_ref().len();
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && storage_len.saturating_sub(self.end) < self.room_due() {
            self.move_to_front();
        }
        self.storage
            .as_mut()
            .get_mut(self.end..)
            .unwrap_or_default()
    }

    /// Accepts the first `count` bytes of [`spare`](FrameBuffer::spare), which you have just written there.
    ///
    /// A `count` above the length of that part counts as the length.
    pub fn commit(&mut self, count: usize) {
        let room = self.storage.as_ref().len().saturating_sub(self.end);
        self.end = self.end.saturating_add(count.min(room));
        let skipped = self.skip.min(self.len());
        self.skip = self.skip.saturating_sub(skipped);
        self.start = self.start.saturating_add(skipped);
    }

    /// Returns the header of the next frame once it is complete, even before its payload.
    pub fn header(&self) -> Option<Header> {
        let (header, _) = self.waiting().split_first_chunk()?;
        Some(Header::parse(*header))
    }

    /// Returns the number of bytes that [`next_frame`](FrameBuffer::next_frame) still needs.
    ///
    /// Returns 0 if it would return a frame or report one over the limit.
    pub fn needed(&self) -> usize {
        match self.header() {
            Some(header) if self.is_too_long(header) => 0,
            Some(header) => header.frame_len().saturating_sub(self.len()),
            None if self.skip > 0 => self.skip,
            None => Header::LEN.saturating_sub(self.len()),
        }
    }

    /// Returns the next frame, if it is complete.
    pub fn next_frame(&mut self) -> Decoded<'_> {
        let header = match self.header() {
            Some(header) if self.is_too_long(header) => {
                self.skip(header);
                return Decoded::TooLong(header);
            }
            Some(header) => header,
            None => {
                return Decoded::Incomplete {
                    needed: self.needed(),
                };
            }
        };
        let needed = header.frame_len().saturating_sub(self.len());
        if needed > 0 {
            return Decoded::Incomplete { needed };
        }
        let start = self.start;
        self.start = start.saturating_add(header.frame_len());
        match Frame::parse(
            self.storage
                .as_ref()
                .get(start..self.end)
                .unwrap_or_default(),
        ) {
            Parsed::Complete { frame, .. } => Decoded::Frame(frame),
            Parsed::Incomplete { needed } => Decoded::Incomplete { needed },
        }
    }

    /// Moves the buffer, with its waiting bytes, into other storage.
    ///
    /// Use it to switch to larger storage when a header announces a longer frame.
    ///
    /// # Errors
    ///
    /// Returns this buffer, unchanged, if the waiting bytes do not fit into `storage`.
    pub fn move_to<T: AsMut<[u8]>>(self, mut storage: T) -> Result<FrameBuffer<T>, FrameBuffer<S>> {
        let waiting = self.waiting();
        let Some((front, _)) = storage.as_mut().split_at_mut_checked(waiting.len()) else {
            return Err(self);
        };
        front.copy_from_slice(waiting);
        Ok(FrameBuffer {
            storage,
            start: 0,
            end: self.len(),
            skip: self.skip,
            max_payload_len: self.max_payload_len,
        })
    }

    /// Moves the waiting bytes to the front, in steps that do not overlap.
    ///
    /// It usually needs one step, but many if a short frame came out and a long one waits. A copy of overlapping bytes would need
    /// memmove, which takes as much flash on a microcontroller as this whole file.
    fn move_to_front(&mut self) {
        let distance = self.start;
        if distance == 0 {
            return;
        }
        let storage = self.storage.as_mut();
        let mut bytes = storage.get_mut(..self.end).unwrap_or_default();
        while let Some((free, waiting)) = bytes.split_at_mut_checked(distance) {
            if waiting.is_empty() {
                break;
            }
            for (to, from) in free.iter_mut().zip(waiting) {
                *to = *from;
            }
            bytes = bytes.get_mut(distance..).unwrap_or_default();
        }
        (self.start, self.end) = (0, self.len());
    }

    fn waiting(&self) -> &[u8] {
        self.storage
            .as_ref()
            .get(self.start..self.end)
            .unwrap_or_default()
    }

    fn is_too_long(&self, header: Header) -> bool {
        header.payload_len() > self.max_payload_len
            || header.frame_len() > self.storage.as_ref().len()
    }

    fn skip(&mut self, header: Header) {
        let skipped = header.frame_len().min(self.len());
        self.skip = header.frame_len().saturating_sub(skipped);
        self.start = self.start.saturating_add(skipped);
    }

    /// Returns the room that the tail needs so that no bytes have to move.
    ///
    /// This is the rest of the frame at the front, or a header while the frame's length is unknown.
    fn room_due(&self) -> usize {
        match self.header() {
            Some(header) => header.frame_len().saturating_sub(self.len()).max(1),
            None => Header::LEN,
        }
    }
}

impl<S> fmt::Debug for FrameBuffer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuffer")
            .field("waiting", &self.len())
            .field("to_skip", &self.skip)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Kind;

    #[test]
    fn spare_room_holds_the_rest_of_the_frame() {
        let mut buffer = FrameBuffer::new([0; 10]);
        let bytes = [0x10, 0, 2, 1, 2, 0x10, 0, 4, 3];
        buffer.spare()[..9].copy_from_slice(&bytes);
        buffer.commit(9);
        assert!(matches!(buffer.next_frame(), Decoded::Frame(_)));
        assert_eq!(buffer.needed(), 3);
        assert_eq!(buffer.spare().len(), 6);
    }

    #[test]
    fn unread_bytes_are_moved_whole() {
        let long: [u8; 23] = core::array::from_fn(|place| match place {
            0 => 0x77,
            1 => 0,
            2 => 20,
            _ => place as u8,
        });
        for payload_len in 0..8_u8 {
            for waiting_len in 1..23 {
                let first_len = usize::from(payload_len) + 3;
                let mut storage = [0xaa; 32];
                let storage = &mut storage[..23.max(first_len + waiting_len)];
                let mut buffer = FrameBuffer::new(storage);
                let header = Header::new(Kind::UUID, payload_len.into()).to_bytes();
                buffer.spare()[..3].copy_from_slice(&header);
                buffer.commit(first_len);
                buffer.spare()[..waiting_len].copy_from_slice(&long[..waiting_len]);
                buffer.commit(waiting_len);
                assert!(matches!(buffer.next_frame(), Decoded::Frame(_)));
                let rest = &long[waiting_len..];
                for byte in rest {
                    buffer.spare()[0] = *byte;
                    buffer.commit(1);
                }
                let Decoded::Frame(frame) = buffer.next_frame() else {
                    panic!("{waiting_len} bytes moved by {first_len}");
                };
                assert_eq!(frame.payload(), &long[3..]);
            }
        }
    }
}
