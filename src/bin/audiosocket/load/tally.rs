//! Counts of sent and returned frames.

use std::ops::AddAssign;

use super::echo::Piece;
use super::stamp::Stamp;

/// Frames sent and received, for one call or for all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    pub sent: usize,
    /// Unaltered frames that came back, each counted once.
    pub right: usize,
    /// Frames that came back altered.
    pub corrupt: usize,
    pub doubled: usize,
    /// Right frames that came back out of order.
    pub out_of_order: usize,
    /// Frames sent by another call or another program.
    pub crossed: usize,
    /// Stretches of 20 ms of audio that no call sent.
    pub foreign: usize,
    /// Frames that are neither audio of the load's rate nor silence.
    pub unexpected: usize,
}

impl Tally {
    /// Returns how many frames of audio came back in any state.
    pub fn received(&self) -> usize {
        self.right + self.corrupt + self.doubled + self.crossed + self.foreign
    }

    /// Returns whether frames were sent, and none of any call came back.
    pub fn is_without_echo(&self) -> bool {
        self.sent > 0 && self.received() == self.foreign
    }

    /// Returns how many frames came back neither right nor altered.
    pub fn lost(&self) -> usize {
        self.sent.saturating_sub(self.right + self.corrupt)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.sent += other.sent;
        self.right += other.right;
        self.corrupt += other.corrupt;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
        self.crossed += other.crossed;
        self.foreign += other.foreign;
        self.unexpected += other.unexpected;
    }
}

/// Check that the frames of one call come back once each, and in order.
#[derive(Debug)]
pub struct Check {
    run: u32,
    call: u32,
    frames: u32,
    /// One more than the highest frame number received.
    next: u32,
    /// One bit for each frame. A call of one day takes half a megabyte.
    seen: Vec<u64>,
    pub tally: Tally,
}

impl Check {
    /// Creates the check for a call of `frames` frames.
    pub fn new(run: u32, call: u32, frames: u32) -> Check {
        Check {
            run,
            call,
            frames,
            next: 0,
            seen: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Counts a returned frame. Returns the stamp of a right one: unaltered, from this call, and the first of its number.
    pub fn count(&mut self, piece: Piece) -> Option<Stamp> {
        match piece {
            Piece::Unaltered(stamp) => self.count_unaltered(stamp).then_some(stamp),
            Piece::Altered => {
                self.tally.corrupt += 1;
                None
            }
            Piece::Foreign => {
                self.tally.foreign += 1;
                None
            }
        }
    }

    /// Counts frames as corrupt only if they can be among those that were sent. The rest is foreign.
    pub fn finish(&mut self, sent: usize) {
        let corrupt = self
            .tally
            .corrupt
            .min(sent.saturating_sub(self.tally.right));
        self.tally.foreign += self.tally.corrupt - corrupt;
        self.tally.corrupt = corrupt;
    }

    fn count_unaltered(&mut self, stamp: Stamp) -> bool {
        if (stamp.run, stamp.call) != (self.run, self.call) {
            self.tally.crossed += 1;
            return false;
        }
        // Other programs do not produce such sound by chance. But the number comes from outside, and the size of `seen` depends
        // on it.
        if stamp.frame >= self.frames {
            self.tally.corrupt += 1;
            return false;
        }
        if !self.see(stamp.frame) {
            self.tally.doubled += 1;
            return false;
        }
        self.tally.right += 1;
        if stamp.frame < self.next {
            self.tally.out_of_order += 1;
        }
        self.next = self.next.max(stamp.frame + 1);
        true
    }

    /// Marks a frame as seen. Returns whether it was new.
    fn see(&mut self, frame: u32) -> bool {
        let (word, bit) = ((frame / 64) as usize, 1 << (frame % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        let is_new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: u32 = 5;
    const CALL: u32 = 7;

    fn stamp(frame: u32) -> Stamp {
        Stamp {
            run: RUN,
            call: CALL,
            frame,
            sent_at: 0,
        }
    }

    /// Returns the tally of a call of 200 frames.
    fn tally(received: impl IntoIterator<Item = Option<Stamp>>) -> Tally {
        let mut check = Check::new(RUN, CALL, 200);
        check.tally.sent = 200;
        for stamp in received {
            check.count(stamp.map_or(Piece::Altered, Piece::Unaltered));
        }
        check.finish(200);
        check.tally
    }

    #[test]
    fn echo_in_order_is_complete() {
        let tally = tally((0..200).map(|frame| Some(stamp(frame))));
        let expected = Tally {
            sent: 200,
            right: 200,
            ..Tally::default()
        };
        assert_eq!(tally, expected);
        assert_eq!((tally.lost(), tally.received()), (0, 200));
    }

    #[test]
    fn foreign_audio_is_no_altered_frame() {
        let mut check = Check::new(RUN, CALL, 200);
        check.tally.sent = 200;
        for _ in 0..1000 {
            assert_eq!(check.count(Piece::Foreign), None);
        }
        check.finish(200);
        let tally = check.tally;
        assert_eq!((tally.lost(), tally.corrupt, tally.foreign), (200, 0, 1000));
        assert!(tally.is_without_echo());
        check.count(Piece::Altered);
        check.finish(200);
        assert_eq!((check.tally.lost(), check.tally.corrupt), (199, 1));
        assert!(!check.tally.is_without_echo());
    }

    #[test]
    fn each_fault_is_counted_as_its_kind() {
        let all = |frame: u32| Some(stamp(frame));
        let other_call = Some(Stamp {
            call: 8,
            ..stamp(3)
        });
        let other_run = Some(Stamp { run: 6, ..stamp(3) });
        let right = |right| Tally {
            sent: 200,
            right,
            ..Tally::default()
        };
        let swapped = |frame| match frame {
            70 => 71,
            71 => 70,
            same => same,
        };
        for (received, expected, lost) in [
            (vec![], right(0), 200),
            ((0..199).map(all).collect(), right(199), 1),
            (
                (0..199).map(all).chain([None]).collect(),
                Tally {
                    corrupt: 1,
                    ..right(199)
                },
                0,
            ),
            (
                (0..200).map(all).chain([all(100), all(199)]).collect(),
                Tally {
                    doubled: 2,
                    ..right(200)
                },
                0,
            ),
            (
                (0..200).map(|frame| all(swapped(frame))).collect(),
                Tally {
                    out_of_order: 1,
                    ..right(200)
                },
                0,
            ),
            (
                (0..198).map(all).chain([other_call, other_run]).collect(),
                Tally {
                    crossed: 2,
                    ..right(198)
                },
                2,
            ),
            // Nothing was lost, so these cannot be altered frames of the call.
            (
                (0..200).map(all).chain([all(200), all(u32::MAX)]).collect(),
                Tally {
                    foreign: 2,
                    ..right(200)
                },
                0,
            ),
        ] {
            let tally = tally(received);
            assert_eq!((tally, tally.lost()), (expected, lost));
        }
    }
}
