//! What is seen of a call on its way through the tap.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use audiosocket::call::Direction;
use audiosocket::wire::{Audio, Kind, Message, Uuid};

use super::panel::Fault;
use super::tap_recordings::{TapRecorder, TapRecordings};
use crate::inspect::finding::{Ending, Finding, Passage, What};
use crate::inspect::json_lines::object;
use crate::inspect::side::Side;
use crate::inspect::summary::{HowEnded, SideSummary, seconds};
use crate::inspect::text_lines::words;
use crate::json::Object;
use crate::reports::{Importance, Report, Reports};
use crate::sound_recordings::{SoundRecorder, SoundRecordings};
use crate::tap_file::{Entry, OwnedEntry, Sender};
use crate::text::{quoted, short, wrapped};

/// Watches over a call: tells what happens, records it, and sums it up at the end.
pub struct TapWatch<'a> {
    log: Log<'a>,
    recording: Recording<'a>,
    sides: [Side; 2],
    /// By the caller.
    kinds_sent: Vec<Kind>,
    ended: Option<Ended>,
}

/// Where calls are recorded.
#[derive(Clone, Copy)]
pub struct Folder<'a> {
    pub path: &'a Path,
    pub sounds: &'a SoundRecordings,
    pub bytes: &'a TapRecordings,
}

/// Who has ended the call.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: Duration,
    by: Sender,
    how: HowEnded,
}

impl<'a> TapWatch<'a> {
    /// Of a call from `peer`.
    pub fn new(
        peer: SocketAddr,
        begun: Instant,
        reports: &'a Reports,
        folder: Option<Folder<'a>>,
    ) -> TapWatch<'a> {
        TapWatch {
            log: Log {
                reports,
                peer,
                uuid: None,
                is_begun: false,
                is_suspicion_told: false,
            },
            recording: Recording {
                folder,
                begun,
                begun_at: SystemTime::now(),
                held: Vec::new(),
                held_len: 0,
                running: None,
            },
            sides: Sender::BOTH.map(Side::new),
            kinds_sent: Vec::new(),
            ended: None,
        }
    }

    /// Takes in what was seen. Answers of which kinds the frames were that the caller has not sent before.
    pub fn see(&mut self, at: Instant, entry: Entry<'_>) -> Vec<Kind> {
        let TapWatch {
            log,
            recording,
            sides,
            kinds_sent,
            ended,
        } = self;
        recording.add(entry);
        if recording.held_len > MOST_HELD {
            recording.begin(log);
        }
        let Some(side) = sides.iter_mut().find(|side| side.sender() == entry.sender) else {
            return Vec::new();
        };
        let mut new_kinds = Vec::new();
        let took = side.take(entry, &mut |finding| {
            if let What::Frame(frame) = finding.what {
                let message = frame.message();
                // A server may send something before the UUID comes.
                if entry.sender == Sender::Caller {
                    if let Ok(Message::Uuid(uuid)) = message {
                        log.uuid.get_or_insert(uuid);
                    }
                    log.begin();
                    recording.begin(log);
                    if !kinds_sent.contains(&frame.kind()) {
                        kinds_sent.push(frame.kind());
                        new_kinds.push(frame.kind());
                    }
                }
                if let Ok(Message::Audio(audio)) = message {
                    recording.add_sound(entry.sender, audio, at);
                }
            }
            log.add(finding);
            Ok(())
        });
        if let (Some(text), false) = (side.suspicion(), log.is_suspicion_told) {
            log.is_suspicion_told = true;
            log.warn(text);
        }
        // They need not be seen in the order in which they came.
        let is_first = ended.is_none_or(|before| entry.at < before.at);
        if let (Ok(Some(how)), true) = (took, is_first) {
            *ended = Some(Ended {
                at: entry.at,
                by: entry.sender,
                how,
            });
        }
        new_kinds
    }

    /// Tells of a fault of the server.
    pub fn add_fault(&mut self, fault: &Fault) {
        if !self.has_seen_bytes() {
            // It would be news of a call that is none.
            return;
        }
        let log = &mut self.log;
        log.begin();
        log.report(
            Importance::Detail,
            fault.fields(log.object("violation")),
            fault.text(&format!("{} ", log.short())),
        );
    }

    fn has_seen_bytes(&self) -> bool {
        self.sides.iter().any(Side::has_sent)
    }

    /// Sums it up. If it was cut here, neither of both has ended it.
    pub fn end(&mut self, at: Instant, is_cut: bool) {
        let length = at.saturating_duration_since(self.recording.begun);
        let log = &mut self.log;
        let mut show = |finding: &Finding<'_>| {
            log.add(finding);
            Ok(())
        };
        let [caller, server] = &mut self.sides;
        let sides = [
            caller.finish(length, &mut show),
            server.finish(length, &mut show),
        ];
        // Showing cannot fail here.
        let [Ok((caller, from_caller)), Ok((server, from_server))] = sides else {
            return;
        };
        if from_caller + from_server == 0 {
            log.add_probe();
            return;
        }
        log.begin();
        self.recording.begin(log);
        log.add_end(
            self.ended.filter(|_| !is_cut),
            length,
            &[(caller, from_caller), (server, from_server)],
        );
    }
}

/// The recordings of a call, and what has come before they could have a name.
struct Recording<'a> {
    folder: Option<Folder<'a>>,
    begun: Instant,
    begun_at: SystemTime,
    held: Vec<OwnedEntry>,
    held_len: usize,
    running: Option<Running>,
}

type TellSound = dyn FnMut(Direction, Audio<'_>, Instant) + Send;

struct Running {
    bytes: TapRecorder,
    tell_sound: Box<TellSound>,
    _sound: SoundRecorder,
}

/// How many bytes are held while there is no name: more than a UUID is ever late for.
const MOST_HELD: usize = 64 << 10;

impl Recording<'_> {
    fn add(&mut self, entry: Entry<'_>) {
        match &self.running {
            Some(running) => running.bytes.add(entry),
            None if self.folder.is_some() => {
                let entry = OwnedEntry::from(entry);
                self.held_len += entry.len();
                self.held.push(entry);
            }
            None => {}
        }
    }

    fn add_sound(&mut self, sender: Sender, audio: Audio<'_>, at: Instant) {
        let direction = match sender {
            Sender::Caller => Direction::Heard,
            Sender::Server => Direction::Said,
        };
        if let Some(running) = &mut self.running {
            (running.tell_sound)(direction, audio, at);
        }
    }

    /// Begins to record, unless that has been done: now that there is a name, or that there will be none.
    fn begin(&mut self, log: &Log<'_>) {
        let Some(folder) = self.folder.take() else {
            return;
        };
        let name = log
            .uuid
            .map_or_else(|| String::from("no-uuid"), |uuid| uuid.to_string());
        let (bytes, name) = match folder.bytes.begin(folder.path, &name, self.begun_at) {
            Ok(begun) => begun,
            Err(error) => {
                let path = quoted(folder.path);
                log.warn(&format!("cannot record in {path}: {error}"));
                return;
            }
        };
        for held in self.held.drain(..) {
            bytes.add(held.entry());
        }
        let sound = folder.sounds.begin(folder.path, name, self.begun);
        self.running = Some(Running {
            bytes,
            tell_sound: Box::new(sound.hook()),
            _sound: sound,
        });
    }
}

/// What is told of a call.
struct Log<'a> {
    reports: &'a Reports,
    peer: SocketAddr,
    uuid: Option<Uuid>,
    is_begun: bool,
    is_suspicion_told: bool,
}

impl Log<'_> {
    /// Tells that there is a call, unless that has been done.
    fn begin(&mut self) {
        if std::mem::replace(&mut self.is_begun, true) {
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
                None => format!("{short} a call without a UUID\n{short} from {peer}"),
            },
        );
    }

    /// Of a connection without a byte.
    fn add_probe(&self) {
        let peer = self.peer;
        self.report(
            Importance::Detail,
            Object::event("probe").text("peer", &peer.to_string()),
            format!("{peer} came and went without a byte"),
        );
    }

    /// Tells what is found, but for frames of which there is nothing to tell.
    fn add(&self, finding: &Finding<'_>) {
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
            // Asterisk's way with digits: nothing to look into.
            What::Gap(gap) if gap.had_digit => return,
            // How it ended is told at the end.
            What::Ending(Ending::Closed | Ending::Reset) => return,
            _ => match object(finding) {
                Some(object) => object,
                None => return,
            },
        };
        let Some((name, text)) = words(what) else {
            return;
        };
        let short = self.short();
        let start = format!("{short} {} {sender}: {name} ", seconds(*at));
        let text = wrapped(&start, &format!("{short}   "), &text);
        self.report(
            Importance::Detail,
            self.named(json),
            String::from(text.trim_end()),
        );
    }

    fn warn(&self, text: &str) {
        let short = self.short();
        self.report(
            Importance::Warning,
            self.object("warning").text("text", text),
            format!("{short} {text}"),
        );
    }

    fn add_end(&self, ended: Option<Ended>, length: Duration, sides: &[(SideSummary, usize)]) {
        let short = self.short();
        let (by, reason, text) = match ended {
            Some(Ended { by, how, .. }) => (by.to_string(), reason(how), how_text(by, how)),
            None => (String::from("tap"), "stopped", "the tap was stopped"),
        };
        let over = format!("{short} over after {:.1} s: ", length.as_secs_f64());
        let indent = format!("{short}   ");
        let mut lines = vec![wrapped(&over, &indent, text)];
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

    /// With what tells calls apart.
    fn named(&self, object: Object) -> Object {
        match self.uuid {
            Some(uuid) => object.text("uuid", &uuid.to_string()),
            None => object.text("peer", &self.peer.to_string()),
        }
    }

    /// The same in the lines for people.
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
        (Sender::Server, HowEnded::Ended(Ending::TakesNoMore)) => "the server takes no more",
        // Asterisk sends no hangup frame.
        (Sender::Caller, HowEnded::HungUp) => "the caller sent a hangup frame (0x00)",
        (Sender::Caller, HowEnded::Ended(Ending::Closed)) => "the caller hung up",
        (Sender::Caller, HowEnded::Ended(Ending::Reset)) => "the caller's connection was reset",
        (Sender::Caller, HowEnded::Ended(Ending::TakesNoMore)) => "the caller takes no more",
    }
}
