//! The bytes of queued audio.

use std::vec::Vec;

/// Samples as bytes, in playback order. The last sample may lack its second byte until that is queued.
#[derive(Debug, Default)]
pub(super) struct SampleQueue {
    /// The bytes from `next` on are queued.
    bytes: Vec<u8>,
    next: usize,
}

/// A buffer larger than this is freed when all audio in it has been played.
const KEPT_CAPACITY: usize = 64 * 1024;

impl SampleQueue {
    /// Returns the number of queued bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.next)
    }

    /// Returns the number of queued bytes, without a half sample at the end.
    pub(super) fn whole_len(&self) -> usize {
        self.len() & !1
    }

    /// Adds `count` bytes.
    pub(super) fn add(&mut self, count: usize, bytes: impl IntoIterator<Item = u8>) {
        self.make_way(count);
        self.bytes.extend(bytes);
    }

    /// Moves `count` bytes into a frame.
    pub(super) fn cut(&mut self, count: usize, frame: &mut Vec<u8>) {
        let end = self.next.saturating_add(count);
        frame.clear();
        frame.extend_from_slice(self.bytes.get(self.next..end).unwrap_or_default());
        self.next = end;
    }

    /// Removes and returns all queued bytes.
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        let mut bytes = core::mem::take(&mut self.bytes);
        bytes.drain(..self.next.min(bytes.len()));
        self.next = 0;
        bytes
    }

    /// Drops a half sample that will not be completed.
    pub(super) fn drop_half_sample(&mut self) {
        let whole = self.whole_len();
        self.bytes.truncate(self.next.saturating_add(whole));
    }

    /// Frees a large buffer if all audio in it has been played.
    pub(super) fn give_back(&mut self) {
        if self.whole_len() == 0 && self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = self.bytes.get(self.next..).unwrap_or_default().to_vec();
            self.next = 0;
        }
    }

    /// Makes room in a full buffer by moving the queued bytes to the front, if half of it has been played.
    ///
    /// Without this, the buffer would grow forever. Without the condition, a queue that is kept full would move for each piece.
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
    fn memory_is_released_and_half_sample_kept() {
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
