//! Recording of a call.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use audiosocket::call::{CallRecording, Direction};
use audiosocket::simulator::SimulatedAsterisk;

use super::wish::Options;
use crate::failure::Failure;
use crate::json::Object;
use crate::output::{self, Output};
use crate::recordings::Recordings;

/// Records the call on a separate thread. Errors of the recording are printed immediately.
pub fn record(
    options: &Options,
    asterisk: &SimulatedAsterisk,
    path: &Path,
) -> Result<(Recordings, Arc<CallRecording>), Failure> {
    let json = options.json;
    let recordings = Recordings::start(move |text| {
        let warning = Object::event("warning").text("text", text).finish();
        // If the output is closed, the exit code still reports the error.
        let _ = match json {
            true => Output::new().line(&warning).is_ok(),
            false => output::print_error(text).is_ok(),
        };
    })?;
    let recording = recordings.sound().record(path, Instant::now());
    let recording = recording.map_err(|error| Failure::Failed(error.to_string()))?;
    let recording = Arc::new(recording);
    let hooked = Arc::clone(&recording);
    asterisk.set_audio_hook(move |direction, audio, at| {
        // This program is the caller, and the caller's audio goes to the left channel.
        let side = match direction {
            Direction::Received => Direction::Sent,
            _ => Direction::Received,
        };
        hooked.add(side, audio, at);
    });
    Ok((recordings, recording))
}
