//! The bytes of what is still to be said.

use std::vec::Vec;

/// Samples as bytes, in the order in which they are to be said. The last may lack its other half, until that comes.
#[derive(Debug, Default)]
pub(super) struct SampleQueue {
    /// From `next` on still to be said.
    bytes: Vec<u8>,
    next: usize,
}

/// A buffer larger than this is given back when all in it has been said.
const KEPT_CAPACITY: usize = 64 * 1024;

impl SampleQueue {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.next)
    }

    /// How many bytes wait, without the half of a sample.
    pub(super) fn whole_len(&self) -> usize {
        self.len() & !1
    }

    /// Adds bytes, so many.
    pub(super) fn add(&mut self, count: usize, bytes: impl IntoIterator<Item = u8>) {
        self.make_way(count);
        self.bytes.extend(bytes);
    }

    /// Takes so many bytes out, into a frame.
    pub(super) fn cut(&mut self, count: usize, frame: &mut Vec<u8>) {
        let end = self.next.saturating_add(count);
        frame.clear();
        frame.extend_from_slice(self.bytes.get(self.next..end).unwrap_or_default());
        self.next = end;
    }

    /// Takes all out.
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        let mut bytes = core::mem::take(&mut self.bytes);
        bytes.drain(..self.next.min(bytes.len()));
        self.next = 0;
        bytes
    }

    /// Forgets half of a sample whose other half will not come.
    pub(super) fn drop_half_sample(&mut self) {
        let whole = self.whole_len();
        self.bytes.truncate(self.next.saturating_add(whole));
    }

    /// Gives a large buffer back, if all in it has been said.
    pub(super) fn give_back(&mut self) {
        if self.whole_len() == 0 && self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = self.bytes.get(self.next..).unwrap_or_default().to_vec();
            self.next = 0;
        }
    }

    /// Moves what waits to the front of its buffer if that saves the buffer from growing, and if half of it has been said: a
    /// queue that is kept full would otherwise be moved for each piece.
    fn make_way(&mut self, count: usize) {
        let is_full = self.bytes.len().saturating_add(count) > self.bytes.capacity();
        if is_full && self.next.saturating_mul(2) >= self.bytes.len() {
            self.bytes.drain(..self.next.min(self.bytes.len()));
            self.next = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_long_speech_took_is_given_back_and_half_a_sample_kept() {
        let mut queue = SampleQueue::default();
        queue.add(1_000_001, std::vec![7; 1_000_001]);
        let mut frame = Vec::new();
        queue.cut(1_000_000, &mut frame);
        queue.give_back();
        assert_eq!((queue.len(), queue.whole_len()), (1, 0));
        assert!(queue.bytes.capacity() <= KEPT_CAPACITY);
        assert_eq!(queue.take_all(), [7]);
    }
}
