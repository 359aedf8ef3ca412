//! `audiosocket serve`: answers calls.

use std::error::Error;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, Event, Incident, Server, Speaker};
use audiosocket::wire::{Audio, Message, SampleRate, Uuid};

use crate::args::{Arg, Args};
use crate::failure::Failure;
use crate::inspect::{dtmf_fields, dtmf_text};
use crate::json::Object;
use crate::output::{self, Output};

const HELP: &str = "\
audiosocket serve --echo | --silence [OPTIONS]

Answers AudioSocket calls: sends the audio back, or silence.

  --listen ADDR       where; 127.0.0.1:9092 by default, and
                      port 0 lets the system choose
  --echo              send back what the caller says
  --silence           send silence
  --hang-up-after S   hang up each call after S seconds
  --calls N           stop after N calls in all
  --seconds S         stop after S seconds
  --json              one line of JSON for each event

  audiosocket serve --echo
  audiosocket serve --silence --listen 0.0.0.0:9092

In Asterisk's dialplan:
  same => n,AudioSocket(${UUID()},127.0.0.1:9092)
";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answer {
    Echo,
    Silence,
}

struct Options {
    listen: String,
    answer: Answer,
    hang_up_after: Option<Duration>,
    calls: Option<usize>,
    seconds: Option<Duration>,
    json: bool,
}

pub fn run(args: &mut Args) -> Result<(), Failure> {
    match options(args)? {
        Some(options) => serve(&options),
        None => Output::new().text(HELP),
    }
}

fn options(args: &mut Args) -> Result<Option<Options>, Failure> {
    let mut listen = String::from("127.0.0.1:9092");
    let mut answer = None;
    let (mut hang_up_after, mut calls, mut seconds) = (None, None, None);
    let mut json = false;
    while let Some(arg) = args.next()? {
        let option = match arg {
            Arg::Option(option) => option,
            value => return Err(args.unexpected(value)),
        };
        let wanted = match option.as_str() {
            "--echo" => Some(Answer::Echo),
            "--silence" => Some(Answer::Silence),
            _ => None,
        };
        if wanted.is_some() && answer.is_some() && answer != wanted {
            return Err(Failure::usage("--echo or --silence, not both"));
        }
        answer = wanted.or(answer);
        match option.as_str() {
            "--echo" | "--silence" => {}
            "--listen" => listen = args.text()?,
            "--hang-up-after" => hang_up_after = Some(args.seconds()?),
            "--calls" => calls = Some(args.count()?),
            "--seconds" => seconds = Some(args.seconds()?),
            "--json" => json = true,
            "--help" | "-h" => return Ok(None),
            _ => return Err(args.unexpected(Arg::Option(option))),
        }
    }
    let answer = answer
        .ok_or_else(|| Failure::usage("how are calls to be answered: --echo or --silence?"))?;
    Ok(Some(Options {
        listen,
        answer,
        hang_up_after,
        calls,
        seconds,
        json,
    }))
}

fn serve(options: &Options) -> Result<(), Failure> {
    let (report, reports) = mpsc::channel::<Report>();
    let incidents = report.clone();
    let server = Server::builder()
        .on_incident(move |incident| {
            // Nobody left to read reports means that the program is ending.
            let _ = incidents.send(Report::of_incident(incident));
        })
        .bind(&options.listen)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => Failure::Usage(format!(
                "--listen '{}' is no address: {error}",
                options.listen
            )),
            _ => Failure::Failed(format!("cannot listen on {}: {error}", options.listen)),
        })?;
    let address = server.local_address();
    let output = Output::new();
    output.line(&format!("listening on {address}"))?;
    if options.json {
        output.line(
            &Object::event("listening")
                .text("address", &address.to_string())
                .finish(),
        )?;
    }

    let handle = server.handle();
    let begun = AtomicUsize::new(0);
    let serving = {
        let handle = handle.clone();
        move || {
            let _ = server.run(|call| {
                let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(calls) = options.calls {
                    if number >= calls {
                        // No more calls, and all the time they want for those under way.
                        handle.shut_down(Duration::MAX);
                    }
                    if number > calls {
                        return Ok(());
                    }
                }
                Answering {
                    call,
                    options,
                    report: &report,
                }
                .answer()
            });
        }
    };
    // Reports are printed by this thread alone, so that a reader of our output who is slow, or gone, holds up no call.
    thread::scope(|scope| {
        let ends_at = options
            .seconds
            .and_then(|seconds| Instant::now().checked_add(seconds));
        scope.spawn(serving);
        let printed = print_reports(
            &reports,
            ends_at,
            || handle.shut_down(Duration::ZERO),
            options,
        );
        handle.shut_down(Duration::ZERO);
        printed
    })
}

/// Prints what is reported until the server has ended; ends it when the time has come or nothing can be printed.
fn print_reports(
    reports: &mpsc::Receiver<Report>,
    mut ends_at: Option<Instant>,
    shut_down: impl Fn(),
    options: &Options,
) -> Result<(), Failure> {
    let output = Output::new();
    loop {
        let report = match ends_at {
            Some(at) => match reports.recv_timeout(at.saturating_duration_since(Instant::now())) {
                Ok(report) => report,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    shut_down();
                    ends_at = None;
                    continue;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
            },
            None => match reports.recv() {
                Ok(report) => report,
                Err(mpsc::RecvError) => return Ok(()),
            },
        };
        match (report, options.json) {
            (Report::Event { json, .. }, true) => output.line(&json.finish())?,
            (Report::Event { text, .. }, false) => output.line(&text)?,
            // A warning in a text log stands out by where it is printed.
            (Report::Warning { json, .. }, true) => output.line(&json.finish())?,
            (Report::Warning { text, .. }, false) => {
                let _ = output::print_error(&text);
            }
        }
    }
}

/// One line to print, in both forms.
#[derive(Debug)]
enum Report {
    Event { json: Object, text: String },
    Warning { json: Object, text: String },
}

impl Report {
    fn of_incident(incident: &Incident<'_>) -> Report {
        let text = incident.to_string();
        let json = match incident {
            Incident::Refused { peer, refusal } => Object::event("refused")
                .text("peer", &peer.to_string())
                .text("reason", &refusal.to_string()),
            other => Object::event("warning").text("text", &other.to_string()),
        };
        Report::Warning { json, text }
    }

    fn warning(uuid: Uuid, text: &str) -> Report {
        Report::Warning {
            json: Object::event("warning")
                .text("uuid", &uuid.to_string())
                .text("text", text),
            text: format!("{} {text}", short(uuid)),
        }
    }
}

/// The first group of a UUID, which is enough to tell calls apart in a log.
fn short(uuid: Uuid) -> String {
    let [a, b, c, d, ..] = *uuid.as_bytes();
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// A call being answered.
struct Answering<'a> {
    call: &'a mut Call,
    options: &'a Options,
    report: &'a mpsc::Sender<Report>,
}

impl Answering<'_> {
    fn answer(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Answering {
            call,
            options,
            report,
        } = self;
        let uuid = call.uuid();
        let started = Instant::now();
        let peer = call
            .peer_address()
            .map_or(String::new(), |peer| peer.to_string());
        let text = format!("{} call {uuid}\n{0} from {peer}", short(uuid));
        let json = Object::event("call")
            .text("uuid", &uuid.to_string())
            .text("peer", &peer);
        report.send(Report::Event { json, text })?;

        let hang_up_at = options
            .hang_up_after
            .and_then(|after| started.checked_add(after));
        let voice = call.voice();
        let (listener, speaker) = call.split();
        thread::scope(|scope| -> Result<(), Box<dyn Error + Send + Sync>> {
            if options.answer == Answer::Silence {
                scope.spawn(move || send_silence(speaker));
            }
            loop {
                let event = match hang_up_at {
                    Some(at) => listener.receive_until(at),
                    None => listener.receive(),
                };
                match event {
                    None => return Ok(()),
                    Some(Event::TimeUp) => voice.hang_up(),
                    Some(Event::Message(Message::Audio(audio))) => {
                        if options.answer == Answer::Echo {
                            // A caller who has gone is no failure: the next event will be the end of the call.
                            let _ = voice.send(audio);
                        }
                    }
                    Some(Event::Message(Message::Dtmf(dtmf))) => {
                        let json = Object::event("dtmf").text("uuid", &uuid.to_string());
                        let json = dtmf_fields(json, dtmf);
                        let text = format!("{} {}", short(uuid), dtmf_text(dtmf));
                        report.send(Report::Event { json, text })?;
                    }
                    Some(Event::Malformed(error)) => {
                        report.send(Report::warning(uuid, &error.to_string()))?;
                    }
                    Some(Event::TooLong(header)) => {
                        report.send(Report::warning(uuid, &format!("frame too long: {header}")))?;
                    }
                    Some(Event::Message(Message::Unknown(frame))) => {
                        report.send(Report::warning(uuid, &frame.to_string()))?;
                    }
                    Some(other) => report.send(Report::warning(uuid, &format!("{other:?}")))?,
                }
            }
        })?;

        let Some(end) = call.end() else { return Ok(()) };
        let stats = call.stats();
        let seconds = started.elapsed().as_secs_f64();
        let (frames_in, frames_out) = (stats.frames_received, stats.frames_sent);
        let text = format!(
            "{} over: {end}\n{0} {seconds:.1} s, {frames_in} frames in, {frames_out} out",
            short(uuid)
        );
        let json = Object::event("hangup")
            .text("uuid", &uuid.to_string())
            .text("reason", end.name())
            .thousandths("seconds", seconds)
            .number("frames_in", frames_in)
            .number("frames_out", frames_out);
        report.send(Report::Event { json, text })?;
        Ok(())
    }
}

/// Silence in real time, until the call is over.
fn send_silence(speaker: &mut Speaker) {
    let bytes = [0; 320];
    if let Ok(silence) = Audio::new(SampleRate::Hz8000, &bytes) {
        while speaker.send_paced(silence).is_ok() {}
    }
}
