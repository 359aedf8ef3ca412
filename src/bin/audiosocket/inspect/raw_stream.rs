//! Frames of a raw stream, which contains the bytes of one direction as they arrived.

use std::io::Read;
use std::time::Duration;

use audiosocket::stream::{FrameReader, ReadError};
use audiosocket::wire::Message;

use crate::analysis::tones::Tones;
use crate::analysis::wav_headers::WavHeaders;
use crate::failure::Failure;

use super::{Input, unfinished};
use crate::analysis::finding::{Finding, Show, What};
use crate::analysis::summary::Summary;

/// Shows the findings in the stream. The inner result is an error if the stream is damaged.
pub fn read(
    source: impl Read,
    input: &Input,
    show: &mut Show<'_>,
) -> Result<(Summary, Result<(), Failure>), Failure> {
    let mut reader = FrameReader::new(source);
    let mut summary = Summary::default();
    let mut tones = Tones::default();
    let mut wav_headers = WavHeaders::default();
    // The duration of the audio is the only clock of a raw stream.
    let mut audio_ms = 0.0;
    let needed = loop {
        let time = Duration::from_secs_f64(audio_ms / 1000.0);
        let found = |what| Finding {
            passage: None,
            offset: summary.bytes,
            time,
            what,
        };
        match reader.read_frame() {
            Ok(Some(frame)) => {
                show(&found(What::Frame(frame)))?;
                if let Ok(Message::Audio(audio)) = frame.message() {
                    if wav_headers.add(audio) {
                        show(&found(What::WavHeader))?;
                    }
                    for tone in tones.add(audio) {
                        show(&found(What::Tone(tone)))?;
                    }
                    audio_ms +=
                        audio.samples().len() as f64 * 1000.0 / f64::from(audio.rate().hz());
                }
                summary.frames += 1;
                summary.bytes += frame.encoded_len();
            }
            Ok(None) => break 0,
            Err(ReadError::Truncated { needed, .. }) => break needed,
            Err(ReadError::Io(error)) => return Err(input.unreadable(error)),
            Err(error) => return Err(Failure::Failed(error.to_string())),
        }
    };
    for tone in tones.finish() {
        show(&Finding {
            passage: None,
            offset: summary.bytes,
            time: Duration::from_secs_f64(audio_ms / 1000.0),
            what: What::Tone(tone),
        })?;
    }
    summary.truncated = reader.buffered_len();
    summary.bytes += summary.truncated;
    let result = match summary.truncated {
        0 => Ok(()),
        there => Err(unfinished(input, "", there, needed)),
    };
    Ok((summary, result))
}
