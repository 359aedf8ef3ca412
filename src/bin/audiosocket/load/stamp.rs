//! Stamp that makes each frame of a load unique.

/// Number of sound bytes in a frame: 20 ms at 8 kHz.
pub const SOUND_LEN: usize = 320;

/// First bytes of each frame's sound. They start with a nonzero byte, which distinguishes the frame from silence.
pub const MARK: [u8; 4] = *b"load";

/// Identity of a frame. Its whole sound is computed from this, so sent frames need not be stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// Random number that distinguishes this run's frames from those of another program.
    pub run: u32,
    pub call: u32,
    pub frame: u32,
    /// Time of sending in nanoseconds since the start of the run.
    pub sent_at: u64,
}

const STAMP_LEN: usize = MARK.len() + 20;

impl Stamp {
    pub fn sound(self) -> [u8; SOUND_LEN] {
        let mut sound = [0; SOUND_LEN];
        let (stamp, filling) = sound.split_at_mut(STAMP_LEN);
        for (place, bytes) in [
            (0, &MARK[..]),
            (4, &self.run.to_be_bytes()),
            (8, &self.call.to_be_bytes()),
            (12, &self.frame.to_be_bytes()),
            (16, &self.sent_at.to_be_bytes()),
        ] {
            stamp[place..place + bytes.len()].copy_from_slice(bytes);
        }
        let mut random = Random(0);
        for word in [
            u64::from(self.run) << 32 | u64::from(self.call),
            u64::from(self.frame),
            self.sent_at,
        ] {
            random = Random(random.next() ^ word);
        }
        for piece in filling.chunks_exact_mut(8) {
            piece.copy_from_slice(&random.next().to_be_bytes());
        }
        sound
    }

    /// Returns the stamp of a frame's sound. Returns `None` if any bit differs from the sound of that stamp.
    pub fn of(sound: &[u8; SOUND_LEN]) -> Option<Stamp> {
        let number = |place: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&sound[place..place + 4]);
            u32::from_be_bytes(bytes)
        };
        let stamp = Stamp {
            run: number(4),
            call: number(8),
            frame: number(12),
            sent_at: u64::from(number(16)) << 32 | u64::from(number(20)),
        };
        (stamp.sound() == *sound).then_some(stamp)
    }
}

/// Random number generator SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp {
        run: 0x0102_0304,
        call: 499,
        frame: 70_000,
        sent_at: 0x0a0b_0c0d_0e0f_1011,
    };

    #[test]
    fn sound_identifies_its_frame() {
        for stamp in [
            STAMP,
            Stamp { call: 0, ..STAMP },
            Stamp { frame: 0, ..STAMP },
            Stamp {
                run: 0,
                call: u32::MAX,
                frame: u32::MAX,
                sent_at: u64::MAX,
            },
        ] {
            assert_eq!(Stamp::of(&stamp.sound()), Some(stamp));
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sound = STAMP.sound();
        for place in 0..SOUND_LEN {
            for change in [0x01, 0x80, 0xff] {
                let mut altered = sound;
                altered[place] ^= change;
                assert_eq!(Stamp::of(&altered), None, "byte {place}");
            }
        }
    }

    #[test]
    fn two_frames_share_no_filling() {
        for other in [
            Stamp { run: 9, ..STAMP },
            Stamp { call: 9, ..STAMP },
            Stamp { frame: 9, ..STAMP },
            Stamp {
                sent_at: 9,
                ..STAMP
            },
        ] {
            let (one, two) = (STAMP.sound(), other.sound());
            let equal = (STAMP_LEN..SOUND_LEN).filter(|place| one[*place] == two[*place]);
            assert!(equal.count() < 10);
        }
    }
}
