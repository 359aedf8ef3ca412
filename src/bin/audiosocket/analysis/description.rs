//! Findings as text and as JSON objects.

use audiosocket::wire::{Frame, Kind, Message};

use crate::capture::Lost;
use crate::json::Object;
use crate::text::{counted, hexadecimal};

use super::finding::{Ending, Finding, Passage, What};
use super::summary::milliseconds;
use super::wav_headers::WAV_HEADER;

/// Returns the name and description of a finding, if there is a description. An audio frame has an empty one.
pub fn words(what: &What<'_>) -> Option<(&'static str, String)> {
    Some(match *what {
        What::Frame(frame) => (name(frame), frame_text(frame)),
        What::Tone(tone) => {
            let seconds = tone.at_ms / 1000.0;
            let (digit, duration_ms) = (tone.digit, tone.duration_ms);
            let text = format!("digit {digit} at {seconds:.2} s for {duration_ms} ms");
            ("tone", text)
        }
        What::WavHeader => ("header", String::from(WAV_HEADER)),
        What::Spacing(_) => return None,
        What::Gap(gap) => {
            let why = if gap.had_digit { ", at a digit" } else { "" };
            let lasted = milliseconds(gap.lasted);
            ("gap", format!("{lasted:.0} ms without audio{why}"))
        }
        What::Burst(burst) => {
            let text = format!(
                "{} in {:.0} ms, {:.0} ms of audio",
                counted(burst.frames, "frame"),
                milliseconds(burst.within),
                milliseconds(burst.audio)
            );
            ("burst", text)
        }
        What::Split(split) => {
            let text = format!(
                "{} of {} bytes, the rest {:.0} ms later",
                split.after,
                split.frame_len,
                milliseconds(split.lasted)
            );
            ("split", text)
        }
        What::Ending(Ending::StoppedReading) => ("ended", String::from("stopped reading")),
        What::Ending(ending) => (ending.name(), String::new()),
        What::Lost(lost) => ("missing", lost_text(lost)),
        What::Violation(fault) => ("violation", fault.sentence()),
    })
}

fn lost_text(lost: Lost) -> String {
    let missing = match lost.missing {
        Some(missing) => counted(missing, "byte"),
        None => String::from("the start of the call"),
    };
    match lost.skipped {
        0 => missing,
        skipped => format!("{missing}; skipped {skipped} more, up to the next frame"),
    }
}

fn frame_text(frame: Frame<'_>) -> String {
    match frame.message() {
        Ok(Message::Uuid(uuid)) => uuid.to_string(),
        Ok(message @ Message::Dtmf(_)) => message.to_string(),
        Ok(Message::Error(code)) => code.to_string(),
        Ok(Message::Unknown(frame)) => {
            format!(
                "kind {:#04x}, payload length {}",
                frame.kind().byte(),
                frame.payload().len()
            )
        }
        Ok(_) => String::new(),
        Err(error) => format!("MALFORMED: {error}"),
    }
}

/// Returns a finding as a JSON object, if the JSON output includes it.
pub fn object(finding: &Finding<'_>) -> Option<Object> {
    let (object, at) = match finding.what {
        What::Frame(frame) => (frame_object(finding.offset, frame), None),
        What::Tone(tone) => {
            let object = Object::event("tone")
                .text("digit", &tone.digit.to_string())
                .number("at_ms", tone.at_ms.round() as usize)
                .number("duration_ms", tone.duration_ms as usize);
            let object = match finding.passage {
                Some(passage) => object.text("direction", passage.sender.direction()),
                None => object,
            };
            return Some(object);
        }
        What::WavHeader => {
            let object = Object::event("wav-header").number("offset", finding.offset);
            (object, None)
        }
        What::Spacing(_) => return None,
        What::Gap(gap) => (
            Object::event("gap")
                .thousandths("duration_ms", milliseconds(gap.lasted))
                .flag("dtmf", gap.had_digit),
            Some(gap.since),
        ),
        What::Burst(burst) => (
            Object::event("burst")
                .number("frames", burst.frames)
                .thousandths("audio_ms", milliseconds(burst.audio))
                .thousandths("duration_ms", milliseconds(burst.within)),
            Some(burst.since),
        ),
        What::Split(split) => (
            Object::event("split")
                .number("offset", finding.offset)
                .number("after", split.after)
                .number("of", split.frame_len)
                .thousandths("duration_ms", milliseconds(split.lasted)),
            Some(split.since),
        ),
        What::Ending(ending) => (Object::event(ending.name()), None),
        What::Lost(lost) => {
            let object = Object::event("missing").number("offset", finding.offset);
            let object = match lost.missing {
                Some(missing) => object.number("bytes", missing),
                None => object,
            };
            (object.number("skipped", lost.skipped), None)
        }
        What::Violation(fault) => return Some(fault.fields(Object::event("violation"))),
    };
    Some(match finding.passage {
        Some(Passage { sender, at: known }) => object
            .text("direction", sender.direction())
            .thousandths("at_ms", milliseconds(at.unwrap_or(known))),
        None => object,
    })
}

fn frame_object(offset: usize, frame: Frame<'_>) -> Object {
    let object = Object::event("frame")
        .number("offset", offset)
        .number("kind", usize::from(frame.kind().byte()))
        .text("name", name(frame))
        .number("len", frame.payload().len());
    match frame.message() {
        Ok(Message::Uuid(uuid)) => object.text("uuid", &uuid.to_string()),
        Ok(Message::Dtmf(dtmf)) => object.dtmf(dtmf),
        Ok(Message::Audio(audio)) => object
            .number("rate", audio.rate().hz() as usize)
            .number("samples", audio.samples().len()),
        Ok(Message::Error(code)) => match code.flags() {
            Some(flags) => object.number("code", usize::from(flags.bits())),
            None => object.text("payload", &hexadecimal(code.payload(), "")),
        },
        Ok(_) => object,
        Err(error) => object.text("malformed", &error.to_string()),
    }
}

/// Returns the name of a frame in the tool's output. The names are part of its contract.
pub fn name(frame: Frame<'_>) -> &'static str {
    match frame.kind() {
        Kind::DTMF_START_STOP if frame.payload().is_empty() => "silence",
        Kind::UUID => "uuid",
        Kind::DTMF_START_STOP | Kind::DTMF_DIGIT => "dtmf",
        kind => kind.name().unwrap_or("unknown"),
    }
}
