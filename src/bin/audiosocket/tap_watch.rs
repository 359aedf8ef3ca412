//! What is seen of a call on its way through the tap.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use audiosocket::call::Direction;
use audiosocket::wire::{Audio, Decoded, Dtmf, Frame, FrameBuffer, Message, Uuid};

use crate::answering::short;
use crate::byte_recordings::{ByteRecorder, ByteRecordings};
use crate::inspect::dtmf_fields;
use crate::json::Object;
use crate::panel::Finding;
use crate::recordings::{Recorder, Recordings};
use crate::reports::{Importance, Report, Reports};
use crate::tap_recording::{Entry, Seen, Sender};
use crate::text::{counted, quoted, wrapped};
use crate::tones::{Tone, Tones};

/// Watches over a call: tells what happens, records it, and sums it up at the end.
pub struct TapWatch<'a> {
    log: Log<'a>,
    recording: Recording<'a>,
    sides: [Side; 2],
    ending: Option<Ended>,
}

/// Where calls are recorded.
#[derive(Clone, Copy)]
pub struct Folder<'a> {
    pub path: &'a Path,
    pub sounds: &'a Recordings,
    pub bytes: &'a ByteRecordings,
}

/// Who has ended the call.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: Duration,
    by: Sender,
    how: Ending,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    Hangup,
    Closed,
    Reset,
}

/// What one side sends.
struct Side {
    sender: Sender,
    buffer: FrameBuffer<Vec<u8>>,
    bytes: usize,
    frames: usize,
    tones: Tones,
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
            },
            recording: Recording {
                folder,
                begun,
                begun_at: SystemTime::now(),
                held: Vec::new(),
                running: None,
            },
            sides: Sender::BOTH.map(Side::new),
            ending: None,
        }
    }

    /// Takes in what was seen.
    pub fn see(&mut self, at: Instant, entry: Entry<'_>) {
        self.recording.add(entry);
        let Entry { sender, what, .. } = entry;
        let TapWatch {
            log,
            recording,
            sides: [caller, server],
            ending,
        } = self;
        let side = match sender {
            Sender::Caller => caller,
            Sender::Server => server,
        };
        match what {
            Seen::Bytes(bytes) => side.decode(bytes, |frame, tones| {
                let message = frame.message();
                if let (Sender::Caller, Ok(Message::Uuid(uuid))) = (sender, message) {
                    log.uuid.get_or_insert(uuid);
                }
                // A server may send something before the UUID comes.
                if sender == Sender::Caller {
                    log.begin();
                    recording.begin(log);
                }
                match message {
                    Ok(Message::Audio(audio)) => {
                        recording.add_sound(sender, audio, at);
                        for tone in tones.hear(audio) {
                            log.add_tone(sender, entry.at, tone);
                        }
                    }
                    Ok(Message::Dtmf(dtmf)) => log.add_dtmf(sender, entry.at, dtmf),
                    Ok(Message::Hangup) => Ended::note(ending, entry, Ending::Hangup),
                    Ok(_) => {}
                    Err(error) => log.add_malformed(sender, entry.at, &error.to_string()),
                }
            }),
            Seen::Closed => Ended::note(ending, entry, Ending::Closed),
            Seen::Reset => Ended::note(ending, entry, Ending::Reset),
            Seen::TakesNoMore => {}
        }
    }

    /// Tells of a fault of the server.
    pub fn add_finding(&self, finding: &Finding) {
        let log = &self.log;
        log.add(
            Importance::Detail,
            finding.fields(log.object("violation")),
            finding.text(&format!("{} ", log.short())),
        );
    }

    /// Sums it up.
    pub fn end(&mut self, at: Instant) {
        let TapWatch {
            log,
            recording,
            sides,
            ending,
        } = self;
        let since_begun = at.saturating_duration_since(recording.begun);
        for side in sides.iter_mut() {
            for tone in side.tones.finish() {
                log.add_tone(side.sender, since_begun, tone);
            }
        }
        if sides.iter().all(|side| side.bytes == 0) {
            log.add_probe();
            return;
        }
        log.begin();
        recording.begin(log);
        log.add_end(*ending, since_begun.as_secs_f64(), sides);
    }
}

impl Side {
    fn new(sender: Sender) -> Side {
        Side {
            sender,
            // No frame is too long for it.
            buffer: FrameBuffer::new(vec![0; Frame::MAX_LEN]),
            bytes: 0,
            frames: 0,
            tones: Tones::default(),
        }
    }

    /// Calls `see` for each frame that is whole with these bytes.
    fn decode(&mut self, bytes: &[u8], mut see: impl FnMut(Frame<'_>, &mut Tones)) {
        self.bytes += bytes.len();
        let mut rest = bytes;
        while !rest.is_empty() {
            let spare = self.buffer.spare();
            let count = spare.len().min(rest.len());
            let (now, later) = rest.split_at(count);
            if let Some(room) = spare.get_mut(..count) {
                room.copy_from_slice(now);
            }
            self.buffer.filled(count);
            rest = later;
            while let Decoded::Frame(frame) = self.buffer.next_frame() {
                self.frames += 1;
                see(frame, &mut self.tones);
            }
        }
    }
}

/// The recordings of a call, and what has come before they could have a name.
struct Recording<'a> {
    folder: Option<Folder<'a>>,
    begun: Instant,
    begun_at: SystemTime,
    held: Vec<(Sender, Duration, Vec<u8>)>,
    running: Option<Running>,
}

struct Running {
    bytes: ByteRecorder,
    tell_sound: Box<dyn FnMut(Direction, Audio<'_>, Instant) + Send>,
    _sound: Recorder,
}

impl Recording<'_> {
    fn add(&mut self, entry: Entry<'_>) {
        match (&self.running, entry.what) {
            (Some(running), _) => running.bytes.add(entry),
            (None, Seen::Bytes(bytes)) if self.folder.is_some() => {
                self.held.push((entry.sender, entry.at, bytes.to_vec()));
            }
            (None, _) => {}
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
        for (sender, at, held) in self.held.drain(..) {
            let what = Seen::Bytes(&held);
            bytes.add(Entry { sender, at, what });
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
}

impl Log<'_> {
    /// Tells that there is a call, unless that has been done.
    fn begin(&mut self) {
        if std::mem::replace(&mut self.is_begun, true) {
            return;
        }
        let peer = self.peer;
        let short = self.short();
        self.add(
            Importance::Call,
            self.object("call").text("peer", &peer.to_string()),
            match self.uuid {
                Some(uuid) => format!("{short} call {uuid}\n{short} from {peer}"),
                None => format!("{short} a call without a UUID\n{short} from {peer}"),
            },
        );
    }

    /// Of a connection without a byte.
    fn add_probe(&self) {
        let peer = self.peer;
        self.add(
            Importance::Detail,
            Object::event("probe").text("peer", &peer.to_string()),
            format!("{peer} came and went without a byte"),
        );
    }

    fn add_dtmf(&self, sender: Sender, at: Duration, dtmf: Dtmf) {
        self.add_event(
            sender,
            at,
            |object| dtmf_fields(object, dtmf),
            "dtmf",
            &Message::Dtmf(dtmf).to_string(),
        );
    }

    fn add_tone(&self, sender: Sender, at: Duration, tone: Tone) {
        let Tone {
            digit, duration_ms, ..
        } = tone;
        // It is told when it is over.
        self.add_event(
            sender,
            at,
            |object| {
                object
                    .text("digit", &digit.to_string())
                    .number("duration_ms", duration_ms as usize)
            },
            "tone",
            &format!("digit {digit} as sound, {duration_ms} ms"),
        );
    }

    fn add_malformed(&self, sender: Sender, at: Duration, error: &str) {
        self.add_event(
            sender,
            at,
            |object| object.text("malformed", error),
            "malformed",
            &format!("MALFORMED: {error}"),
        );
    }

    fn warn(&self, text: &str) {
        let short = self.short();
        self.add(
            Importance::Warning,
            self.object("warning").text("text", text),
            format!("{short} {text}"),
        );
    }

    fn add_end(&self, ended: Option<Ended>, seconds: f64, sides: &[Side; 2]) {
        let short = self.short();
        let (by, reason, text) = match ended {
            Some(Ended { by, how, .. }) => (by.to_string(), how.name(), how.text(by)),
            None => (
                String::from("tap"),
                "stopped",
                String::from("the tap was stopped"),
            ),
        };
        let [caller, server] = sides;
        let over = wrapped(
            &format!("{short} over after {seconds:.1} s: "),
            &format!("{short} "),
            &text,
        );
        let from_caller = counted(caller.frames, "frame");
        let from_server = counted(server.frames, "frame");
        self.add(
            Importance::Call,
            self.object("hangup")
                .text("by", &by)
                .text("reason", reason)
                .thousandths("seconds", seconds)
                .number("frames_to_server", caller.frames)
                .number("frames_to_caller", server.frames)
                .number("bytes_to_server", caller.bytes)
                .number("bytes_to_caller", server.bytes),
            format!("{over}\n{short} caller sent {from_caller}, server {from_server}"),
        );
    }

    fn add_event(
        &self,
        sender: Sender,
        at: Duration,
        fields: impl FnOnce(Object) -> Object,
        name: &str,
        text: &str,
    ) {
        let short = self.short();
        let object = self
            .object(name)
            .text("direction", sender.direction())
            .thousandths("at_ms", at.as_secs_f64() * 1000.0);
        let start = format!("{short} {:.3} s {sender}: ", at.as_secs_f64());
        let text = wrapped(&start, &format!("{short}   "), text);
        self.add(Importance::Detail, fields(object), text);
    }

    fn add(&self, importance: Importance, json: Object, text: String) {
        self.reports.add(Report {
            importance,
            json,
            text,
        });
    }

    fn object(&self, event: &str) -> Object {
        let object = Object::event(event);
        match self.uuid {
            Some(uuid) => object.text("uuid", &uuid.to_string()),
            None => object.text("peer", &self.peer.to_string()),
        }
    }

    /// What tells calls apart in the lines for people.
    fn short(&self) -> String {
        match self.uuid {
            Some(uuid) => short(uuid),
            None => format!("port {}", self.peer.port()),
        }
    }
}

impl Ended {
    /// Notes an end, unless there was one before it: they need not be seen in the order in which they came.
    fn note(ended: &mut Option<Ended>, entry: Entry<'_>, how: Ending) {
        if ended.is_none_or(|before| entry.at < before.at) {
            *ended = Some(Ended {
                at: entry.at,
                by: entry.sender,
                how,
            });
        }
    }
}

impl Ending {
    const fn name(self) -> &'static str {
        match self {
            Ending::Hangup => "hangup",
            Ending::Closed => "closed",
            Ending::Reset => "reset",
        }
    }

    fn text(self, sender: Sender) -> String {
        String::from(match (sender, self) {
            (Sender::Server, Ending::Hangup) => "the server hung up (0x00)",
            (Sender::Server, Ending::Closed) => "the server closed without a hangup frame",
            (Sender::Server, Ending::Reset) => "the server reset the connection",
            // Asterisk sends no hangup frame.
            (Sender::Caller, Ending::Hangup) => "the caller sent a hangup frame (0x00)",
            (Sender::Caller, Ending::Closed) => "the caller hung up",
            (Sender::Caller, Ending::Reset) => "the caller's side reset the connection",
        })
    }
}
