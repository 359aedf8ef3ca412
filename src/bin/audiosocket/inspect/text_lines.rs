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

/// Format that combines equal, consecutive audio frames of a direction in one line. Any other finding in either direction ends
/// the line, so the lines are in order of time.
#[derive(Default)]
pub struct TextLines {
    /// In the order in which the runs started.
    runs: Vec<AudioRun>,
}

struct AudioRun {
    place: Place,
    rate: SampleRate,
    len: usize,
    frames: usize,
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

impl TextLines {
    fn end_runs(&mut self) -> String {
        let lines = self.runs.drain(..).map(|run| {
            let seconds = (run.frames * run.len / 2) as f64 / f64::from(run.rate.hz());
            let text = format!(
                "{} x {} bytes, {}, {seconds:.2} s",
                run.frames, run.len, run.rate
            );
            line(run.place, "audio", &text)
        });
        lines.collect()
    }

    fn audio(&mut self, place: Place, rate: SampleRate, len: usize) -> String {
        let same_sender = |run: &&mut AudioRun| run.place.sender() == place.sender();
        let before = match self.runs.iter_mut().find(same_sender) {
            Some(run) if run.rate == rate && run.len == len => {
                run.frames += 1;
                return String::new();
            }
            Some(_) => self.end_runs(),
            None => String::new(),
        };
        self.runs.push(AudioRun {
            place,
            rate,
            len,
            frames: 1,
        });
        before
    }
}

impl Lines for TextLines {
    fn finding(&mut self, finding: &Finding<'_>) -> String {
        let place = Place::of(finding);
        if let What::Frame(frame) = finding.what {
            if let Ok(Message::Audio(audio)) = frame.message() {
                return self.audio(place, audio.rate(), frame.payload().len());
            }
        }
        match words(&finding.what) {
            Some((name, text)) => self.end_runs() + &line(place, name, &text),
            None => String::new(),
        }
    }

    fn end(&mut self, summary: &Summary) -> String {
        let mut text = self.end_runs();
        let Some(call) = &summary.call else {
            if summary.truncated > 0 {
                let offset = summary.bytes - summary.truncated;
                let unfinished = format!("an unfinished frame, bytes there: {}", summary.truncated);
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
        format!("{}; --uuid UUID shows one\n", counted(calls, "call"))
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
        paragraph("judged", &verdict.to_string());
    }
    text
}
