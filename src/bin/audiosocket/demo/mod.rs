//! `audiosocket demo`: runs a server and a simulated Asterisk in one process, to show a new user a whole call.

mod difference;
mod rising_tone;
mod timeline;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, CallReceiver, Event, SendError};
use audiosocket::server::Server;
use audiosocket::simulator::{SimulatedAsterisk, SimulatedCaller, SimulatedConnection};
use audiosocket::wire::{Digit, Dtmf, Message, SampleRate};

use crate::args::Args;
use crate::failure::{Failure, cannot_start_a_thread};
use crate::histogram::Histogram;
use crate::on_panic::OnPanic;
use crate::output::Output;
use crate::text::counted;
use difference::{equal_at_start, first_difference};
use rising_tone::RisingTone;
use timeline::Timeline;

const HELP: &str = "\
audiosocket demo

Runs a call in one process, over loopback. A simulated
Asterisk plays a tone for 3 s and presses 4, 2 and #, each
for 0.1 s. A server sends the audio back. At the end, the
command checks that every frame and digit arrived unaltered.

Prints the events of the call, with the time of each, then:

  sent        frames and digits that Asterisk sent
  received    frames that came back
  lateness    how late the frames were sent
  round trip  time from sending a frame to its echo

Exits 1 if a frame or digit was lost or altered, and prints
the first one.

Example:
  audiosocket demo
";

/// Caller's script: a number of 20 ms frames to send, then a digit to press, if any.
const SCRIPT: [(usize, Option<char>); 4] = [
    (50, Some('4')),
    (25, Some('2')),
    (25, Some('#')),
    (50, None),
];
const DIGIT_HELD: Duration = Duration::from_millis(100);
/// How long the caller waits for the rest of the echo. It takes a fraction of a millisecond on loopback, and more on a busy
/// machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the caller keeps receiving after the last expected frame, to detect an extra one.
const LISTEN_ON: Duration = Duration::from_millis(100);

pub fn run(args: &mut Args) -> Result<(), Failure> {
    let output = Output::new();
    match args.next_option()?.as_deref() {
        None => demonstrate(answer, LISTEN_ON, |text| output.text(text)),
        Some("--help" | "-h") => {
            args.end()?;
            output.text(HELP)
        }
        Some(_) => Err(args.unknown()),
    }
}

/// Runs the whole demonstration. `answer` handles the calls, so tests can pass a faulty one.
fn demonstrate(
    answer: impl Fn(&mut Call, &ServerNotes<'_>) -> Result<(), SendError> + Sync,
    listen_on: Duration,
    mut print: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    print(
        "A call from a simulated Asterisk to a server, both in this\nprocess, over loopback.\n\n",
    )?;
    // The server sends no silence of its own, so each frame it returns is one that was sent.
    let only_echo = CallOptions::default()
        .initial_silence(false)
        .keep_alive(None);
    let incidents = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&incidents);
    let server = Server::builder()
        .call_options(only_echo)
        .on_incident(move |incident| {
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push(incident.to_string());
        })
        .bind("127.0.0.1:0")
        .map_err(|error| Failure::Failed(format!("cannot listen on loopback: {error}")))?;
    let (address, handle) = (server.local_addr(), server.handle());
    let timeline = Timeline::start();
    let notes = ServerNotes {
        timeline: &timeline,
        digits: Mutex::new(Vec::new()),
    };
    let outcome = thread::scope(|scope| {
        let serving = thread::Builder::new()
            .spawn_scoped(scope, || server.run(|call| Ok(answer(call, &notes)?)))
            .map_err(|error| cannot_start_a_thread(&error))?;
        let _stops = OnPanic(|| handle.shut_down(Duration::ZERO));
        let outcome = place_call(address, listen_on, &timeline);
        handle.shut_down(PATIENCE);
        match serving.join() {
            Ok(Ok(())) => outcome,
            Ok(Err(error)) => Err(cannot_start_a_thread(&error)),
            Err(_) => Err(Failure::failed("the server's thread panicked")),
        }
    })?;
    let server_received = notes
        .digits
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    print(&timeline.text())?;
    print(&outcome.numbers())?;
    // The cause of a fault, for example a lack of threads.
    let incidents = incidents.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(incident) = incidents.first() {
        return Err(Failure::Failed(incident.clone()));
    }
    match outcome.first_fault(&server_received) {
        None => print("\nok: nothing was lost or altered\n"),
        Some(fault) => Err(Failure::Failed(fault)),
    }
}

/// Notes of the server's side.
#[derive(Debug)]
struct ServerNotes<'a> {
    timeline: &'a Timeline,
    digits: Mutex<Vec<Digit>>,
}

impl ServerNotes<'_> {
    fn note(&self, note: &str) {
        self.timeline.note(&format!("server    {note}"));
    }

    fn receives(&self, digit: Digit) {
        self.note(&format!("receives digit {digit}"));
        self.digits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(digit);
    }
}

/// Handles a call with the loop of a typical server, and adds notes to the timeline.
fn answer(call: &mut Call, notes: &ServerNotes<'_>) -> Result<(), SendError> {
    notes.note(&format!(
        "accepts call {}...",
        &call.uuid().to_string()[..8]
    ));
    let voice = call.voice();
    while let Some(event) = call.receive() {
        match event {
            Event::Message(Message::Audio(audio)) => voice.send_now(audio)?,
            Event::Message(Message::Dtmf(Dtmf::Digit(digit))) => notes.receives(digit),
            other => notes.note(&format!("receives {other}")),
        }
    }
    if let Some(end) = call.end() {
        notes.note(&format!("ended: {end}"));
    }
    Ok(())
}

fn place_call(
    address: SocketAddr,
    listen_on: Duration,
    timeline: &Timeline,
) -> Result<Outcome, Failure> {
    let uuid = SimulatedAsterisk::random_uuid();
    let mut asterisk = SimulatedAsterisk::connect(address, uuid)
        .map_err(|error| Failure::Failed(format!("cannot call {address}: {error}")))?;
    timeline.note("Asterisk  connects and sends the UUID");
    let (listener, caller) = asterisk.split();
    let (sent, received) = thread::scope(|scope| {
        let (done, is_done) = mpsc::channel();
        let talk = move || {
            let sent = talk(caller, timeline);
            // The receiver may have ended first, with the call.
            let _ = done.send(Instant::now());
            sent
        };
        let talking = thread::Builder::new()
            .spawn_scoped(scope, talk)
            .map_err(|error| cannot_start_a_thread(&error))?;
        let received = listen(listener, &is_done, listen_on, timeline);
        Ok::<_, Failure>((talking.join(), received))
    })?;
    let sent = sent.map_err(|_| Failure::failed("the caller's thread panicked"))?;
    timeline.note("Asterisk  hangs up: closes the connection");
    asterisk.hang_up();
    Ok(Outcome { sent, received })
}

#[derive(Debug, Default)]
struct Sent {
    audio: Vec<Vec<u8>>,
    at: Vec<Instant>,
    late: Histogram,
    digits: Vec<Digit>,
    failure: Option<SendError>,
}

fn talk(caller: &mut SimulatedCaller, timeline: &Timeline) -> Sent {
    let mut sent = Sent::default();
    timeline.note("Asterisk  plays a rising tone in 20 ms frames");
    let mut tone = RisingTone::new(SampleRate::Hz8000);
    for (frames, digit) in SCRIPT {
        for _ in 0..frames {
            let audio = tone.next_frame();
            match caller.send_frame(audio) {
                Ok(late) => sent.late.add(late),
                Err(error) => {
                    sent.failure = Some(error);
                    return sent;
                }
            }
            sent.at.push(Instant::now());
            sent.audio.push(audio.bytes().to_vec());
        }
        let Some(digit) = digit.and_then(|digit| Digit::try_from(digit).ok()) else {
            continue;
        };
        timeline.note(&format!(
            "Asterisk  presses {digit} for 0.1 s, without audio"
        ));
        if let Err(error) = caller.press(digit, DIGIT_HELD) {
            sent.failure = Some(error);
            return sent;
        }
        sent.digits.push(digit);
    }
    timeline.note("Asterisk  stops playing");
    sent
}

#[derive(Debug, Default)]
struct Received {
    audio: Vec<Vec<u8>>,
    at: Vec<Instant>,
    /// Received messages that are not audio.
    others: Vec<String>,
}

fn listen(
    listener: &mut CallReceiver<SimulatedConnection>,
    is_done: &mpsc::Receiver<Instant>,
    listen_on: Duration,
    timeline: &Timeline,
) -> Received {
    let expected: usize = SCRIPT.iter().map(|(frames, _)| frames).sum();
    let mut received = Received::default();
    let mut done_at: Option<Instant> = None;
    // Set when all expected frames have arrived.
    let mut complete_at: Option<Instant> = None;
    loop {
        let now = Instant::now();
        done_at = done_at.or_else(|| is_done.try_recv().ok());
        let ends_at = match (complete_at, done_at) {
            (Some(complete_at), _) => Some(complete_at + listen_on),
            (None, Some(done_at)) => Some(done_at + PATIENCE),
            (None, None) => None,
        };
        if ends_at.is_some_and(|ends_at| ends_at <= now) {
            return received;
        }
        let next_look = now + Duration::from_millis(100);
        match listener.receive_until(ends_at.map_or(next_look, |ends_at| ends_at.min(next_look))) {
            None => break,
            Some(Event::TimeUp) => {}
            Some(Event::Message(Message::Audio(audio))) => {
                if received.audio.is_empty() {
                    timeline.note("Asterisk  receives the first echo");
                }
                received.at.push(Instant::now());
                received.audio.push(audio.bytes().to_vec());
                if received.audio.len() == expected {
                    complete_at = Some(Instant::now());
                }
            }
            Some(other) => received.others.push(other.to_string()),
        }
    }
    if let Some(end) = listener.end() {
        timeline.note(&format!("Asterisk  ended: {end}"));
    }
    received
}

/// Frames sent and received.
#[derive(Debug)]
struct Outcome {
    sent: Sent,
    received: Received,
}

impl Outcome {
    fn numbers(&self) -> String {
        let equal = self
            .sent
            .audio
            .iter()
            .zip(&self.received.audio)
            .filter(|(sent, back)| sent == back);
        let mut text = format!(
            "\nsent        {} of audio, {}\nreceived    {}, {} of them unaltered and in place\n",
            counted(self.sent.audio.len(), "frame"),
            counted(self.sent.digits.len(), "digit"),
            counted(self.received.audio.len(), "frame"),
            equal.count(),
        );
        let echo = Histogram::default();
        // After the first difference, frames cannot be paired with their echoes.
        let paired = equal_at_start(&self.sent.audio, &self.received.audio);
        for (sent, back) in self.sent.at.iter().zip(&self.received.at).take(paired) {
            echo.add(back.saturating_duration_since(*sent));
        }
        for (what, times) in [("lateness", &self.sent.late), ("round trip", &echo)] {
            if let (Some(median), Some(longest)) = (times.percentile_ms(50), times.longest_ms()) {
                text +=
                    &format!("{what:<10}  {median:.2} ms at the median, {longest:.2} ms at most\n");
            }
        }
        if paired > 0 && paired < self.sent.audio.len() {
            let frames = counted(paired, "frame");
            text += &format!("            ({frames}, up to the first fault)\n");
        }
        text
    }

    /// Describes the first frame or digit that was lost or altered.
    fn first_fault(&self, server_received: &[Digit]) -> Option<String> {
        if let Some(error) = &self.sent.failure {
            return Some(format!(
                "after {} of audio: {error}",
                counted(self.sent.audio.len(), "frame")
            ));
        }
        if let Some(other) = self.received.others.first() {
            return Some(format!("the server sent more than audio: {other}"));
        }
        first_difference(&self.sent.audio, &self.received.audio).or_else(|| {
            let word = |digits: &[Digit]| {
                digits
                    .iter()
                    .map(|digit| digit.to_char())
                    .collect::<String>()
            };
            (self.sent.digits != server_received).then(|| {
                format!(
                    "Asterisk pressed {}, but the server received {}",
                    word(&self.sent.digits),
                    word(server_received)
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use audiosocket::wire::Audio;

    use super::*;

    /// Runs the demonstration with a server that sends the frames `echo_of` returns for each audio frame. Returns the result and
    /// the printed text.
    fn demonstrate_with(
        listen_on: Duration,
        echo_of: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Sync,
    ) -> (Result<(), Failure>, String) {
        let mut printed = String::new();
        let answer = |call: &mut Call, notes: &ServerNotes<'_>| {
            let voice = call.voice();
            let mut number = 0;
            while let Some(event) = call.receive() {
                if let Some(audio) = event.audio() {
                    number += 1;
                    for bytes in echo_of(number, audio.bytes()) {
                        voice.send_now(Audio::new(audio.rate(), &bytes).unwrap())?;
                    }
                } else if let Some(Dtmf::Digit(digit)) = event.dtmf() {
                    notes.receives(digit);
                }
            }
            Ok(())
        };
        let result = demonstrate(answer, listen_on, |text| {
            printed += text;
            Ok(())
        });
        (result, printed)
    }

    #[track_caller]
    fn fault_with(echo_of: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Sync) -> (String, String) {
        match demonstrate_with(LISTEN_ON, echo_of) {
            (Err(Failure::Failed(fault)), printed) => (fault, printed),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn demo_passes_with_echo() {
        let (result, printed) = demonstrate_with(LISTEN_ON, |_, bytes| vec![bytes.to_vec()]);
        result.unwrap();
        assert!(printed.ends_with("\nok: nothing was lost or altered\n"));
        assert!(!printed.contains("up to the first fault"), "{printed}");
    }

    #[test]
    fn demo_fails_with_dropped_frame() {
        let (fault, printed) = fault_with(|number, bytes| match number {
            100 => vec![],
            _ => vec![bytes.to_vec()],
        });
        assert_eq!(fault, "audio frame 100 of 150 is missing");
        assert!(
            printed.contains("received    149 frames, 99 of them unaltered and in place\n"),
            "{printed}"
        );
        assert!(
            printed.ends_with("at most\n            (99 frames, up to the first fault)\n"),
            "{printed}"
        );
    }

    #[test]
    fn demo_fails_with_changed_byte() {
        let (fault, _) = fault_with(|number, bytes| {
            let mut bytes = bytes.to_vec();
            if number == 100 {
                bytes[7] = !bytes[7];
            }
            vec![bytes]
        });
        assert!(
            fault.starts_with("audio frame 100 of 150 is altered: its byte 7 is 0x"),
            "{fault}"
        );
    }

    #[test]
    fn demo_fails_with_repeated_last_frame() {
        // Long enough to receive the second frame on a busy machine too.
        let listen_on = Duration::from_secs(2);
        let (result, _) = demonstrate_with(listen_on, |number, bytes| match number {
            150 => vec![bytes.to_vec(), bytes.to_vec()],
            _ => vec![bytes.to_vec()],
        });
        let fault = result.unwrap_err().message().unwrap();
        assert_eq!(fault, "1 extra frame came back at the end");
    }

    #[test]
    fn demo_fails_with_swapped_frames() {
        let kept = Mutex::new(Vec::new());
        let (fault, _) = fault_with(|number, bytes| match number {
            100 => {
                *kept.lock().unwrap() = bytes.to_vec();
                vec![]
            }
            101 => vec![bytes.to_vec(), kept.lock().unwrap().clone()],
            _ => vec![bytes.to_vec()],
        });
        assert_eq!(fault, "audio frames 100 and 101 of 150 are swapped");
    }
}
