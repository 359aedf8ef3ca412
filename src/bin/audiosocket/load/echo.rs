//! The sound that comes back, frame by frame.

use super::stamp::{MARK, SOUND_LEN, Stamp};

/// Puts what was sent together again from what comes back, wherever the server has cut it, and leaves out the silence between,
/// which servers send to keep a call alive.
#[derive(Debug, Default)]
pub struct Echo {
    /// Begins where a frame does, or should: one that is not whole, or is altered and may yet turn out to be one that lacks
    /// bytes.
    pending: Vec<u8>,
}

/// An altered frame with the mark of the next, if that begins right behind it or before.
const DECIDABLE_LEN: usize = SOUND_LEN + MARK.len() - 1;

impl Echo {
    /// Takes in the sound of one frame that came, and tells of each of ours that is whole now: `None` is one that was altered.
    pub fn hear(&mut self, sound: &[u8], mut tell: impl FnMut(Option<Stamp>)) {
        self.pending.extend_from_slice(sound);
        let mut rest = &self.pending[..];
        loop {
            rest = without_silence(rest);
            let Some(frame) = rest.first_chunk() else {
                break;
            };
            let stamp = Stamp::of(frame);
            let len = match stamp {
                Some(_) => SOUND_LEN,
                None if rest.len() < DECIDABLE_LEN => break,
                None => len_of_altered(&rest[..DECIDABLE_LEN]),
            };
            tell(stamp);
            rest = &rest[len..];
        }
        let begin = self.pending.len() - rest.len();
        self.pending.drain(..begin);
    }

    /// Whether there is an altered frame, or part of one, at the end of all that came, which nobody has been told of.
    pub fn ends_in_altered(&self) -> bool {
        !self.pending.is_empty()
    }
}

fn without_silence(sound: &[u8]) -> &[u8] {
    let begin = sound.iter().position(|byte| *byte != 0);
    &sound[begin.unwrap_or(sound.len())..]
}

/// As far as the mark of the next frame, if part of this one is missing.
fn len_of_altered(sound: &[u8]) -> usize {
    let next = sound[1..]
        .windows(MARK.len())
        .position(|bytes| bytes == MARK);
    next.map_or(SOUND_LEN, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(frame: u32) -> Vec<u8> {
        Stamp {
            run: 1,
            call: 2,
            frame,
            sent_at: 3,
        }
        .sound()
        .to_vec()
    }

    /// The numbers of the frames that are heard if the sound comes in pieces of so many bytes.
    fn heard(sound: &[u8], piece_len: usize) -> (Vec<Option<u32>>, bool) {
        let mut echo = Echo::default();
        let mut frames = Vec::new();
        for piece in sound.chunks(piece_len) {
            echo.hear(piece, |stamp| frames.push(stamp.map(|stamp| stamp.frame)));
        }
        (frames, echo.ends_in_altered())
    }

    #[test]
    fn wherever_it_is_cut_the_frames_are_the_same() {
        let stream = [vec![0; 320], sound(0), sound(1), vec![0; 2], sound(2)].concat();
        for piece_len in 1..=stream.len() {
            let all = vec![Some(0), Some(1), Some(2)];
            assert_eq!(heard(&stream, piece_len), (all, false), "{piece_len}");
        }
    }

    #[test]
    fn one_altered_byte_alters_one_frame() {
        for place in 0..SOUND_LEN {
            for change in [0x01, 0x80, 0xff, sound(1)[place]] {
                let mut altered = sound(1);
                altered[place] ^= change;
                let stream = [sound(0), altered, sound(2)].concat();
                let is_same = change == 0;
                let middle = is_same.then_some(1);
                let all = vec![Some(0), middle, Some(2)];
                assert_eq!(heard(&stream, 320), (all, false), "byte {place}");
            }
        }
    }

    #[test]
    fn missing_bytes_alter_the_frames_they_belong_to_and_no_other() {
        let stream = [sound(0), sound(1), sound(2), sound(3)].concat();
        for (missing, all) in [
            (320..640, vec![Some(0), Some(2), Some(3)]),
            (330..340, vec![Some(0), None, Some(2), Some(3)]),
            (320..321, vec![Some(0), None, Some(2), Some(3)]),
            (639..640, vec![Some(0), None, Some(2), Some(3)]),
            (600..700, vec![Some(0), None, None, Some(3)]),
        ] {
            let mut cut = stream.clone();
            cut.drain(missing.clone());
            assert_eq!(heard(&cut, 320).0, all, "{missing:?}");
        }
    }

    #[test]
    fn what_is_altered_at_the_end_is_told_by_the_end() {
        let stream = [sound(0), sound(1)].concat();
        assert_eq!(heard(&stream[..639], 320), (vec![Some(0)], true));
        assert_eq!(heard(&stream[..321], 320), (vec![Some(0)], true));
        let mut altered = stream.clone();
        altered[639] ^= 1;
        assert_eq!(heard(&altered, 320), (vec![Some(0)], true));
        let silence_at_last = [sound(0), vec![0; 7]].concat();
        assert_eq!(heard(&silence_at_last, 320), (vec![Some(0)], false));
    }
}
