//! The frame being received.

use super::violation::Excerpt;
use crate::wire::{Header, Kind};

/// The frame being received. Before its first byte, only its position is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameUnderWay {
    /// The offset of the frame's first byte in the stream.
    offset: u64,
    header: [u8; Header::LEN],
    header_len: usize,
    /// The number of payload bytes still missing, once the header is complete.
    left: usize,
    excerpt: Excerpt,
}

impl FrameUnderWay {
    pub(super) fn at(offset: u64) -> FrameUnderWay {
        FrameUnderWay {
            offset,
            header: [0; Header::LEN],
            header_len: 0,
            left: 0,
            excerpt: Excerpt::default(),
        }
    }

    /// Consumes bytes of the header or the payload and returns the rest.
    ///
    /// One call consumes only header bytes until the header is complete, and only payload bytes after that.
    pub(super) fn take_in<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let is_in_header = self.header().is_none();
        let missing = match is_in_header {
            true => Header::LEN.saturating_sub(self.header_len),
            false => self.left,
        };
        let (part, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        self.excerpt.extend(part);
        if is_in_header {
            let places = self.header.iter_mut().skip(self.header_len);
            places.zip(part).for_each(|(place, byte)| *place = *byte);
            self.header_len = self.header_len.saturating_add(part.len());
            self.left = self.header().map_or(0, Header::payload_len);
        } else {
            self.left = self.left.saturating_sub(part.len());
        }
        rest
    }

    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the first bytes of the frame, at most eight.
    pub(super) const fn excerpt(&self) -> Excerpt {
        self.excerpt
    }

    /// Returns the header, once it is complete.
    pub(super) fn header(&self) -> Option<Header> {
        (self.header_len == Header::LEN).then(|| Header::parse(self.header))
    }

    pub(super) const fn has_started(&self) -> bool {
        self.header_len > 0
    }

    pub(super) fn is_in_header(&self) -> bool {
        self.has_started() && self.header().is_none()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.header().is_some() && self.left == 0
    }

    /// Returns whether the frame started as a hangup. Only the first byte of a hangup matters.
    pub(super) fn is_hangup(&self) -> bool {
        self.has_started() && self.header.first() == Some(&Kind::HANGUP.byte())
    }
}
