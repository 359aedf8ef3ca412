//! Headers of WAV files in the sound of a stream.

use audiosocket::wire::Audio;

/// Search for the headers of WAV files in consecutive audio frames. A server that plays the bytes of a whole file sends one, as a
/// click. A server may cut its audio anywhere, so a header may start in one frame and end in the next.
#[derive(Debug, Default)]
pub struct WavHeaders {
    /// The last bytes of the sound, too few for a header.
    tail: Vec<u8>,
}

/// What to do about a header.
pub const WAV_HEADER: &str =
    "a WAV file header as audio, which is a click: send only the data chunk";

/// `RIFF`, a size, and `WAVE`.
const MARK_LEN: usize = 12;

impl WavHeaders {
    /// Returns whether this audio completes the mark of a header.
    pub fn add(&mut self, audio: Audio<'_>) -> bool {
        let sound = &mut self.tail;
        sound.extend_from_slice(audio.bytes());
        let is_mark = |bytes: &[u8]| bytes.starts_with(b"RIFF") && bytes.ends_with(b"WAVE");
        let has_header = sound.windows(MARK_LEN).any(is_mark);
        sound.drain(..sound.len().saturating_sub(MARK_LEN - 1));
        has_header
    }
}

#[cfg(test)]
mod tests {
    use audiosocket::wire::SampleRate;

    use super::*;

    #[test]
    fn header_is_found_wherever_frames_are_cut() {
        let sound = [&[7; 6][..], b"RIFF\x24\0\0\0WAVEfmt ", &[0; 20]].concat();
        for frame_len in (2..=sound.len()).step_by(2) {
            let mut headers = WavHeaders::default();
            let found = sound
                .chunks(frame_len)
                .filter(|frame| headers.add(Audio::new(SampleRate::Hz8000, frame).unwrap()));
            assert_eq!(found.count(), 1, "{frame_len}");
        }
    }

    #[test]
    fn other_sound_has_no_header() {
        let mut headers = WavHeaders::default();
        for sound in [
            &b"RIFF"[..],
            b"WAVE",
            b"RIFF\x24\0\0\0AVI LIST",
            b"RIFFWAVE",
            &[0; 320],
        ] {
            let audio = Audio::new(SampleRate::Hz8000, sound).unwrap();
            assert!(!headers.add(audio), "{sound:?}");
        }
    }
}
