//! Audio that a call receives.

use audiosocket::call::{PlayError, Voice};
use audiosocket::wav::Wav;
use audiosocket::wire::SampleRate;

/// Audio that the caller receives.
#[derive(Debug)]
pub enum Answer {
    Echo,
    Silence,
    /// Plays the file once, and then hangs up.
    Speech(Wav),
}

/// Playback of an answer on one call, queued a few seconds at a time. Queued audio is copied for each call, and a thousand calls
/// may play the same long file.
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

    /// Queues two pieces, each with a mark at its end.
    pub fn begin(&mut self, voice: &Voice) -> Result<(), PlayError> {
        self.go_on(voice)?;
        self.go_on(voice)
    }

    /// Queues the next piece. Call this when one piece has been played and another is playing.
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
