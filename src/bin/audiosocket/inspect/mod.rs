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

Prints the contents of FILE, or of standard input for '-'.
FILE can be:

  a tap recording   both directions of a call with times,
                    from audiosocket tap --record
  a raw stream      the bytes of one direction
  a packet capture  as text from tshark, see below

Prints all frames, with equal ones on one line, and DTMF
digits (frames and tones). A malformed frame is marked
MALFORMED. If the file has times, prints gaps, bursts, split
frames ('audiosocket tap --help' explains them) and how the
call ended, with '>' for the caller and '<' for the server.
In a packet capture, also prints the violations by the
server, with their remedies.

  --json         print a line of JSON for each frame and
                 event, and one at the end
  --svg OUT.svg  also draw the call: the audio of both
                 sides, digits, gaps, bursts, and the time
                 between frames. Overwrites OUT.svg
  --uuid UUID    print this call of a packet capture.
                 Without it, several calls are only listed
  --through WAY  how Asterisk reached the server of a packet
                 capture: application (default), or dial for
                 Dial(AudioSocket/..) and ExternalMedia

Exits 1 if the stream ends inside a frame, the recording
ends inside an entry, or the capture lacks a part of the
call. Malformed frames and violations do not change the exit
code.

Examples:
  audiosocket tap --listen 127.0.0.1:9093 \\
      --to 127.0.0.1:9092 --record calls
  audiosocket inspect calls/UUID.tap
  audiosocket inspect calls/UUID.tap --svg call.svg
  nc -l 9092 | audiosocket inspect -
  audiosocket inspect call.bin --json | grep malformed

For a packet capture (tcpdump -w capture.pcap), tshark is
needed, which is a part of Wireshark:
  tshark -r capture.pcap -Y 'tcp.port==9092' -T fields \\
      -e tcp.stream -e frame.time_epoch -e tcp.srcport \\
      -e tcp.seq -e tcp.len -e tcp.flags -e tcp.payload \\
      | audiosocket inspect -
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
    let file =
        file.ok_or_else(|| Failure::usage("missing file: add its name, or - for standard input"))?;
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
        (Some(_), _) => Some("--uuid"),
        (None, Some(_)) => Some("--through"),
        (None, None) => None,
    };
    let way = way.unwrap_or_default();
    let captured = match (is_capture, option) {
        (true, _) => match captured_calls::choose(&mut source, input, uuid, way, &mut *lines)? {
            Some(captured) => Some(captured),
            None if svg.is_some() => {
                return Err(Failure::usage(
                    "--svg draws only one call: choose it with --uuid",
                ));
            }
            None => return Ok(()),
        },
        (false, Some(option)) => {
            return Err(Failure::Usage(format!(
                "{option} has no effect on {input}, which is not a packet capture: remove {option}"
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
        "{input} ends inside a frame{whose} (bytes present: {there}, missing: {needed})"
    ))
}
