//! Servers with one fault each, for a simulated Asterisk and for a real one.

// Each program that includes this file uses a part of it.
#![allow(dead_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audiosocket::asterisk::{Rule, Rules, Violation};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::{Audio, SampleRate};

/// A server with a fault.
pub struct Fault {
    pub name: &'static str,
    /// The fault in words.
    pub does: &'static str,
    /// The rules it violates, in the order in which a judge finds them, in a version that has these rules.
    pub breaks: &'static [Rule],
    pub caller: Caller,
    /// Serves one connection.
    pub serve: fn(TcpStream) -> io::Result<()>,
}

/// What the caller has to do to make the fault visible.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    Talks,
    KeepsSilent,
}

impl Fault {
    pub fn named(name: &str) -> Option<&'static Fault> {
        let mut faults = FAULTS.iter().chain([&PAUSE_OF_20_MS]);
        faults.find(|fault| fault.name == name)
    }

    /// The rules it violates in a version and in the way it calls, up to the rule that ends the call.
    pub fn breaks_in(&self, rules: impl Into<Rules>) -> Vec<Rule> {
        let rules = rules.into();
        let mut broken = Vec::new();
        for rule in self.breaks {
            if let Some(consequence) = rules.consequence(*rule) {
                broken.push(*rule);
                if consequence.ends_call() {
                    break;
                }
            }
        }
        broken
    }

    /// Whether a call to it ends by itself. A call to a silent server does not, in a version without a limit for silence.
    pub fn ends_in(&self, rules: impl Into<Rules>) -> bool {
        self.breaks != [Rule::Idle] || !self.breaks_in(rules).is_empty()
    }

    /// The findings of one call.
    pub fn verdict(&self, rules: impl Into<Rules>) -> Vec<Violation> {
        let (address, server) = self.serve_once();
        let uuid = SimulatedAsterisk::random_uuid();
        let asterisk = SimulatedAsterisk::connect_judged(address, uuid, rules).unwrap();
        let violations = place(asterisk, self.caller);
        server.join().unwrap();
        violations
    }

    /// Serves one call on a separate thread.
    pub fn serve_once(&self) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = self.serve;
        let server = thread::spawn(move || {
            // On Windows, a program that another test starts inherits every accepted connection and keeps it open, but no clone.
            let stream = listener.accept().unwrap().0.try_clone().unwrap();
            // The handler may fail because Asterisk ends the call when it finds the fault.
            let _ = serve(stream);
        });
        (address, server)
    }
}

/// Makes the whole call and returns the findings.
pub fn place(mut asterisk: SimulatedAsterisk, does: Caller) -> Vec<Violation> {
    let (listener, caller) = asterisk.split();
    thread::scope(|scope| {
        if does == Caller::Talks {
            let audio = Audio::new(SampleRate::Hz8000, &[7; 320]).unwrap();
            scope.spawn(move || while caller.send_frame(audio).is_ok() {});
        }
        while listener.receive().is_some() {}
    });
    asterisk.hang_up()
}

const fn fault(
    name: &'static str,
    does: &'static str,
    breaks: &'static [Rule],
    caller: Caller,
    serve: fn(TcpStream) -> io::Result<()>,
) -> Fault {
    Fault {
        name,
        does,
        breaks,
        caller,
        serve,
    }
}

use Caller::{KeepsSilent, Talks};

/// Only for tests in which the judge is never late. A judge that is later than this does not see the fault.
pub const PAUSE_OF_20_MS: Fault = fault(
    "pause-of-20-ms",
    "pauses for the time of a frame after the header",
    &[Rule::SplitPayload],
    Talks,
    |stream| {
        let mut stream = in_talk(stream)?;
        let frame = audio_frame(0x10, 320);
        stream.write_all(&frame[..3])?;
        thread::sleep(Duration::from_millis(20));
        stream.write_all(&frame[3..])?;
        end_well(stream)
    },
);

pub const FAULTS: [Fault; 25] = [
    fault(
        "none",
        "echoes, and hangs up after 25 frames",
        &[],
        Talks,
        |stream| {
            let mut stream = greeted(stream)?;
            for _ in 0..25 {
                let frame = read_frame(&mut stream)?;
                stream.write_all(&frame)?;
            }
            end_well(stream)
        },
    ),
    fault(
        "empty-audio",
        "sends a frame of audio without a sample",
        &[Rule::EmptyAudio],
        Talks,
        |stream| send_and_end(stream, &[0x10, 0, 0]),
    ),
    fault(
        "kind-01",
        "sends the UUID back",
        &[Rule::ForbiddenKind],
        Talks,
        |stream| {
            send_and_end(
                stream,
                &[1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
            )
        },
    ),
    fault(
        "kind-02",
        "sends a digit of the start-stop dialect",
        &[Rule::ForbiddenKind],
        Talks,
        |stream| send_and_end(stream, &[2, 0, 6, 1, b'5', 0, 0, 0, 0]),
    ),
    fault(
        "kind-03",
        "sends a digit",
        &[Rule::ForbiddenKind],
        Talks,
        |stream| send_and_end(stream, &[3, 0, 1, b'5']),
    ),
    fault(
        "kind-20",
        "sends a kind that nobody knows",
        &[Rule::ForbiddenKind],
        Talks,
        |stream| send_and_end(stream, &[0x20, 0, 2, 7, 7]),
    ),
    fault(
        "kind-ff",
        "sends an error",
        &[Rule::ForbiddenKind],
        Talks,
        |stream| send_and_end(stream, &[0xff, 0, 1, 4]),
    ),
    fault(
        "audio-16k",
        "sends audio of 16 kHz",
        &[Rule::UnknownRate],
        Talks,
        |stream| send_and_end(stream, &audio_frame(0x12, 640)),
    ),
    fault(
        "odd-length",
        "sends half a sample, and 0.2 s of faint audio behind it",
        &[Rule::OddLength],
        Talks,
        |stream| {
            let mut stream = in_talk(stream)?;
            stream.write_all(&[audio_frame(0x10, 321), faint_frame().repeat(10)].concat())?;
            // Through `Dial()`, Asterisk drops audio that a hangup follows at once.
            pause(&stream, PAUSE)?;
            end_well(stream)
        },
    ),
    fault(
        "little-endian",
        "sends lengths with the low byte first",
        &[Rule::SplitPayload],
        Talks,
        |stream| {
            let mut stream = greeted(stream)?;
            for _ in 0..25 {
                let mut frame = read_frame(&mut stream)?;
                frame.swap(1, 2);
                stream.write_all(&frame)?;
            }
            end_well(stream)
        },
    ),
    fault(
        "pause-after-kind",
        "pauses for 1.5 s after the first byte",
        &[Rule::SplitHeader],
        Talks,
        |stream| send_in_parts(stream, &[1]),
    ),
    fault(
        "pause-in-length",
        "pauses for 1.5 s after the second byte",
        &[Rule::SplitHeader],
        Talks,
        |stream| send_in_parts(stream, &[2]),
    ),
    fault(
        "stall-after-kind",
        "sends one byte, and nothing more for 3 s",
        &[Rule::SplitHeader, Rule::StalledHeader],
        Talks,
        |stream| {
            let mut stream = in_talk(stream)?;
            stream.write_all(&[0x10])?;
            pause(&stream, STALL)?;
            // The end of the stream releases an Asterisk that waits.
            stream.shutdown(Shutdown::Write)?;
            drain(&stream)
        },
    ),
    fault(
        "pause-after-header",
        "pauses for 1.5 s after the header",
        &[Rule::SplitPayload],
        Talks,
        |stream| send_in_parts(stream, &[3]),
    ),
    fault(
        "pause-in-payload",
        "pauses for 1.5 s inside the payload",
        &[Rule::SplitPayload],
        Talks,
        |stream| send_in_parts(stream, &[160]),
    ),
    fault(
        "chunks",
        "sends 512 bytes every 1.5 s, whatever the frames",
        &[Rule::SplitPayload],
        Talks,
        |stream| {
            let mut stream = in_talk(stream)?;
            for chunk in audio_frame(0x10, 320).repeat(50).chunks(512) {
                stream.write_all(chunk)?;
                pause(&stream, PAUSE)?;
            }
            end_well(stream)
        },
    ),
    fault(
        "nagle",
        "echoes every fifth frame, with two writes and Nagle on",
        &[Rule::SplitPayload],
        Talks,
        |mut stream| {
            stream.set_nodelay(false)?;
            read_uuid(&mut stream)?;
            // The kernel sends a header at once if all earlier bytes are acknowledged, and its payload only with the caller's next
            // frame. If this server echoed every frame, the next header would wait behind that payload, and all later frames would
            // go out whole. A late judge sees both parts together. So the server echoes each fifth frame until Asterisk ends the
            // call, for at most 20 s.
            for number in 0..1000 {
                let frame = read_frame(&mut stream)?;
                if number % 5 == 0 {
                    stream.write_all(&frame[..3])?;
                    stream.write_all(&frame[3..])?;
                }
            }
            end_well(stream)
        },
    ),
    fault(
        "at-once",
        "sends 10 s of audio at once",
        &[Rule::TooFast, Rule::QueueOverflow],
        Talks,
        |stream| {
            let mut stream = greeted(stream)?;
            stream.write_all(&audio_frame(0x10, 320).repeat(500))?;
            end_well(stream)
        },
    ),
    fault(
        "twice-real-time",
        // Well below the queue of 2 s.
        "sends 3.2 s of audio in 1.6 s",
        &[Rule::TooFast],
        Talks,
        |stream| {
            let mut stream = greeted(stream)?;
            let mut due = Instant::now();
            for _ in 0..160 {
                let now = Instant::now();
                // A stall empties Asterisk's queue. If this server caught up after it, the queue would overflow later.
                due = due.max(now - Duration::from_millis(100));
                thread::sleep(due.saturating_duration_since(now));
                stream.write_all(&audio_frame(0x10, 320))?;
                due += Duration::from_millis(10);
            }
            end_well(stream)
        },
    ),
    fault(
        "mute",
        "sends nothing, until the caller has gone",
        &[Rule::Idle],
        KeepsSilent,
        |mut stream| {
            read_uuid(&mut stream)?;
            drain(&stream)
        },
    ),
    fault(
        "close-unread",
        "closes with audio unread",
        &[Rule::Reset],
        Talks,
        |stream| {
            let mut stream = greeted(stream)?;
            // Leaves bytes unread.
            stream.peek(&mut [0])?;
            stream.flush()
        },
    ),
    fault(
        "hangup-unread",
        "hangs up and closes at once, with audio unread",
        &[Rule::Reset],
        Talks,
        |stream| {
            let mut stream = greeted(stream)?;
            stream.peek(&mut [0])?;
            stream.write_all(&HANGUP)
        },
    ),
    fault(
        "close-bare",
        "closes without a hangup frame",
        &[Rule::NoHangup],
        KeepsSilent,
        |stream| greeted(stream).map(drop),
    ),
    fault(
        "close-in-payload",
        "closes inside a payload",
        &[Rule::Truncated],
        KeepsSilent,
        |stream| greeted(stream)?.write_all(&audio_frame(0x10, 320)[..160]),
    ),
    fault(
        "half-close",
        "closes its direction alone, without a hangup frame",
        &[Rule::NoHangup],
        Talks,
        |stream| {
            let stream = in_talk(stream)?;
            stream.shutdown(Shutdown::Write)?;
            drain(&stream)
        },
    ),
];

const HANGUP: [u8; 3] = [0, 0, 0];

/// How long a pause lasts, unless Asterisk ends the call during it. It is many times what Asterisk waits, so that the judge looks
/// twice even on a busy machine. It is less than 96 frames of the caller, which Asterisk keeps in its queue (measured with 22.10).
const PAUSE: Duration = Duration::from_millis(1500);

/// Longer than 2 s, so that a header counts as stalled.
const STALL: Duration = Duration::from_secs(3);

fn pause(mut stream: &TcpStream, duration: Duration) -> io::Result<()> {
    let started = Instant::now();
    loop {
        let left = duration.saturating_sub(started.elapsed());
        if left < Duration::from_millis(1) {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
            Ok(_) => {}
            // The time is up, which is `TimedOut` on Windows.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

fn audio_frame(kind: u8, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    let mut frame = vec![kind, high, low];
    frame.resize(usize::from(len) + 3, 0);
    frame
}

/// 20 ms of samples with the value 96. If half a sample is missing or added, they become samples of 24,576, which are easy to hear.
fn faint_frame() -> Vec<u8> {
    [&[0x10, 1, 64][..], &[96, 0].repeat(160)].concat()
}

fn read_uuid(stream: &mut TcpStream) -> io::Result<()> {
    stream.read_exact(&mut [0; 19])
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut header = [0; 3];
    stream.read_exact(&mut header)?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
    stream.read_exact(&mut frame)?;
    Ok([&header[..], &frame].concat())
}

/// Starts a call with a talking caller correctly, and returns once the caller is heard. Through `Dial()`, Asterisk may lose what
/// the server sends while it builds its bridge.
fn in_talk(stream: TcpStream) -> io::Result<TcpStream> {
    let mut stream = greeted(stream)?;
    read_frame(&mut stream)?;
    Ok(stream)
}

/// Starts the call correctly: no Nagle, and a frame of silence after the UUID.
fn greeted(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    read_uuid(&mut stream)?;
    stream.write_all(&audio_frame(0x10, 320))?;
    Ok(stream)
}

fn send_and_end(stream: TcpStream, frame: &[u8]) -> io::Result<()> {
    let mut stream = in_talk(stream)?;
    stream.write_all(frame)?;
    end_well(stream)
}

fn send_in_parts(stream: TcpStream, cuts: &[usize]) -> io::Result<()> {
    let mut stream = in_talk(stream)?;
    let frame = audio_frame(0x10, 320);
    let mut sent = 0;
    for cut in cuts {
        stream.write_all(&frame[sent..*cut])?;
        pause(&stream, PAUSE)?;
        sent = *cut;
    }
    stream.write_all(&frame[sent..])?;
    end_well(stream)
}

/// Ends the call correctly: a hangup, nothing after it, and reads to the end of the peer's stream.
fn end_well(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&HANGUP)?;
    stream.shutdown(Shutdown::Write)?;
    drain(&stream)
}

fn drain(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    while stream.read(&mut [0; 4096])? > 0 {}
    Ok(())
}
