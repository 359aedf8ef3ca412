//! Reports about a tapped call.

use std::net::SocketAddr;
use std::time::Duration;

use audiosocket::wire::{Message, Uuid};

use crate::analysis::description::object;
use crate::analysis::description::words;
use crate::analysis::ended::{Ended, HowEnded};
use crate::analysis::finding::{Ending, Finding, Passage, What};
use crate::analysis::summary::{SideSummary, seconds};
use crate::json::Object;
use crate::panel::Fault;
use crate::reports::{Importance, Report, Reports};
use crate::tap_file::Sender;
use crate::text::{short, wrapped};

/// Reports about one call.
pub struct Log<'a> {
    reports: &'a Reports,
    peer: SocketAddr,
    uuid: Option<Uuid>,
    has_started: bool,
    is_suspicion_reported: bool,
    /// Reports before the caller's first frame, which names the call. The two directions have a thread each, so a server that sends
    /// at once can overtake that frame.
    held: Vec<Held>,
}

/// Report that waits for the line of its call.
enum Held {
    Event(Event),
    Warning(String),
}

/// Event without the name of its call.
struct Event {
    sender: Sender,
    at: Duration,
    json: Object,
    name: &'static str,
    text: String,
}

/// Limit of the held reports. A call that reaches it is reported before its UUID is known.
const MOST_HELD: usize = 100;

impl<'a> Log<'a> {
    pub fn new(reports: &'a Reports, peer: SocketAddr) -> Log<'a> {
        Log {
            reports,
            peer,
            uuid: None,
            has_started: false,
            is_suspicion_reported: false,
            held: Vec::new(),
        }
    }

    /// Sets the UUID. Only the first one counts.
    pub fn learn_uuid(&mut self, uuid: Uuid) {
        self.uuid.get_or_insert(uuid);
    }

    pub fn uuid(&self) -> Option<Uuid> {
        self.uuid
    }

    /// Reports that the call has started, once, and then the held events.
    pub fn begin(&mut self) {
        if std::mem::replace(&mut self.has_started, true) {
            return;
        }
        let peer = self.peer;
        let short = self.short();
        self.report(
            Importance::Call,
            match self.uuid {
                Some(_) => self.object("call").text("peer", &peer.to_string()),
                None => self.object("call"),
            },
            match self.uuid {
                Some(uuid) => format!("{short} call {uuid}\n{short} from {peer}"),
                None => format!("{short} a call whose UUID has not arrived\n{short} from {peer}"),
            },
        );
        for held in std::mem::take(&mut self.held) {
            self.report_held(held);
        }
    }

    /// Reports a connection that closed without sending a byte.
    pub fn add_probe(&self) {
        let peer = self.peer;
        self.report(
            Importance::Detail,
            Object::event("probe").text("peer", &peer.to_string()),
            format!("{peer} connected and closed without a byte"),
        );
    }

    /// Reports a finding, except frames with nothing to report. Holds it until the call has started.
    pub fn add(&mut self, finding: &Finding<'_>) {
        let Finding {
            passage: Some(Passage { sender, at }),
            what,
            ..
        } = finding
        else {
            return;
        };
        let json = match what {
            What::Frame(frame) => match frame.message() {
                Ok(Message::Audio(_) | Message::Uuid(_) | Message::Hangup) => return,
                Ok(Message::Dtmf(dtmf)) => Object::event("dtmf")
                    .text("direction", sender.direction())
                    .thousandths("at_ms", at.as_secs_f64() * 1000.0)
                    .dtmf(dtmf),
                _ => object(finding).unwrap_or_else(Object::new),
            },
            // Asterisk sends no audio while a digit is held, so this gap is expected.
            What::Gap(gap) if gap.had_digit => return,
            // `add_end` reports how the call ended.
            What::Ending(Ending::Closed | Ending::Reset) => return,
            _ => match object(finding) {
                Some(object) => object,
                None => return,
            },
        };
        let Some((name, text)) = words(what) else {
            return;
        };
        self.hold(Held::Event(Event {
            sender: *sender,
            at: *at,
            json,
            name,
            text,
        }));
    }

    /// Reports after the line of the call.
    fn hold(&mut self, held: Held) {
        if self.has_started {
            return self.report_held(held);
        }
        self.held.push(held);
        if self.held.len() >= MOST_HELD {
            self.begin();
        }
    }

    fn report_held(&self, held: Held) {
        match held {
            Held::Event(event) => self.report_event(event),
            Held::Warning(text) => {
                let short = self.short();
                self.report(
                    Importance::Warning,
                    self.object("warning").text("text", &text),
                    format!("{short} {text}"),
                );
            }
        }
    }

    fn report_event(&self, event: Event) {
        let Event {
            sender,
            at,
            json,
            name,
            text,
        } = event;
        let short = self.short();
        let start = format!("{short} {} {sender}: {name} ", seconds(at));
        let text = wrapped(&start, &format!("{short}   "), &text);
        self.report(
            Importance::Detail,
            self.named(json),
            String::from(text.trim_end()),
        );
    }

    /// Reports a violation by the server.
    pub fn add_fault(&self, fault: &Fault) {
        self.report(
            Importance::Detail,
            fault.fields(self.object("violation")),
            fault.text(&format!("{} ", self.short())),
        );
    }

    /// Prints a suspicion about the audio format, once.
    pub fn add_suspicion(&mut self, text: &str) {
        if !std::mem::replace(&mut self.is_suspicion_reported, true) {
            self.warn(text);
        }
    }

    /// Prints a warning. Holds it until the call has started.
    pub fn warn(&mut self, text: &str) {
        self.hold(Held::Warning(String::from(text)));
    }

    pub fn add_end(&self, ended: Option<Ended>, length: Duration, sides: &[(SideSummary, usize)]) {
        let short = self.short();
        let (by, reason, text) = match ended {
            Some(Ended { by, how, .. }) => (by.to_string(), reason(how), how_text(by, how)),
            None => (String::from("tap"), "stopped", "the tap was stopped"),
        };
        let start_of_end = format!("{short} ended after {:.1} s: ", length.as_secs_f64());
        let indent = format!("{short}   ");
        let mut lines = vec![wrapped(&start_of_end, &indent, text)];
        let mut json = self
            .object("hangup")
            .text("by", &by)
            .text("reason", reason)
            .thousandths("seconds", length.as_secs_f64());
        for (side, bytes) in sides {
            let direction = side.sender.direction().replace('-', "_");
            let cadence = &side.cadence;
            json = json
                .number(&format!("frames_{direction}"), side.frames)
                .number(&format!("bytes_{direction}"), *bytes)
                .number(&format!("gaps_{direction}"), cadence.gaps())
                .number(&format!("bursts_{direction}"), cadence.bursts())
                .number(&format!("splits_{direction}"), side.splits);
            if let Some(jitter_ms) = cadence.jitter_ms() {
                json = json.thousandths(&format!("jitter_ms_{direction}"), jitter_ms);
            }
            let start = format!("{short} {}: ", side.sender);
            lines.push(wrapped(&start, &indent, &side.phrases().join(", ")));
        }
        self.report(Importance::Call, json, lines.join("\n"));
    }

    fn report(&self, importance: Importance, json: Object, text: String) {
        self.reports.add(Report {
            importance,
            json,
            text,
        });
    }

    fn object(&self, event: &str) -> Object {
        self.named(Object::event(event))
    }

    /// Adds the field that identifies the call: its UUID or, without one, the peer's address.
    fn named(&self, object: Object) -> Object {
        match self.uuid {
            Some(uuid) => object.text("uuid", &uuid.to_string()),
            None => object.text("peer", &self.peer.to_string()),
        }
    }

    /// Returns the prefix that identifies the call in text lines: the short UUID or, without one, the peer's port.
    fn short(&self) -> String {
        match self.uuid {
            Some(uuid) => short(uuid),
            None => format!("port {}", self.peer.port()),
        }
    }
}

const fn reason(how: HowEnded) -> &'static str {
    match how {
        HowEnded::HungUp => "hangup",
        HowEnded::Ended(ending) => ending.name(),
    }
}

const fn how_text(by: Sender, how: HowEnded) -> &'static str {
    match (by, how) {
        (Sender::Server, HowEnded::HungUp) => "the server hung up (0x00)",
        (Sender::Server, HowEnded::Ended(Ending::Closed)) => {
            "the server closed without a hangup frame"
        }
        (Sender::Server, HowEnded::Ended(Ending::Reset)) => "the server reset the connection",
        (Sender::Server, HowEnded::Ended(Ending::StoppedReading)) => "the server stopped reading",
        // Asterisk sends no hangup frame.
        (Sender::Caller, HowEnded::HungUp) => "the caller sent a hangup frame (0x00)",
        // Asterisk closes. If audio is unread then, the close is a reset.
        (Sender::Caller, HowEnded::Ended(Ending::Closed | Ending::Reset)) => "the caller hung up",
        (Sender::Caller, HowEnded::Ended(Ending::StoppedReading)) => "the caller stopped reading",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(reports: &Reports) -> Vec<String> {
        reports.close();
        std::iter::from_fn(|| reports.take().map(|it| it.text)).collect()
    }

    #[test]
    fn early_warnings_follow_the_line_of_their_call() {
        let reports = Reports::default();
        let mut log = Log::new(&reports, SocketAddr::from(([127, 0, 0, 1], 41_234)));
        log.add_suspicion("suspicion");
        log.add_suspicion("suspicion");
        log.warn("warning");
        log.learn_uuid(Uuid::from_bytes([7; 16]));
        log.begin();
        log.warn("late warning");
        assert_eq!(
            texts(&reports),
            [
                "07070707 call 07070707-0707-0707-0707-070707070707\n07070707 from 127.0.0.1:41234",
                "07070707 suspicion",
                "07070707 warning",
                "07070707 late warning",
            ]
        );
    }

    #[test]
    fn call_line_does_not_deny_a_later_uuid() {
        let reports = Reports::default();
        let mut log = Log::new(&reports, SocketAddr::from(([127, 0, 0, 1], 41_234)));
        for _ in 0..MOST_HELD {
            log.warn("warning");
        }
        log.learn_uuid(Uuid::from_bytes([7; 16]));
        log.warn("warning");
        let texts = texts(&reports);
        assert_eq!(
            texts[0],
            "port 41234 a call whose UUID has not arrived\nport 41234 from 127.0.0.1:41234"
        );
        assert_eq!(texts.last().unwrap(), "07070707 warning");
    }
}
