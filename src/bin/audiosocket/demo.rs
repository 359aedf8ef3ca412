//! `audiosocket demo`: a server and a simulated Asterisk in one process, so that a newcomer sees a whole call.

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{
    Call, Event, Listener, SendError, Server, SimulatedAsterisk, SimulatedCaller,
};
use audiosocket::wire::{Digit, Dtmf, Message, SampleRate};

use crate::args::{Arg, Args};
use crate::failure::Failure;
use crate::frame_times::FrameTimes;
use crate::output::Output;
use crate::rising_tone::RisingTone;

const HELP: &str = "\
audiosocket demo

A whole call in one process, over loopback: a server that
echoes, and a simulated Asterisk that talks for 3 s, presses
4, 2 and #, and checks that all of it comes back unaltered.

Exits 1 if anything was lost or altered, and names it.
";

/// What the caller does: talk for so many frames of 20 ms, then press a digit if there is one.
const SCRIPT: [(usize, Option<char>); 4] = [
    (50, Some('4')),
    (25, Some('2')),
    (25, Some('#')),
    (50, None),
];
const DIGIT_HELD: Duration = Duration::from_millis(100);
/// How long the caller waits for the rest of the echo. On loopback it takes a fraction of a millisecond, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn run(args: &mut Args) -> Result<(), Failure> {
    if let Some(arg) = args.next()? {
        return match arg {
            Arg::Option(option) if option == "--help" || option == "-h" => Output::new().text(HELP),
            arg => Err(args.unexpected(arg)),
        };
    }
    let output = Output::new();
    output.line(
        "A call between a server and a simulated Asterisk, both in\nthis process, over loopback.\n",
    )?;

    let server = Server::bind("127.0.0.1:0")
        .map_err(|error| Failure::Failed(format!("cannot listen on loopback: {error}")))?;
    let (address, handle) = (server.local_address(), server.handle());
    let timeline = Timeline::start();
    let server_heard = Mutex::new(Vec::new());
    let outcome = thread::scope(|scope| {
        scope.spawn(|| server.run(|call| answer(call, &timeline, &server_heard)));
        let outcome = place_call(address, &timeline);
        handle.shut_down(PATIENCE);
        outcome
    })?;
    output.text(&timeline.text())?;

    let server_heard = server_heard
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    output.text(&outcome.numbers())?;
    match outcome.first_fault(&server_heard) {
        None => output.line("\nok: nothing was lost or altered"),
        Some(fault) => Err(Failure::Failed(fault)),
    }
}

/// The server's side: the loop that any server has, and notes for the timeline.
fn answer(
    call: &mut Call,
    timeline: &Timeline,
    digits: &Mutex<Vec<Digit>>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    timeline.note(format!(
        "server    has the call, {}...",
        &call.uuid().to_string()[..8]
    ));
    let voice = call.voice();
    while let Some(event) = call.receive() {
        match event {
            Event::Message(Message::Audio(audio)) => voice.send(audio)?,
            Event::Message(Message::Dtmf(Dtmf::Digit(digit))) => {
                timeline.note(format!("server    hears digit {digit}"));
                digits
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(digit);
            }
            other => timeline.note(format!("server    gets {other:?}")),
        }
    }
    if let Some(end) = call.end() {
        timeline.note(format!("server    over: {end}"));
    }
    Ok(())
}

fn place_call(address: std::net::SocketAddr, timeline: &Timeline) -> Result<Outcome, Failure> {
    let uuid = SimulatedAsterisk::random_uuid();
    let mut asterisk = SimulatedAsterisk::connect(address, uuid)
        .map_err(|error| Failure::Failed(format!("cannot call {address}: {error}")))?;
    timeline.note(String::from("Asterisk  connects and sends the UUID"));
    let (listener, caller) = asterisk.split();
    let (sent, received) = thread::scope(|scope| {
        let (done, is_done) = mpsc::channel();
        let talking = scope.spawn(move || {
            let sent = talk(caller, timeline);
            // The listener may have ended first, with the call.
            let _ = done.send(Instant::now());
            sent
        });
        let received = listen(listener, &is_done, timeline);
        (talking.join(), received)
    });
    let sent = sent.map_err(|_| Failure::failed("the caller's thread panicked"))?;
    timeline.note(String::from("Asterisk  hangs up: closes the connection"));
    asterisk.hang_up();
    Ok(Outcome { sent, received })
}

#[derive(Debug, Default)]
struct Sent {
    audio: Vec<Vec<u8>>,
    at: Vec<Instant>,
    late: FrameTimes,
    digits: Vec<Digit>,
    failure: Option<SendError>,
}

fn talk(caller: &mut SimulatedCaller, timeline: &Timeline) -> Sent {
    let mut sent = Sent::default();
    timeline.note(String::from(
        "Asterisk  talks: a rising tone, 20 ms a frame",
    ));
    let mut tone = RisingTone::new(SampleRate::Hz8000);
    for (frames, digit) in SCRIPT {
        for _ in 0..frames {
            let audio = tone.next_frame();
            match caller.say(audio) {
                Ok(late) => sent.late.push(late),
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
        timeline.note(format!("Asterisk  presses {digit}: no audio for 0.12 s"));
        if let Err(error) = caller.press(digit, DIGIT_HELD) {
            sent.failure = Some(error);
            return sent;
        }
        sent.digits.push(digit);
    }
    timeline.note(String::from("Asterisk  has said all"));
    sent
}

#[derive(Debug, Default)]
struct Received {
    audio: Vec<Vec<u8>>,
    at: Vec<Instant>,
    /// Whatever came that was not audio.
    others: Vec<String>,
}

fn listen(
    listener: &mut Listener,
    is_done: &mpsc::Receiver<Instant>,
    timeline: &Timeline,
) -> Received {
    let expected: usize = SCRIPT.iter().map(|(frames, _)| frames).sum();
    let mut received = Received::default();
    let mut done_at = None;
    while received.audio.len() < expected {
        done_at = done_at.or_else(|| is_done.try_recv().ok());
        if done_at.is_some_and(|done_at| done_at.elapsed() > PATIENCE) {
            return received;
        }
        match listener.receive_until(Instant::now() + Duration::from_millis(100)) {
            None => break,
            Some(Event::TimeUp) => {}
            Some(Event::Message(Message::Audio(audio))) => {
                if received.audio.is_empty() {
                    timeline.note(String::from("Asterisk  hears the first echo"));
                }
                received.at.push(Instant::now());
                received.audio.push(audio.bytes().to_vec());
            }
            Some(other) => received.others.push(format!("{other:?}")),
        }
    }
    if let Some(end) = listener.end() {
        timeline.note(format!("Asterisk  over: {end}"));
    }
    received
}

/// What was sent and what came back.
#[derive(Debug)]
struct Outcome {
    sent: Sent,
    received: Received,
}

impl Outcome {
    fn numbers(&self) -> String {
        let frames = self.sent.audio.len();
        let equal = self
            .sent
            .audio
            .iter()
            .zip(&self.received.audio)
            .filter(|(sent, back)| sent == back);
        let mut text = format!(
            "\nsent        {frames} frames of audio, {} digits\nback        {} frames, {} of them equal in place\n",
            self.sent.digits.len(),
            self.received.audio.len(),
            equal.count(),
        );
        let mut echo = FrameTimes::default();
        for (sent, back) in self.sent.at.iter().zip(&self.received.at) {
            echo.push(back.saturating_duration_since(*sent));
        }
        for (what, times) in [("sent late", &self.sent.late), ("echo after", &echo)] {
            if let (Some(median), Some(worst)) = (times.percentile_ms(50), times.percentile_ms(100))
            {
                text += &format!("{what:<10}  {median:.2} ms at the median, {worst:.2} at worst\n");
            }
        }
        text
    }

    /// What was lost or altered first, in words.
    fn first_fault(&self, server_heard: &[Digit]) -> Option<String> {
        if let Some(error) = &self.sent.failure {
            return Some(format!(
                "after {} frames of audio: {error}",
                self.sent.audio.len()
            ));
        }
        if let Some(other) = self.received.others.first() {
            return Some(format!(
                "the server sent something else than audio: {other}"
            ));
        }
        first_difference(&self.sent.audio, &self.received.audio).or_else(|| {
            let word = |digits: &[Digit]| {
                digits
                    .iter()
                    .map(|digit| digit.to_char())
                    .collect::<String>()
            };
            (self.sent.digits != server_heard).then(|| {
                format!(
                    "pressed {}, the server heard {}",
                    word(&self.sent.digits),
                    word(server_heard)
                )
            })
        })
    }
}

/// The first difference between the frames sent, which all differ from each other, and those that came back.
fn first_difference(sent: &[Vec<u8>], back: &[Vec<u8>]) -> Option<String> {
    let total = sent.len();
    let place = sent.iter().zip(back).position(|(sent, back)| sent != back);
    let place = place.unwrap_or(total.min(back.len()));
    let number = place + 1;
    let Some(due) = sent.get(place) else {
        return back
            .get(place)
            .map(|_| format!("{} frames too many came back", back.len() - total));
    };
    let met = match back.get(place) {
        None => {
            return Some(format!(
                "audio frame {number} of {total} is missing, and all after it"
            ));
        }
        Some(met) => met,
    };
    if back.get(place + 1) == Some(due) {
        return Some(format!(
            "a frame too many came back before audio frame {number} of {total}"
        ));
    }
    if sent.get(number..).is_some_and(|later| later.contains(met)) {
        return Some(format!("audio frame {number} of {total} is missing"));
    }
    if due.len() != met.len() {
        return Some(format!(
            "audio frame {number} of {total} is altered: it has {} bytes instead of {}",
            met.len(),
            due.len()
        ));
    }
    let byte = due.iter().zip(met).position(|(due, met)| due != met)?;
    Some(format!(
        "audio frame {number} of {total} is altered: its byte {byte} is {:#04x} instead of {:#04x}",
        met[byte], due[byte]
    ))
}

/// What happened when, noted from several threads.
#[derive(Debug)]
struct Timeline {
    started: Instant,
    notes: Mutex<Vec<(Duration, String)>>,
}

impl Timeline {
    fn start() -> Timeline {
        Timeline {
            started: Instant::now(),
            notes: Mutex::new(Vec::new()),
        }
    }

    fn note(&self, note: String) {
        let at = self.started.elapsed();
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((at, note));
    }

    fn text(&self) -> String {
        let mut notes = self
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        notes.sort();
        notes
            .iter()
            .map(|(at, note)| format!("{:7.3} s  {note}\n", at.as_secs_f64()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Vec<u8>> {
        let mut tone = RisingTone::new(SampleRate::Hz8000);
        (0..150)
            .map(|_| tone.next_frame().bytes().to_vec())
            .collect()
    }

    #[test]
    fn every_fault_is_named() {
        let sent = frames();
        assert_eq!(first_difference(&sent, &sent), None);

        let mut back = sent.clone();
        back.remove(99);
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "audio frame 100 of 150 is missing"
        );

        let mut back = sent.clone();
        back[99][7] ^= 0x10;
        let altered = format!(
            "audio frame 100 of 150 is altered: its byte 7 is {:#04x} instead of {:#04x}",
            back[99][7], sent[99][7]
        );
        assert_eq!(first_difference(&sent, &back).unwrap(), altered);

        let mut back = sent.clone();
        back[0].truncate(318);
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "audio frame 1 of 150 is altered: it has 318 bytes instead of 320"
        );

        let mut back = sent.clone();
        back.insert(10, sent[9].clone());
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "a frame too many came back before audio frame 11 of 150"
        );

        assert_eq!(
            first_difference(&sent, &sent[..149]).unwrap(),
            "audio frame 150 of 150 is missing, and all after it"
        );
        assert_eq!(
            first_difference(&sent, &[]).unwrap(),
            "audio frame 1 of 150 is missing, and all after it"
        );
        let mut back = sent.clone();
        back.push(sent[0].clone());
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "1 frames too many came back"
        );
    }
}
