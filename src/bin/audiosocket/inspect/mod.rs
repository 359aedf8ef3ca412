//! `audiosocket inspect`: prints the contents of a stream or of a recording of both directions.

mod captured_call;
mod captured_calls;
mod drawing;
mod envelope;
mod json_lines;
mod labels;
mod lines;
mod packet_file;
mod picture;
mod raw_stream;
mod recorded_call;
mod svg;
mod svg_file;
mod text_lines;
mod utc;
mod wav_input;

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, BufReader, Read};

use audiosocket::asterisk::Way;
use audiosocket::wire::Uuid;

use crate::args::Args;
use crate::capture;
use crate::failure::Failure;
use crate::output::Output;
use crate::tap_file::MAGIC;
use crate::text::quoted;

use crate::analysis::finding::Finding;
use captured_calls::ChosenCall;
use json_lines::JsonLines;
use lines::Lines;
use picture::Picture;
use svg_file::SvgFile;
use text_lines::TextLines;

const HELP: &str = "\
audiosocket inspect FILE [--json] [--svg OUT.svg]
                         [--uuid UUID] [--through WAY]

Shows what FILE contains, - being standard input: a
recording that audiosocket tap has made of both directions,
or a raw stream, the bytes of one direction as they came,
or a packet capture, as text from tshark.

It shows frames, equal ones on one line; DTMF digits, as
signals and in the sound; what is malformed; and, since a
tap recording has times: gaps, bursts, frames in pieces,
jitter, who ended the call. > is what the caller sent, < the
server.

  --json         a line of JSON for each frame and finding,
                 and one at the end
  --svg OUT.svg  also draws it: the sound of both sides, the
                 digits, gaps and bursts, the time between
                 frames. OUT.svg is overwritten
  --uuid UUID    shows this call of a packet capture; else
                 several calls get a line each
  --through WAY  judges the server of a packet capture as
                 application (default) or dial does

  audiosocket tap --listen 127.0.0.1:9092 \\
      --to 127.0.0.1:9093 --record calls
  audiosocket inspect calls/UUID.tap
  audiosocket inspect calls/UUID.tap --svg call.svg
  nc -l 9092 | audiosocket inspect -
  audiosocket inspect call.bin --json | grep malformed

A packet capture (tcpdump -w capture.pcap) goes through
tshark, which comes with Wireshark:

  tshark -r capture.pcap -Y 'tcp.port==9092' -T fields \\
      -e tcp.stream -e frame.time_epoch -e tcp.srcport \\
      -e tcp.seq -e tcp.len -e tcp.flags -e tcp.payload \\
      | audiosocket inspect -

Exits 1 if the stream ends inside a frame, or the recording
inside an entry, or the capture lacks a part of the call.
";

pub fn run(args: &mut Args) -> Result<(), Failure> {
    let mut file = None;
    let mut json = false;
    let mut svg = None;
    let (mut uuid, mut way) = (None, None);
    while let Some(option) = args.next_option_beside(&mut file)? {
        match option.as_str() {
            "--json" => json = true,
            "--svg" => svg = Some(args.path()?.into_os_string()),
            "--uuid" => uuid = Some(args.parse()?),
            "--through" => way = Some(args.parse()?),
            "--help" | "-h" => {
                args.end()?;
                return Output::new().text(HELP);
            }
            _ => return Err(args.unknown()),
        }
    }
    let file = file.ok_or_else(|| Failure::usage("which file? - is standard input"))?;
    let lines: Box<dyn Lines> = if json {
        Box::new(JsonLines)
    } else {
        Box::new(TextLines::default())
    };
    let svg = svg.map(|svg| SvgFile::new(svg, &file)).transpose()?;
    inspect(&Input { file }, lines, svg.as_ref(), uuid, way)
}

fn inspect(
    input: &Input,
    mut lines: Box<dyn Lines>,
    svg: Option<&SvgFile>,
    uuid: Option<Uuid>,
    way: Option<Way>,
) -> Result<(), Failure> {
    let mut source = input.open()?;
    let mut start = Vec::new();
    (&mut source)
        .take(wav_input::START_LEN as u64)
        .read_to_end(&mut start)
        .map_err(|error| input.unreadable(error))?;
    if let Some(refusal) = wav_input::refusal(&start, input) {
        return Err(refusal);
    }
    packet_file::refuse(&start, input)?;
    let is_tap_recording = start.starts_with(&MAGIC);
    let is_capture = capture::is_text_of_segments(start.get(..MAGIC.len()).unwrap_or(&start));
    let mut source = start.chain(source);
    let option = match (uuid, way) {
        (Some(_), _) => Some("--uuid chooses a call"),
        (None, Some(_)) => Some("--through judges the server"),
        (None, None) => None,
    };
    let way = way.unwrap_or_default();
    let captured = match (is_capture, option) {
        (true, _) => match captured_calls::choose(&mut source, input, uuid, way, &mut *lines)? {
            Some(captured) => Some(captured),
            None if svg.is_some() => {
                return Err(Failure::usage(
                    "--svg draws one call: choose it with --uuid",
                ));
            }
            None => return Ok(()),
        },
        (false, Some(option)) => {
            return Err(Failure::Usage(format!(
                "{option} of a packet capture; {input} is another kind of file"
            )));
        }
        (false, None) => None,
    };

    let output = Output::new();
    let mut picture = svg.map(|_| Picture::default());
    let mut show = |finding: &Finding<'_>| {
        if let Some(picture) = &mut picture {
            picture.add(finding);
        }
        match lines.finding(finding) {
            text if text.is_empty() => Ok(()),
            text => output.text(&text),
        }
    };
    let (summary, result) = if let Some(ChosenCall { call, damage }) = captured {
        let summary = captured_call::read(&call, way, &mut show)?;
        let completeness = summary.call.as_ref().map_or(Ok(()), |summary| {
            captured_calls::completeness(input, &call, summary)
        });
        (summary, damage.and(completeness))
    } else if is_tap_recording {
        recorded_call::read(source, input, &mut show)?
    } else {
        raw_stream::read(source, input, &mut show)?
    };
    output.text(&lines.end(&summary))?;
    if let (Some(picture), Some(svg)) = (picture, svg) {
        svg.write(&drawing::draw(&picture, &summary, &input.name()))?;
    }
    result
}

/// Input to inspect.
struct Input {
    file: OsString,
}

impl Input {
    fn open(&self) -> Result<Box<dyn Read>, Failure> {
        if self.file == "-" {
            return Ok(Box::new(io::stdin().lock()));
        }
        let file = File::open(&self.file).map_err(|error| self.unreadable(error))?;
        Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
    }

    fn unreadable(&self, error: impl Display) -> Failure {
        Failure::Failed(format!("cannot read {self}: {error}"))
    }

    /// Returns the name for a title, without folder and quotes.
    fn name(&self) -> String {
        match self.file.to_str() {
            Some("-") => self.to_string(),
            _ => std::path::Path::new(&self.file)
                .file_name()
                .unwrap_or(&self.file)
                .to_string_lossy()
                .into_owned(),
        }
    }
}

/// Formats the name for messages.
impl Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file.to_str() {
            Some("-") => f.write_str("standard input"),
            _ => f.write_str(&quoted(&self.file)),
        }
    }
}

/// Returns the error for a stream that ends inside a frame.
fn unfinished(input: &Input, whose: &str, there: usize, needed: usize) -> Failure {
    Failure::Failed(format!(
        "{input} ends inside a frame{whose} (bytes of it there: {there}, missing: {needed})"
    ))
}
