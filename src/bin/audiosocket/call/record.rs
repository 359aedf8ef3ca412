//! Recording of a call.

use std::path::Path;
use std::time::Instant;

use audiosocket::call::Direction;
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wav::Recording;

use super::wish::Options;
use crate::failure::Failure;
use crate::json::Object;
use crate::output::{self, Output};
use crate::recordings::{Recordings, SoundRecorder};
use crate::text::quoted;

/// Records the call on a separate thread. Errors of the recording are printed immediately.
pub fn record(
    options: &Options,
    asterisk: &SimulatedAsterisk,
    path: &Path,
) -> Result<(Recordings, SoundRecorder), Failure> {
    let json = options.json;
    let recordings = Recordings::start(move |text| {
        let warning = Object::event("warning").text("text", text).finish();
        // If the output is closed, the exit code still reports the error.
        let _ = match json {
            true => Output::new().line(&warning).is_ok(),
            false => output::print_error(text).is_ok(),
        };
    })?;
    let recording = Recording::create_new(path, options.rate, Instant::now())
        .map_err(|error| Failure::Failed(format!("cannot record in {}: {error}", quoted(path))))?;
    let recorder = recordings.sound_in(recording, path.to_path_buf());
    let mut hook = recorder.hook();
    asterisk.set_audio_hook(move |direction, audio, at| {
        // This program is the caller, and the caller's audio goes to the left channel.
        let side = match direction {
            Direction::Received => Direction::Sent,
            _ => Direction::Received,
        };
        hook(side, audio, at);
    });
    Ok((recordings, recorder))
}
