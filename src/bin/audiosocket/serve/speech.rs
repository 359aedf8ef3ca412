//! What a call gets to hear.

use audiosocket::call::{PlayError, Voice};
use audiosocket::wav::Wav;
use audiosocket::wire::SampleRate;

/// What the caller gets to hear.
#[derive(Debug)]
pub enum Answer {
    Echo,
    Silence,
    /// This once, and then a hangup.
    Speech(Wav),
}

/// An answer on one call, queued a few seconds at a time: what waits is copied for each call, and a thousand may hear the
/// same long file.
pub struct Speech<'a> {
    left: &'a [u8],
    piece_len: usize,
    is_endless: bool,
    hangs_up: bool,
}

const PIECE_SECONDS: usize = 5;
/// 5 s at 8 kHz.
static SILENCE: [u8; 80_000] = [0; 80_000];

impl<'a> Speech<'a> {
    pub fn new(answer: &'a Answer) -> Speech<'a> {
        let (left, rate) = match answer {
            Answer::Echo => (&[][..], SampleRate::Hz8000),
            Answer::Silence => (&SILENCE[..], SampleRate::Hz8000),
            Answer::Speech(wav) => (wav.bytes(), wav.rate()),
        };
        Speech {
            left,
            piece_len: rate.samples_in(1000) * 2 * PIECE_SECONDS,
            is_endless: matches!(answer, Answer::Silence),
            hangs_up: matches!(answer, Answer::Speech(_)),
        }
    }

    /// Says two pieces, each with a mark at its end.
    pub fn begin(&mut self, voice: &Voice) -> Result<(), PlayError> {
        self.go_on(voice)?;
        self.go_on(voice)
    }

    /// Says the next piece, for when one has been said and another is under way.
    pub fn go_on(&mut self, voice: &Voice) -> Result<(), PlayError> {
        let (piece, left) = self.left.split_at(self.piece_len.min(self.left.len()));
        if piece.is_empty() {
            if self.hangs_up {
                voice.hang_up_after_playback();
            }
            return Ok(());
        }
        if !self.is_endless {
            self.left = left;
        }
        voice.play(piece)?;
        voice.mark();
        Ok(())
    }
}
