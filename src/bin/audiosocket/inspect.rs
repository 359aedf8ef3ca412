//! `audiosocket inspect`: what a stream contains.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};

use audiosocket::stream::{FrameReader, ReadError};
use audiosocket::wire::{Dtmf, Frame, Kind, Message, SampleRate};

use crate::args::{Arg, Args};
use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::{counted, quoted, wrapped};
use crate::tones::{Tone, Tones};

const HELP: &str = "\
audiosocket inspect FILE [--json]

Shows the frames of a raw AudioSocket stream: the bytes of
one direction, as they came over TCP, and the DTMF digits in
their sound. FILE may be - for standard input.

  --json  one line of JSON a frame, and one at the end

  audiosocket inspect call.bin
  nc -l 9092 | audiosocket inspect -

Exits 1 if the stream ends inside a frame.
";

pub fn run(args: &mut Args) -> Result<(), Failure> {
    let mut file = None;
    let mut json = false;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Option(option) => match option.as_str() {
                "--json" => json = true,
                "--help" | "-h" => {
                    args.end()?;
                    return Output::new().text(HELP);
                }
                _ => return Err(args.unexpected(Arg::Option(option))),
            },
            Arg::Value(value) if file.is_none() => file = Some(value),
            value => return Err(args.unexpected(value)),
        }
    }
    let file = file.ok_or_else(|| Failure::usage("which file? - is standard input"))?;
    let lines: &mut dyn Lines = if json {
        &mut JsonLines
    } else {
        &mut TextLines::default()
    };
    inspect(&file, lines)
}

fn inspect(file: &OsString, lines: &mut dyn Lines) -> Result<(), Failure> {
    let name = match file.to_str() {
        Some("-") => String::from("standard input"),
        _ => quoted(file),
    };
    let unreadable = |error: io::Error| Failure::Failed(format!("cannot read {name}: {error}"));
    let source: Box<dyn Read> = if file == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(unreadable)?)
    };
    let mut reader = FrameReader::new(source);
    let output = Output::new();
    let mut total = Total::default();
    let mut tones = Tones::default();
    let needed = loop {
        match reader.read_frame() {
            Ok(Some(frame)) => {
                if let Some(text) = lines.frame(total.bytes, frame) {
                    output.text(&text)?;
                }
                if let Ok(Message::Audio(audio)) = frame.message() {
                    for tone in tones.hear(audio) {
                        output.text(&lines.tone(total.bytes, tone))?;
                    }
                }
                total.frames += 1;
                total.bytes += frame.encoded_len();
            }
            Ok(None) => break 0,
            Err(ReadError::Truncated { needed }) => break needed,
            Err(ReadError::Io(error)) => return Err(unreadable(error)),
            Err(error) => return Err(Failure::Failed(error.to_string())),
        }
    };
    for tone in tones.finish() {
        output.text(&lines.tone(total.bytes, tone))?;
    }
    total.truncated = reader.buffered_len();
    total.bytes += total.truncated;
    output.text(&lines.end(&total))?;
    if total.truncated > 0 {
        return Err(Failure::Failed(format!(
            "{name} ends inside a frame (bytes of it there: {}, missing: {needed})",
            total.truncated
        )));
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Total {
    frames: usize,
    bytes: usize,
    /// Bytes of an unfinished frame at the end.
    truncated: usize,
}

/// A way to show frames: lines, whole ones, or none as yet.
trait Lines {
    fn frame(&mut self, offset: usize, frame: Frame<'_>) -> Option<String>;
    /// A digit in the sound, which has been found with the frame at `offset`.
    fn tone(&mut self, offset: usize, tone: Tone) -> String;
    fn end(&mut self, total: &Total) -> String;
}

struct JsonLines;

impl Lines for JsonLines {
    fn frame(&mut self, offset: usize, frame: Frame<'_>) -> Option<String> {
        let object = Object::event("frame")
            .number("offset", offset)
            .number("kind", usize::from(frame.kind().byte()))
            .text("name", name(frame))
            .number("len", frame.payload().len());
        let object = match frame.message() {
            Ok(Message::Uuid(uuid)) => object.text("uuid", &uuid.to_string()),
            Ok(Message::Dtmf(dtmf)) => dtmf_fields(object, dtmf),
            Ok(Message::Audio(audio)) => object
                .number("rate", audio.rate().hz() as usize)
                .number("samples", audio.samples().len()),
            Ok(Message::Error(code)) => match code.flags() {
                Some(flags) => object.number("code", usize::from(flags.bits())),
                None => object.text("payload", &hexadecimal(code.payload())),
            },
            Ok(_) => object,
            Err(error) => object.text("malformed", &error.to_string()),
        };
        Some(object.finish() + "\n")
    }

    fn tone(&mut self, _offset: usize, tone: Tone) -> String {
        Object::event("tone")
            .text("digit", &tone.digit.to_string())
            .number("at_ms", tone.at_ms.round() as usize)
            .number("duration_ms", tone.duration_ms as usize)
            .finish()
            + "\n"
    }

    fn end(&mut self, total: &Total) -> String {
        Object::event("end")
            .number("frames", total.frames)
            .number("bytes", total.bytes)
            .number("truncated", total.truncated)
            .finish()
            + "\n"
    }
}

/// The fields of a DTMF signal, the same wherever the tool writes one.
pub fn dtmf_fields(object: Object, dtmf: Dtmf) -> Object {
    let (signal, duration_ms) = match dtmf {
        Dtmf::Start(_) => ("start", None),
        Dtmf::Stop { duration_ms, .. } => ("stop", Some(duration_ms)),
        Dtmf::Digit(_) => ("digit", None),
    };
    let object = object
        .text("signal", signal)
        .text("digit", &dtmf.digit().to_string());
    match duration_ms {
        Some(duration_ms) => object.number("duration_ms", duration_ms as usize),
        None => object,
    }
}

fn name(frame: Frame<'_>) -> &'static str {
    match frame.kind() {
        Kind::DTMF_START_STOP if frame.payload().is_empty() => "silence",
        Kind::UUID => "uuid",
        Kind::DTMF_START_STOP | Kind::DTMF_DIGIT => "dtmf",
        kind => kind.name().unwrap_or("unknown"),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For people: audio frames that follow each other and are alike share a line.
#[derive(Default)]
struct TextLines {
    run: Option<AudioRun>,
}

struct AudioRun {
    offset: usize,
    rate: SampleRate,
    len: usize,
    frames: usize,
}

impl TextLines {
    fn line(offset: usize, name: &str, text: &str) -> String {
        let start = format!("{offset:>9}  {name:<7}  ");
        wrapped(&start, &" ".repeat(start.len()), text)
            .trim_end()
            .to_owned()
            + "\n"
    }

    fn end_run(&mut self) -> String {
        let Some(run) = self.run.take() else {
            return String::new();
        };
        let seconds = (run.frames * run.len / 2) as f64 / f64::from(run.rate.hz());
        let text = format!(
            "{} x {} bytes, {}, {seconds:.2} s",
            run.frames, run.len, run.rate
        );
        TextLines::line(run.offset, "audio", &text)
    }
}

impl Lines for TextLines {
    fn frame(&mut self, offset: usize, frame: Frame<'_>) -> Option<String> {
        let message = frame.message();
        if let Ok(Message::Audio(audio)) = message {
            let len = frame.payload().len();
            match &mut self.run {
                Some(run) if run.rate == audio.rate() && run.len == len => {
                    run.frames += 1;
                    return None;
                }
                _ => {
                    let before = self.end_run();
                    self.run = Some(AudioRun {
                        offset,
                        rate: audio.rate(),
                        len,
                        frames: 1,
                    });
                    return Some(before);
                }
            }
        }
        let text = match message {
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
        };
        let line = TextLines::line(offset, name(frame), &text);
        Some(self.end_run() + &line)
    }

    fn tone(&mut self, offset: usize, tone: Tone) -> String {
        let Tone {
            digit,
            at_ms,
            duration_ms,
        } = tone;
        let seconds = at_ms / 1000.0;
        let text = format!("digit {digit} as sound at {seconds:.2} s, {duration_ms} ms");
        self.end_run() + &TextLines::line(offset, "tone", &text)
    }

    fn end(&mut self, total: &Total) -> String {
        let mut text = self.end_run();
        if total.truncated > 0 {
            let offset = total.bytes - total.truncated;
            let unfinished = format!("an unfinished frame, bytes there: {}", total.truncated);
            text += &TextLines::line(offset, "CUT", &unfinished);
        }
        text + &TextLines::line(total.bytes, "end", &counted(total.frames, "frame"))
    }
}
