//! Findings as text lines.

use std::time::Duration;

use audiosocket::wire::{Message, SampleRate};

use crate::analysis::description::words;
use crate::analysis::finding::{Finding, Passage, What};
use crate::analysis::summary::{CallSummary, Summary, seconds};
use crate::tap_file::Sender;
use crate::text::{counted, wrapped};

use super::captured_calls::ListedCall;
use super::lines::Lines;
use super::utc::Utc;

/// Format that combines equal, consecutive frames of a direction in one line. Any other finding in either direction ends the line,
/// so the lines are in order of time.
#[derive(Default)]
pub struct TextLines {
    /// In the order in which the runs started. Only the first can be of frames that are not audio, because such a frame ends all
    /// runs before it.
    runs: Vec<Run>,
}

/// Equal, consecutive frames of a direction.
struct Run {
    place: Place,
    what: Repeated,
    frames: usize,
}

#[derive(Eq, PartialEq)]
enum Repeated {
    Audio { rate: SampleRate, len: usize },
    Other { name: &'static str, text: String },
}

/// Start of a line.
#[derive(Clone, Copy)]
enum Place {
    Offset(usize),
    Passage(Passage),
    /// Time in a tap recording, without a sender.
    Time(Duration),
}

impl Place {
    fn of(finding: &Finding<'_>) -> Place {
        match finding.passage {
            Some(passage) => Place::Passage(passage),
            None => Place::Offset(finding.offset),
        }
    }

    fn sender(self) -> Option<Sender> {
        match self {
            Place::Passage(passage) => Some(passage.sender),
            _ => None,
        }
    }
}

fn line(place: Place, name: &str, text: &str) -> String {
    let start = match place {
        Place::Offset(offset) => format!("{offset:>9}  {name:<7}  "),
        Place::Passage(Passage { sender, at }) => {
            let mark = match sender {
                Sender::Caller => '>',
                Sender::Server => '<',
            };
            format!("{:>11} {mark} {name:<7} ", seconds(at))
        }
        Place::Time(at) => format!("{:>11}   {name:<7} ", seconds(at)),
    };
    wrapped(&start, &" ".repeat(start.len()), text)
        .trim_end()
        .to_owned()
        + "\n"
}

impl Run {
    fn line(self) -> String {
        let Run {
            place,
            what,
            frames,
        } = self;
        match what {
            Repeated::Audio { rate, len } => {
                let seconds = (frames * len / 2) as f64 / f64::from(rate.hz());
                let text = format!("{frames} x {len} bytes, {rate}, {seconds:.2} s");
                line(place, "audio", &text)
            }
            Repeated::Other { name, text } if frames == 1 => line(place, name, &text),
            Repeated::Other { name, text } => line(place, name, &format!("{frames} x {text}")),
        }
    }
}

impl TextLines {
    fn end_runs(&mut self) -> String {
        self.runs.drain(..).map(Run::line).collect()
    }

    /// Adds a frame to the run of its direction, or starts a new run. Returns the lines of the runs that have ended.
    fn frame(&mut self, place: Place, what: Repeated) -> String {
        let is_audio = matches!(what, Repeated::Audio { .. });
        let own = self
            .runs
            .iter_mut()
            .find(|run| run.place.sender() == place.sender());
        let ended = match own {
            Some(run) if run.what == what => {
                run.frames += 1;
                return String::new();
            }
            // The first run, so the audio of the other direction goes on.
            Some(Run {
                what: Repeated::Other { .. },
                ..
            }) if is_audio => self.runs.remove(0).line(),
            None if is_audio => String::new(),
            _ => self.end_runs(),
        };
        let frames = 1;
        self.runs.push(Run {
            place,
            what,
            frames,
        });
        ended
    }
}

impl Lines for TextLines {
    fn finding(&mut self, finding: &Finding<'_>) -> String {
        let place = Place::of(finding);
        if let What::Frame(frame) = finding.what {
            if let Ok(Message::Audio(audio)) = frame.message() {
                let (rate, len) = (audio.rate(), frame.payload().len());
                return self.frame(place, Repeated::Audio { rate, len });
            }
        }
        match (words(&finding.what), finding.what) {
            (Some((name, text)), What::Frame(_)) => {
                self.frame(place, Repeated::Other { name, text })
            }
            (Some((name, text)), _) => self.end_runs() + &line(place, name, &text),
            (None, _) => String::new(),
        }
    }

    fn end(&mut self, summary: &Summary) -> String {
        let mut text = self.end_runs();
        let Some(call) = &summary.call else {
            if summary.truncated > 0 {
                let offset = summary.bytes - summary.truncated;
                let unfinished =
                    format!("an unfinished frame, bytes present: {}", summary.truncated);
                text += &line(Place::Offset(offset), "CUT", &unfinished);
            }
            let frames = counted(summary.frames, "frame");
            return text + &line(Place::Offset(summary.bytes), "end", &frames);
        };
        text += &line(
            Place::Time(call.length),
            "end",
            &counted(summary.frames, "frame"),
        );
        text + &call_text(call)
    }

    fn call(&mut self, listed: &ListedCall<'_>) -> String {
        let call = listed.call;
        let name = match listed.captured.uuid() {
            Some(uuid) => uuid.to_string(),
            None => format!("stream {}, no UUID", listed.captured.stream()),
        };
        let length = seconds(call.length);
        let first = format!("{:>11} {name:<36} {length:>10}\n", seconds(listed.at));
        let mut remarks: Vec<String> = Vec::new();
        for side in &call.sides {
            remarks.extend(
                side.troubles()
                    .map(|trouble| format!("{}: {trouble}", side.sender)),
            );
        }
        if let Some(verdict) = &call.verdict {
            if !verdict.rules.is_empty() || verdict.stopped.is_some() {
                remarks.push(verdict.to_string());
            }
        }
        remarks.push(call.ended());
        let indent = " ".repeat(12);
        first + &wrapped(&indent, &indent, &remarks.join("; ")) + "\n"
    }

    fn note(&mut self, text: &str) -> String {
        wrapped("", "", text) + "\n"
    }

    fn calls_end(&mut self, calls: usize, _: &Summary) -> String {
        format!(
            "{}; --uuid UUID prints one of them\n",
            counted(calls, "call")
        )
    }
}

fn call_text(call: &CallSummary) -> String {
    let mut text = String::from("\n");
    let mut paragraph = |name: &str, words: &str| {
        let start = format!("{name:<8}  ");
        text += &wrapped(&start, &" ".repeat(start.len()), words);
        text.push('\n');
    };
    for (side, mark) in call.sides.iter().zip(['>', '<']) {
        let name = format!("{mark} {}", side.sender);
        paragraph(&name, &side.phrases().join(", "));
        if let Some(suspicion) = side.suspicion() {
            paragraph("", suspicion);
        }
    }
    paragraph("started", &Utc(call.started).to_string());
    paragraph("ended", &call.ended());
    if let Some(verdict) = &call.verdict {
        paragraph("verdict", &verdict.to_string());
    }
    text
}
