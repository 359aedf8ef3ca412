//! WAV files among the inputs: the sound of a call lies beside the recording of its bytes.

use std::path::Path;

use crate::failure::Failure;
use crate::text::quoted;

use super::Input;

/// Number of bytes needed to recognise a WAV file.
pub const START_LEN: usize = 12;

/// Returns the error for an input that starts like a WAV file. A stream does not: no frame has a kind of `R`.
pub fn refusal(start: &[u8], input: &Input) -> Option<Failure> {
    let (b"RIFF" | b"RF64" | b"RIFX" | b"BW64", [_, _, _, _, b'W', b'A', b'V', b'E']) =
        start.split_at_checked(4)?
    else {
        return None;
    };
    let tap = Path::new(&input.file).with_extension("tap");
    let advice = match tap.is_file() {
        true => format!("inspect {}, the recording beside it", quoted(&tap)),
        false => String::from("inspect the .tap file that 'audiosocket tap --record DIR' writes"),
    };
    Some(Failure::Failed(format!(
        "{input} is a WAV file, which has audio but no frames: {advice}"
    )))
}
