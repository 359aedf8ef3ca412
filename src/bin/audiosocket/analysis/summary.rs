//! Summary at the end of the analysis.

use std::time::{Duration, SystemTime};

use super::cadence::Cadence;
use crate::tap_file::Sender;
use crate::text::counted;

use super::ended::{Ended, HowEnded};
use super::finding::Ending;
use super::verdict::Verdict;

/// Totals of a stream, a recording or a capture.
#[derive(Debug, Default)]
pub struct Summary {
    pub frames: usize,
    pub bytes: usize,
    /// Bytes of unfinished frames at the end.
    pub truncated: usize,
    /// Bytes that the capture lacks, for a packet capture only.
    pub missing: Option<usize>,
    /// Summary of the call, except for a raw stream.
    pub call: Option<CallSummary>,
}

/// Summary that needs both directions of a call and their times.
#[derive(Debug)]
pub struct CallSummary {
    pub started: SystemTime,
    /// Time from the start of the recording to the last entry.
    pub length: Duration,
    pub sides: [SideSummary; 2],
    pub ended: Option<Ended>,
    /// Judgement of the server, for a packet capture only.
    pub verdict: Option<Verdict>,
}

/// Totals of one side.
#[derive(Debug)]
pub struct SideSummary {
    pub sender: Sender,
    pub frames: usize,
    /// Number of bytes of an unfinished frame at the end. `needed` is the number of missing bytes.
    pub truncated: usize,
    pub needed: usize,
    pub malformed: usize,
    pub splits: usize,
    /// Number of bytes that a packet capture lacks.
    pub missing: usize,
    pub cadence: Cadence,
}

impl CallSummary {
    /// Returns a text about which side ended the call.
    pub fn ended(&self) -> String {
        let Some(ended) = self.ended else {
            return String::from("the recording ends before the call");
        };
        let how = match ended.how {
            HowEnded::HungUp => "sent a hangup",
            HowEnded::Ended(Ending::Closed) => "closed the connection",
            HowEnded::Ended(Ending::Reset) => "reset the connection",
            HowEnded::Ended(Ending::StoppedReading) => "stopped reading",
        };
        format!("the {} {how} at {}", ended.by, seconds(ended.at))
    }
}

impl SideSummary {
    /// Returns short phrases for the text output.
    pub fn phrases(&self) -> Vec<String> {
        let cadence = &self.cadence;
        let mut phrases = vec![counted(self.frames, "frame")];
        if cadence.audio().is_zero() {
            phrases.push(String::from("no audio"));
        } else {
            phrases.push(format!(
                "{:.2} s of audio in {:.2} s",
                cadence.audio().as_secs_f64(),
                cadence.elapsed().as_secs_f64()
            ));
            phrases.push(gaps(cadence));
            if cadence.bursts() > 0 {
                phrases.push(counted(cadence.bursts(), "burst"));
            }
        }
        if self.splits > 0 {
            phrases.push(counted(self.splits, "split frame"));
        }
        if self.malformed > 0 {
            phrases.push(counted(self.malformed, "malformed frame"));
        }
        if self.missing > 0 {
            phrases.push(format!("{} missing", counted(self.missing, "byte")));
        }
        if let Some(jitter_ms) = cadence.jitter_ms() {
            phrases.push(format!("{jitter_ms:.1} ms jitter"));
        }
        if self.truncated > 0 {
            phrases.push(format!(
                "{} of an unfinished frame",
                counted(self.truncated, "byte")
            ));
        }
        phrases
    }

    /// Returns a short phrase about faults and missing bytes, if there are any.
    pub fn troubles(&self) -> Option<String> {
        let counts = [
            (self.cadence.gaps(), "gap"),
            (self.cadence.bursts(), "burst"),
            (self.splits, "split frame"),
            (self.malformed, "malformed frame"),
            (self.missing, "missing byte"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let phrases: Vec<String> = counts.map(|(count, what)| counted(count, what)).collect();
        (!phrases.is_empty()).then(|| phrases.join(", "))
    }

    pub fn suspicion(&self) -> Option<&'static str> {
        suspicion(self.sender, &self.cadence)
    }
}

/// Warning about audio from Asterisk at half its expected byte rate.
pub const G711_RECEIVED: &str = "8000 bytes per second: u-law or a-law; dial with /c(slin)";
const G711_SENT: &str = "8000 bytes per second: u-law or a-law, or half the speed of real time";

/// Returns a warning if the audio arrives at half its expected rate.
pub fn suspicion(sender: Sender, cadence: &Cadence) -> Option<&'static str> {
    cadence.is_g711_suspected().then_some(match sender {
        Sender::Caller => G711_RECEIVED,
        Sender::Server => G711_SENT,
    })
}

fn gaps(cadence: &Cadence) -> String {
    let at_digits = match cadence.gaps_with_digit() {
        0 => String::new(),
        1 => String::from(" except 1 at a digit"),
        gaps => format!(" except {gaps} at digits"),
    };
    let Some(worst) = cadence.worst_gap() else {
        return format!("no gaps{at_digits}");
    };
    let which = match cadence.gaps() {
        1 => String::from("1 gap"),
        gaps => format!("{gaps} gaps, the longest"),
    };
    let lasted = milliseconds(worst.lasted);
    let since = seconds(worst.since);
    let and_at_digits = at_digits.replace("except", "and");
    format!("{which} of {lasted:.0} ms at {since}{and_at_digits}")
}

/// Formats a time in the call for the text output.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    // Only a damaged recording contains calls that last years. The line must not become too long then.
    if seconds < 1e7 {
        format!("{seconds:.3} s")
    } else {
        format!("{seconds:.1e} s")
    }
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
