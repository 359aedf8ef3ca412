//! Audio that comes back, frame by frame.

use super::stamp::{MARK, SOUND_LEN, Stamp};

/// Reassembly of the sent frames from the echo. The server may cut the audio anywhere. Silence between the frames is skipped,
/// because servers send it to keep a call alive.
#[derive(Debug, Default)]
pub struct Echo {
    /// Starts where a frame starts or should start. It holds an incomplete frame, or an altered one that may turn out to lack
    /// bytes.
    pending: Vec<u8>,
}

/// Number of bytes needed to find the end of an altered frame: the frame, and the rest of a mark that starts at its last byte.
const DECIDABLE_LEN: usize = SOUND_LEN + MARK.len() - 1;

impl Echo {
    /// Adds the sound of one received frame. Calls `tell` for each complete frame, with its stamp or, if it is altered, with
    /// `None`.
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

    /// Returns whether an altered frame, or part of one, is left at the end. `hear` has not reported that frame.
    pub fn ends_in_altered(&self) -> bool {
        !self.pending.is_empty()
    }
}

fn without_silence(sound: &[u8]) -> &[u8] {
    let begin = sound.iter().position(|byte| *byte != 0);
    &sound[begin.unwrap_or(sound.len())..]
}

/// Returns the length of an altered frame. If bytes are missing, the frame ends at the mark of the next one.
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

    /// Returns the numbers of the frames found when the sound arrives in pieces of `piece_len` bytes.
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
