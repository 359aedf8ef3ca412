//! The incremental decoder: bytes in as they come, frames out as they become whole.

use core::fmt;

use super::{Frame, Header, Parsed};

// Invariants, which every method keeps:
// - start <= end <= storage.len(); storage[start..end] are the bytes received and not yet handed out.
// - While `skip` is not 0 the next `skip` bytes to come belong to a frame over the limit, and start == end.
// - Bytes are moved to the front only when `spare` is asked for room and the tail has none worth a read; a frame handed out
//   therefore stays where it is until the buffer is touched again, which the borrow checker sees to.

/// Turns bytes that come in pieces into frames, without copying or allocating, over storage from the caller.
///
/// The one decoder of this crate: [`FrameReader`](crate::stream::FrameReader) is this buffer and a `Read`, and a microcontroller
/// uses it with the receive function of its own TCP stack. Fill [`spare`](FrameBuffer::spare), say how much with
/// [`filled`](FrameBuffer::commit), take frames with [`next_frame`](FrameBuffer::next_frame) until it wants more.
///
/// Storage is anything that lends bytes: an array, a slice, a vector. With storage of `n` bytes the limit is a payload of
/// `n - 3`; a frame over it is reported once and skipped, and the stream stays in step. 323 bytes hold Asterisk's 20 ms at
/// 8 kHz, 65,538 every frame there can be. At most 3 bytes of storage hold no frame with a payload, less than 3 none at all.
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
/// assert!(buffer.is_empty());
/// ```
#[derive(Clone)]
pub struct FrameBuffer<S> {
    storage: S,
    start: usize,
    end: usize,
    skip: usize,
    max_payload_len: usize,
}

/// What a [`FrameBuffer`] has to give.
// Exhaustive on purpose: a loop over a stream has to deal with each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums)]
pub enum Decoded<'a> {
    /// The next frame.
    Frame(Frame<'a>),
    /// No whole frame yet.
    Incomplete {
        /// How many bytes are missing, at least 1: to the end of the header, or to the end of the frame, which may be one that
        /// is being skipped.
        needed: usize,
    },
    /// A frame over the limit begins here. Its payload is skipped as it comes; this is the only word of it.
    TooLong(Header),
}

impl<S> FrameBuffer<S> {
    /// A buffer in `storage`, whose contents do not matter.
    pub const fn new(storage: S) -> FrameBuffer<S> {
        FrameBuffer {
            storage,
            start: 0,
            end: 0,
            skip: 0,
            max_payload_len: Frame::MAX_PAYLOAD_LEN,
        }
    }

    /// Also refuses frames with a payload of more than `len` bytes, where the storage alone would hold them.
    #[must_use]
    pub const fn with_max_payload_len(mut self, len: usize) -> FrameBuffer<S> {
        self.max_payload_len = len;
        self
    }

    /// The number of bytes received and not yet handed out.
    pub const fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the stream is between two frames, so that it may end here: nothing is waiting and nothing is being skipped.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0 && self.skip == 0
    }

    /// Gives the storage back; what it still held is lost.
    pub fn into_storage(self) -> S {
        self.storage
    }
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> FrameBuffer<S> {
    /// The room for the next bytes: as much as can be had, so that one read may bring many frames.
    ///
    /// Empty only if the storage has no room for a header, or if frames are waiting that have not been taken.
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

    /// Takes over the first `count` bytes of [`spare`](FrameBuffer::spare), which have just been written there. A count over
    /// its length counts as its length.
    pub fn commit(&mut self, count: usize) {
        let room = self.storage.as_ref().len().saturating_sub(self.end);
        self.end = self.end.saturating_add(count.min(room));
        let skipped = self.skip.min(self.len());
        self.skip = self.skip.saturating_sub(skipped);
        self.start = self.start.saturating_add(skipped);
    }

    /// The header at the front, as soon as it is whole, before its payload is.
    pub fn header(&self) -> Option<Header> {
        let (header, _) = self.waiting().split_first_chunk()?;
        Some(Header::parse(*header))
    }

    /// What [`next_frame`](FrameBuffer::next_frame) would say is needed, or 0 if it has a frame or a word on one.
    pub fn needed(&self) -> usize {
        match self.header() {
            Some(header) if self.is_too_long(header) => 0,
            Some(header) => header.frame_len().saturating_sub(self.len()),
            None if self.skip > 0 => self.skip,
            None => Header::LEN.saturating_sub(self.len()),
        }
    }

    /// The next frame, if it is whole.
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

    /// The same buffer, its waiting bytes included, in other storage: larger storage, when a header announces a longer frame.
    ///
    /// # Errors
    ///
    /// This buffer, unchanged, if the waiting bytes do not fit into `storage`.
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

    /// Moves what waits to the front, in steps that do not overlap: one step as a rule, many if a short frame was taken from
    /// before a long one. To copy what may overlap takes memmove, and that as much flash on a microcontroller as all of this
    /// file.
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

    /// How much room the tail must have so that nothing need be moved: the rest of the frame at the front, or, as long as its
    /// length is not known, a header.
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
    fn what_waits_is_moved_whole_however_near_its_new_place_is() {
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
