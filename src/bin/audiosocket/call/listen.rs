//! Receiving side of a call.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use audiosocket::call::{CallReceiver, Event};
use audiosocket::simulator::SimulatedConnection;
use audiosocket::wire::Message;

use super::violations::Violations;
use super::wish::Options;
use crate::analysis::wav_headers::{WAV_HEADER, WavHeaders};
use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::received_audio::ReceivedAudio;
use crate::text::wrapped;

/// Reports digits until the call is over, or until shortly after the caller has finished.
pub fn listen(
    listener: &mut CallReceiver<SimulatedConnection>,
    is_caller_done: impl Fn() -> bool,
    violations: &mut Violations,
    received_audio: &mut ReceivedAudio,
    options: &Options,
    output: &Output,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut ends: Option<Instant> = None;
    let mut seconds_shown = 0;
    let mut wav_headers = WavHeaders::default();
    let shows_seconds = !options.json && io::stdout().is_terminal();
    loop {
        violations.print(&listener.violations(), output)?;
        let now = Instant::now();
        let seconds = now.saturating_duration_since(started).as_secs();
        if shows_seconds && seconds > seconds_shown {
            seconds_shown = seconds;
            let stats = listener.stats();
            let (sent, received) = (stats.frames_sent, stats.frames_received);
            output.line(&format!("{seconds:>3} s: {sent} sent, {received} received"))?;
        }
        if ends.is_none() && is_caller_done() {
            ends = now.checked_add(LAST_WORDS);
        }
        if ends.is_some_and(|ends| now >= ends) {
            return Ok(());
        }
        let wait = now
            .checked_add(Duration::from_millis(100))
            .into_iter()
            .chain(ends)
            .min();
        let event = match wait {
            Some(time) => listener.receive_until(time),
            None => listener.receive(),
        };
        match event {
            None => return Ok(()),
            Some(Event::Message(Message::Audio(audio))) => {
                received_audio.add(audio);
                if wav_headers.add(audio) {
                    warn(WAV_HEADER, options, output)?;
                }
            }
            Some(Event::TimeUp) => {}
            Some(Event::Message(Message::Dtmf(dtmf))) if options.json => {
                output.line(&Object::event("dtmf").dtmf(dtmf).finish())?;
            }
            Some(other) => warn(&other.to_string(), options, output)?,
        }
    }
}

/// Reports what the server sends.
fn warn(text: &str, options: &Options, output: &Output) -> Result<(), Failure> {
    output.line(&match options.json {
        true => Object::event("warning").text("text", text).finish(),
        false => wrapped("the server sent ", "  ", text),
    })
}

/// How long to receive after the last frame is sent, so that frames in transit arrive.
const LAST_WORDS: Duration = Duration::from_millis(250);
