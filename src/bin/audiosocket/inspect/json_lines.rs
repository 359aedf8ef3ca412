//! Findings for programs.

use audiosocket::wire::{Frame, Kind, Message};

use crate::json::Object;
use crate::text::hexadecimal;

use super::finding::{Finding, Passage, What};
use super::lines::Lines;
use super::summary::{Summary, milliseconds};

/// One object a line. What a raw stream has none of, times and directions, is left out.
pub struct JsonLines;

impl Lines for JsonLines {
    fn finding(&mut self, finding: &Finding<'_>) -> String {
        object(finding).map_or(String::new(), |object| object.finish() + "\n")
    }

    fn end(&mut self, summary: &Summary) -> String {
        Object::event("end")
            .number("frames", summary.frames)
            .number("bytes", summary.bytes)
            .number("truncated", summary.truncated)
            .finish()
            + "\n"
    }
}

/// A finding as an object, if it is one for programs.
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

/// What a frame is called, by the tool's contract.
pub fn name(frame: Frame<'_>) -> &'static str {
    match frame.kind() {
        Kind::DTMF_START_STOP if frame.payload().is_empty() => "silence",
        Kind::UUID => "uuid",
        Kind::DTMF_START_STOP | Kind::DTMF_DIGIT => "dtmf",
        kind => kind.name().unwrap_or("unknown"),
    }
}
