//! The frames of a tap recording: the bytes of both directions of a call, with their times.

use std::io::Read;
use std::time::Duration;

use crate::failure::Failure;
use crate::tap_recording::{Sender, TapRecording};

use super::finding::Show;
use super::side::Side;
use super::summary::{CallSummary, Summary};
use super::{Input, unfinished};

/// Shows what is in the recording. The failure, if there is one, is that of the recording.
pub fn read(
    source: impl Read,
    input: &Input,
    show: &mut Show<'_>,
) -> Result<(Summary, Result<(), Failure>), Failure> {
    let mut recording = TapRecording::open(source).map_err(|error| input.unreadable(error))?;
    let [mut caller, mut server] = Sender::BOTH.map(Side::new);
    let mut length = Duration::ZERO;
    let mut ended = None;
    let damage = loop {
        match recording.next_entry() {
            Ok(Some(entry)) => {
                length = length.max(entry.at);
                let side = match entry.sender {
                    Sender::Caller => &mut caller,
                    Sender::Server => &mut server,
                };
                let how = side.take(entry, show)?;
                // The entries of the two need not be in the order in which they came.
                let is_first = ended.is_none_or(|(_, _, before)| entry.at < before);
                if let (Some(how), true) = (how, is_first) {
                    ended = Some((entry.sender, how, entry.at));
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(input.unreadable(error)),
        }
    };
    let mut summary = Summary::default();
    let sides = [caller.finish(length, show)?, server.finish(length, show)?];
    for (side, bytes) in &sides {
        summary.frames += side.frames;
        summary.bytes += bytes;
        summary.truncated += side.truncated;
    }
    let sides = sides.map(|(side, _)| side);
    let result = match (
        damage,
        recording.cut(),
        sides.iter().find(|side| side.truncated > 0),
    ) {
        (Some(damage), _, _) => Err(damage),
        (None, 1.., _) => Err(Failure::Failed(format!(
            "{input} is cut inside an entry (bytes of it there: {})",
            recording.cut()
        ))),
        (None, 0, Some(side)) => {
            let whose = format!(" of the {}", side.sender);
            Err(unfinished(input, &whose, side.truncated, side.needed))
        }
        (None, 0, None) => Ok(()),
    };
    summary.call = Some(CallSummary {
        begun: recording.begun(),
        length,
        sides,
        ended,
    });
    Ok((summary, result))
}
