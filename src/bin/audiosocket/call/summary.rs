//! Summary of a call.

use audiosocket::asterisk::{Violation, Way};
use audiosocket::call::{CallStats, End, SendError, Timeout};
use audiosocket::wire::Digit;

use super::violations::{Violations, fields};
use super::wish::Options;
use crate::closed_at_once::{CLOSED_AT_ONCE, end_name, end_text, is_closed_at_once};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::json::Object;
use crate::received_audio::ReceivedAudio;
use crate::text::{counted, wrapped};

pub const SENT_NOTHING: &str =
    "the server sent nothing: check that it runs, or add --one-way if it only receives";

/// Finished call, for the summary.
pub struct Summary {
    pub end: Option<End>,
    /// Why the caller stopped early, if it did.
    pub failure: Option<SendError>,
    pub seconds: f64,
    pub stats: CallStats,
    pub late: Histogram,
    /// Digits of `--dtmf` that were not pressed.
    pub unpressed: Vec<Digit>,
    pub received_audio: ReceivedAudio,
    pub found: Vec<Violation>,
}

impl Summary {
    /// Returns the summary as one JSON line.
    pub fn json(&self, options: &Options) -> String {
        let mut summary = Object::event("summary")
            .text("uuid", &options.uuid.to_string())
            .text("reason", self.reason())
            .thousandths("seconds", self.seconds)
            .number("frames_sent", self.stats.frames_sent)
            .number("frames_received", self.stats.frames_received);
        if let Some((p50, p99)) = self.late_ms() {
            summary = summary
                .thousandths("late_ms_p50", p50)
                .thousandths("late_ms_p99", p99);
        }
        if !self.unpressed.is_empty() {
            summary = summary.text("digits_not_pressed", &self.unpressed_digits());
        }
        summary = self.received_audio.fields(summary);
        if let Some(rules) = options.rules {
            let found = self.found.iter();
            summary = summary
                .text("asterisk", &rules.version().to_string())
                .text("through", rules.way().name())
                .list(
                    "violations",
                    found.map(|found| fields(Object::new(), found)),
                );
        }
        summary.finish()
    }

    /// Returns the summary as text lines.
    pub fn text(&self, options: &Options, violations: &Violations) -> String {
        let start = format!("ended after {:.1} s: ", self.seconds);
        let sent = counted(self.stats.frames_sent, "frame");
        let received = self.stats.frames_received;
        let mut lines = vec![
            wrapped(&start, "  ", &self.how_it_ended(violations)),
            format!("{sent} sent, {received} received"),
        ];
        if let Some((p50, p99)) = self.late_ms() {
            lines.push(format!(
                "sent {p50:.2} ms late at the median, p99 {p99:.2} ms"
            ));
        }
        lines.extend(self.received_audio.lines());
        if let (Some(rules), []) = (options.rules, &self.found[..]) {
            lines.push(match rules.way() {
                Way::ChannelDriver => {
                    format!("Asterisk {}, Dial(): no violations", rules.version())
                }
                _ => format!("Asterisk {}: no violations", rules.version()),
            });
        }
        lines.join("\n")
    }

    /// Returns in one line what was wrong with the call, if anything was.
    pub fn complaint(&self, options: &Options, violations: &Violations) -> Option<String> {
        let mut complaints = Vec::new();
        if self.is_closed_at_once() && !options.is_one_way {
            complaints.push(String::from(CLOSED_AT_ONCE));
        } else if let Err(failure) = judge(self.end, self.failure) {
            complaints.extend(failure.message());
        } else if !self.found.is_empty() {
            complaints.push(violations.complaint(&self.found));
        } else if self.has_received_nothing() && !options.is_one_way {
            complaints.push(String::from(SENT_NOTHING));
        }
        if !self.unpressed.is_empty() {
            let digits = self.unpressed_digits();
            let reason = match (self.end, options.seconds) {
                (Some(End::Closed | End::RemoteHangup | End::Reset), _) => {
                    String::from("the server ended the call")
                }
                (None, Some(seconds)) if self.failure.is_none() => {
                    format!("--seconds {} is too short", seconds.as_secs_f64())
                }
                _ => String::from("the call ended"),
            };
            complaints.push(format!("digits {digits} were not pressed: {reason}"));
        }
        (!complaints.is_empty()).then(|| complaints.join("; "))
    }

    /// Returns whether the server closed before it sent a frame.
    pub fn is_closed_at_once(&self) -> bool {
        self.end
            .is_some_and(|end| is_closed_at_once(end, self.stats.frames_received))
    }

    fn unpressed_digits(&self) -> String {
        self.unpressed.iter().map(Digit::to_string).collect()
    }

    /// Returns whether the server sent neither a frame nor a hangup. The kernel accepts connections for a server that hangs, too.
    fn has_received_nothing(&self) -> bool {
        self.stats.frames_received == 0 && self.end != Some(End::RemoteHangup)
    }

    fn reason(&self) -> &'static str {
        match (self.end, self.failure) {
            (Some(end), _) => end_name(end, self.stats.frames_received),
            (None, Some(_)) => "failed",
            (None, None) => End::LocalHangup.name(),
        }
    }

    fn how_it_ended(&self, violations: &Violations) -> String {
        let last = self.found.last();
        let ended_by = last.filter(|last| last.consequence.ends_call());
        match (self.end, ended_by, self.failure) {
            (Some(End::LocalHangup), Some(violation), _) => violations.consequence(violation),
            (Some(end), _, _) => end_text(end, self.stats.frames_received),
            (None, _, Some(_)) => String::from("the server stopped reading"),
            (None, _, None) => End::LocalHangup.to_string(),
        }
    }

    /// Returns the lateness at the median and at the 99th percentile.
    fn late_ms(&self) -> Option<(f64, f64)> {
        self.late.percentile_ms(50).zip(self.late.percentile_ms(99))
    }
}

/// Returns an error if the call ended abnormally. A failed send is not an error if the server has ended the call: the caller
/// notices the end only when it sends.
fn judge(end: Option<End>, failure: Option<SendError>) -> Result<(), Failure> {
    match (end, failure) {
        (None, None) | (Some(End::Closed | End::RemoteHangup | End::LocalHangup), _) => Ok(()),
        (Some(End::Reset), _) => Err(Failure::failed(
            "the server reset the connection: Asterisk would have hung up the caller",
        )),
        (Some(End::TimedOut(Timeout::Write)), _) => Err(Failure::failed(
            "the server stopped reading: its receive buffer is full",
        )),
        (Some(end), _) => Err(Failure::Failed(end.to_string())),
        (None, Some(error)) => Err(Failure::Failed(format!("{error}"))),
    }
}

#[cfg(test)]
mod tests {
    use audiosocket::stream::FrameReader;

    use super::*;

    const GONE: Option<SendError> = Some(SendError::Disconnected);

    #[test]
    fn unaccepted_last_frame_is_no_failure() {
        for end in [End::Closed, End::RemoteHangup, End::LocalHangup] {
            assert!(judge(Some(end), None).is_ok());
            assert!(judge(Some(end), GONE).is_ok());
        }
        assert!(judge(None, None).is_ok());
    }

    #[test]
    fn every_other_end_is_a_failure_with_a_reason() {
        let mut reader = FrameReader::new(&[0x10][..]);
        let truncated = End::from(reader.read_frame().expect_err("two bytes are missing"));
        for (end, failure, message) in [
            (
                Some(End::Reset),
                GONE,
                "the server reset the connection: Asterisk would have hung up the caller",
            ),
            (
                Some(truncated),
                None,
                "the peer closed inside a frame, which lacks 2 of its bytes",
            ),
            (
                Some(End::TimedOut(Timeout::Write)),
                GONE,
                "the server stopped reading: its receive buffer is full",
            ),
            (None, GONE, "the connection is closed for sending"),
        ] {
            match judge(end, failure) {
                Err(Failure::Failed(text)) => assert_eq!(text, message),
                other => panic!("{other:?}"),
            }
        }
    }
}
