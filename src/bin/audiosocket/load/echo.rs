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

/// Piece of the audio that comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Piece {
    /// A frame as it was sent.
    Unaltered(Stamp),
    /// A frame that still has the mark or the number of the run.
    Altered,
    /// Audio that has neither, so that it is the server's own.
    Foreign,
}

/// Number of bytes needed to find the end of an altered frame: the frame, and the rest of a mark that starts at its last byte.
const DECIDABLE_LEN: usize = SOUND_LEN + MARK.len() - 1;

impl Echo {
    /// Adds the sound of one received frame of the run with this number. Calls `on_piece` for each complete piece.
    pub fn add(&mut self, run: u32, sound: &[u8], mut on_piece: impl FnMut(Piece)) {
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
            on_piece(stamp.map_or_else(|| other_piece(run, &rest[..len]), Piece::Unaltered));
            rest = &rest[len..];
        }
        let begin = self.pending.len() - rest.len();
        self.pending.drain(..begin);
    }

    /// Returns the last piece, if `add` has not reported all.
    pub fn last(&self, run: u32) -> Option<Piece> {
        (!self.pending.is_empty()).then(|| other_piece(run, &self.pending))
    }
}

/// Returns what a piece is that is not as it was sent.
fn other_piece(run: u32, sound: &[u8]) -> Piece {
    let run = run.to_be_bytes();
    let is_ours = sound
        .windows(MARK.len())
        .any(|bytes| bytes == MARK || bytes == run);
    match is_ours {
        true => Piece::Altered,
        false => Piece::Foreign,
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

    const RUN: u32 = 0x0102_0304;

    fn sound(frame: u32) -> Vec<u8> {
        Stamp {
            run: RUN,
            call: 2,
            frame,
            sent_at: 3,
        }
        .sound()
        .to_vec()
    }

    /// Returns the numbers of the frames found when the sound arrives in pieces of `piece_len` bytes, `None` for an altered one, and
    /// the piece at the end.
    fn received(sound: &[u8], piece_len: usize) -> (Vec<Option<u32>>, Option<Piece>) {
        let mut echo = Echo::default();
        let mut frames = Vec::new();
        for piece in sound.chunks(piece_len) {
            echo.add(RUN, piece, |piece| match piece {
                Piece::Unaltered(stamp) => frames.push(Some(stamp.frame)),
                Piece::Altered => frames.push(None),
                Piece::Foreign => {}
            });
        }
        (frames, echo.last(RUN))
    }

    #[test]
    fn echo_cut_anywhere_has_the_same_frames() {
        let stream = [vec![0; 320], sound(0), sound(1), vec![0; 2], sound(2)].concat();
        for piece_len in 1..=stream.len() {
            let all = vec![Some(0), Some(1), Some(2)];
            assert_eq!(received(&stream, piece_len), (all, None), "{piece_len}");
        }
    }

    #[test]
    fn altered_byte_alters_one_frame() {
        for place in 0..SOUND_LEN {
            for change in [0x01, 0x80, 0xff, sound(1)[place]] {
                let mut altered = sound(1);
                altered[place] ^= change;
                let stream = [sound(0), altered, sound(2)].concat();
                let is_same = change == 0;
                let middle = is_same.then_some(1);
                let all = vec![Some(0), middle, Some(2)];
                assert_eq!(received(&stream, 320), (all, None), "byte {place}");
            }
        }
    }

    #[test]
    fn missing_bytes_alter_only_their_frames() {
        let stream = [sound(0), sound(1), sound(2), sound(3)].concat();
        for (missing, all) in [
            (320..640, vec![Some(0), Some(2), Some(3)]),
            (330..340, vec![Some(0), None, Some(2), Some(3)]),
            (320..321, vec![Some(0), None, Some(2), Some(3)]),
            (639..640, vec![Some(0), None, Some(2), Some(3)]),
            // What is left of a frame without its first 60 bytes could be anything.
            (600..700, vec![Some(0), None, Some(3)]),
        ] {
            let mut cut = stream.clone();
            cut.drain(missing.clone());
            assert_eq!(received(&cut, 320).0, all, "{missing:?}");
        }
    }

    #[test]
    fn alteration_in_last_frame_is_found_at_the_end() {
        let stream = [sound(0), sound(1)].concat();
        assert_eq!(
            received(&stream[..639], 320),
            (vec![Some(0)], Some(Piece::Altered))
        );
        // One byte has no mark.
        assert_eq!(
            received(&stream[..321], 320),
            (vec![Some(0)], Some(Piece::Foreign))
        );
        let mut altered = stream.clone();
        altered[639] ^= 1;
        assert_eq!(
            received(&altered, 320),
            (vec![Some(0)], Some(Piece::Altered))
        );
        let silence_at_last = [sound(0), vec![0; 7]].concat();
        assert_eq!(received(&silence_at_last, 320), (vec![Some(0)], None));
    }

    #[test]
    fn audio_of_the_server_is_foreign() {
        let mut echo = Echo::default();
        let mut pieces = Vec::new();
        let speech: Vec<u8> = (0..32_000_u32)
            .map(|place| (place * 7 % 250 + 1) as u8)
            .collect();
        for frame in speech.chunks(320) {
            echo.add(RUN, frame, |piece| pieces.push(piece));
        }
        pieces.extend(echo.last(RUN));
        assert_eq!(pieces, [Piece::Foreign; 100]);
    }
}
