//! Bytes in pieces, as a network delivers them.

use audiosocket::wire::{Decoded, FrameBuffer};

/// Lengths that match no frame boundary, from one byte to more than a buffer holds.
const LENGTHS: [usize; 8] = [1, 2, 3, 7, 61, 319, 1000, 324];

/// Feeds a buffer with pieces of `bytes`, and passes on each result.
pub fn feed<const N: usize>(
    buffer: &mut FrameBuffer<[u8; N]>,
    mut bytes: impl Iterator<Item = u8>,
    mut hear: impl FnMut(Decoded<'_>),
) {
    for length in LENGTHS.into_iter().cycle() {
        let mut count = 0;
        for (place, byte) in buffer.spare().iter_mut().take(length).zip(&mut bytes) {
            *place = byte;
            count += 1;
        }
        if count == 0 {
            return;
        }
        buffer.commit(count);
        loop {
            match buffer.next_frame() {
                Decoded::Incomplete { .. } => break,
                word => hear(word),
            }
        }
    }
}
