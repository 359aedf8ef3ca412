//! `audiosocket serve`: answers calls.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, Event, Handle, Incident, Server, Speaker};
use audiosocket::wire::{Audio, Message, SampleRate, Uuid};

use crate::args::{Arg, Args};
use crate::failure::Failure;
use crate::inspect::dtmf_fields;
use crate::json::Object;
use crate::output::{self, Output};
use crate::reports::{Importance, Report, Reports};
use crate::text::{counted, quoted, wrapped};

const HELP: &str = "\
audiosocket serve --echo | --silence [OPTIONS]

Answers AudioSocket calls: sends the audio back, or silence.

  --listen ADDR       where; 127.0.0.1:9092 by default, and
                      port 0 lets the system choose
  --echo              send back what the caller says
  --silence           send silence
  --hang-up-after S   hang up each call after S seconds
  --max-calls N       refuse more at once; 1000 by default
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
    max_calls: usize,
    calls: Option<usize>,
    seconds: Option<Duration>,
    json: bool,
}

const DEFAULT_MAX_CALLS: usize = 1000;

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
    let mut max_calls = DEFAULT_MAX_CALLS;
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
            "--max-calls" => max_calls = args.count()?,
            "--calls" => calls = Some(args.count()?),
            "--seconds" => seconds = Some(args.seconds()?),
            "--json" => json = true,
            "--help" | "-h" => return args.end().map(|()| None),
            _ => return Err(args.unexpected(Arg::Option(option))),
        }
    }
    let answer = answer
        .ok_or_else(|| Failure::usage("how are calls to be answered: --echo or --silence?"))?;
    Ok(Some(Options {
        listen,
        answer,
        hang_up_after,
        max_calls,
        calls,
        seconds,
        json,
    }))
}

/// How long the reader of our output has for what is left when the time given by `--seconds` is over.
const LAST_LINES: Duration = Duration::from_secs(2);

fn serve(options: &Options) -> Result<(), Failure> {
    let reports = Arc::new(Reports::default());
    let incidents = Arc::clone(&reports);
    let server = Server::builder()
        .max_calls(options.max_calls)
        .on_incident(move |incident| incidents.add(incident_report(incident)))
        .bind(&options.listen)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => Failure::Usage(format!(
                "--listen {} is no address: {error}",
                quoted(&options.listen)
            )),
            _ => Failure::Failed(format!(
                "cannot listen on {}: {error}",
                quoted(&options.listen)
            )),
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
    let ends_at = options
        .seconds
        .and_then(|seconds| Instant::now().checked_add(seconds));
    let printed = print_beside(Arc::clone(&reports), server.handle(), options.json)?;
    let answered = answer_calls(server, options, &reports, ends_at);
    reports.close();
    answered.map_err(|error| Failure::Failed(format!("cannot serve: {error}")))?;

    // What is left is printed, however long that takes; but not beyond the time that was given.
    let result = match ends_at {
        None => printed.recv().map_err(mpsc::RecvTimeoutError::from),
        Some(at) => {
            let left = at.saturating_duration_since(Instant::now()) + LAST_LINES;
            printed.recv_timeout(left)
        }
    };
    match result {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            // And the one that is being printed.
            let left = counted(reports.waiting() + 1, "report");
            Err(Failure::Failed(format!(
                "time is over and {left} not printed: nobody reads the output"
            )))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Failure::failed("the thread that prints panicked"))
        }
    }
}

/// Prints what is reported, on a thread of its own that can be left behind: a reader of our output who is slow, or has stopped
/// reading, holds up neither the calls nor the end. If nothing can be printed any more, the server is shut down.
fn print_beside(
    reports: Arc<Reports>,
    handle: Handle,
    json: bool,
) -> Result<mpsc::Receiver<Result<(), Failure>>, Failure> {
    let (tell, printed) = mpsc::channel();
    let print = move || {
        let result = print(&reports, json);
        if result.is_err() {
            reports.close();
            handle.shut_down(Duration::ZERO);
        }
        // Nobody waits for it if the time was over before.
        let _ = tell.send(result);
    };
    match thread::Builder::new().spawn(print) {
        Ok(_) => Ok(printed),
        Err(error) => Err(Failure::Failed(format!("cannot start a thread: {error}"))),
    }
}

fn print(reports: &Reports, json: bool) -> Result<(), Failure> {
    let output = Output::new();
    while let Some(report) = reports.take() {
        if json {
            output.line(&report.json.finish())?;
        } else if report.importance == Importance::Warning {
            // A warning in a text log stands out by where it is printed.
            let _ = output::print_error(&report.text);
        } else {
            output.line(&report.text)?;
        }
    }
    Ok(())
}

/// Answers calls until all that were wanted are over, the time is, or nothing can be printed.
fn answer_calls(
    server: Server,
    options: &Options,
    reports: &Reports,
    ends_at: Option<Instant>,
) -> io::Result<()> {
    let handle = server.handle();
    let begun = AtomicUsize::new(0);
    let answer = |call: &mut Call| {
        let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(calls) = options.calls {
            if number >= calls {
                // No more calls, and all the time they want for those under way.
                handle.shut_down(Duration::MAX);
            }
            if number > calls {
                let reason = format!("--calls {calls}, and so many have begun");
                reports.add(refusal_report(&peer_text(call), &reason));
                return Ok(());
            }
        }
        Answering {
            call,
            options,
            reports,
        }
        .answer();
        Ok(())
    };
    thread::scope(|scope| {
        let (running, ended) = mpsc::channel::<()>();
        let serving = scope.spawn(move || {
            // Dropped when the server has ended, whichever way.
            let _running = running;
            server.run(answer)
        });
        if let Some(at) = ends_at {
            let left = at.saturating_duration_since(Instant::now());
            if ended.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Timeout) {
                handle.shut_down(Duration::ZERO);
            }
        }
        serving
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn peer_text(call: &Call) -> String {
    call.peer_address()
        .map_or(String::new(), |peer| peer.to_string())
}

fn incident_report(incident: &Incident<'_>) -> Report {
    match incident {
        Incident::Refused { peer, refusal, .. } => {
            refusal_report(&peer.to_string(), &refusal.to_string())
        }
        other => {
            let text = other.to_string();
            Report {
                importance: Importance::Warning,
                json: Object::event("warning").text("text", &text),
                text,
            }
        }
    }
}

fn refusal_report(peer: &str, reason: &str) -> Report {
    Report {
        importance: Importance::Warning,
        json: Object::event("refused")
            .text("peer", peer)
            .text("reason", reason),
        text: format!("{peer} refused: {reason}"),
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
    reports: &'a Reports,
}

impl Answering<'_> {
    fn answer(self) {
        let Answering {
            call,
            options,
            reports,
        } = self;
        let uuid = call.uuid();
        let short = short(uuid);
        let started = Instant::now();
        let peer = peer_text(call);
        reports.add(Report {
            importance: Importance::Call,
            json: Object::event("call")
                .text("uuid", &uuid.to_string())
                .text("peer", &peer),
            text: format!("{short} call {uuid}\n{short} from {peer}"),
        });

        let hang_up_at = options
            .hang_up_after
            .and_then(|after| started.checked_add(after));
        let mut warnings = Warnings {
            uuid,
            count: 0,
            reports,
        };
        let voice = call.voice();
        let (listener, speaker) = call.split();
        thread::scope(|scope| {
            if options.answer == Answer::Silence {
                scope.spawn(move || send_silence(speaker));
            }
            loop {
                let event = match hang_up_at {
                    Some(at) => listener.receive_until(at),
                    None => listener.receive(),
                };
                match event {
                    None => return,
                    Some(Event::TimeUp) => voice.hang_up(),
                    Some(Event::Message(Message::Audio(audio))) => {
                        if options.answer == Answer::Echo {
                            // A caller who has gone is no failure: the next event will be the end of the call.
                            let _ = voice.send(audio);
                        }
                    }
                    Some(Event::Message(message @ Message::Dtmf(dtmf))) => {
                        let json = Object::event("dtmf").text("uuid", &uuid.to_string());
                        reports.add(Report {
                            importance: Importance::Detail,
                            json: dtmf_fields(json, dtmf),
                            text: format!("{short} {message}"),
                        });
                    }
                    Some(other) => warnings.add(&other.to_string()),
                }
            }
        });
        warnings.finish();

        let Some(end) = call.end() else { return };
        let stats = call.stats();
        let seconds = started.elapsed().as_secs_f64();
        let (frames_in, frames_out) = (stats.frames_received, stats.frames_sent);
        let indent = format!("{short} ");
        let over = wrapped(&format!("{short} over: "), &indent, &end.to_string());
        let frames = counted(frames_in, "frame");
        reports.add(Report {
            importance: Importance::Call,
            json: Object::event("hangup")
                .text("uuid", &uuid.to_string())
                .text("reason", end.name())
                .thousandths("seconds", seconds)
                .number("frames_in", frames_in)
                .number("frames_out", frames_out),
            text: format!("{over}\n{short} {seconds:.1} s, {frames} in, {frames_out} out"),
        });
    }
}

/// The warnings of one call. A peer can cause one with each frame, and after a few they tell nothing new: the rest is counted.
struct Warnings<'a> {
    uuid: Uuid,
    count: usize,
    reports: &'a Reports,
}

const WARNINGS_PER_CALL: usize = 5;

impl Warnings<'_> {
    fn add(&mut self, text: &str) {
        self.count += 1;
        if self.count <= WARNINGS_PER_CALL {
            self.report(text);
        }
    }

    /// Says how many more there were.
    fn finish(self) {
        let more = self.count.saturating_sub(WARNINGS_PER_CALL);
        if more > 0 {
            self.report(&format!("{} like these", counted(more, "more warning")));
        }
    }

    fn report(&self, text: &str) {
        self.reports.add(Report {
            importance: Importance::Warning,
            json: Object::event("warning")
                .text("uuid", &self.uuid.to_string())
                .text("text", text),
            text: format!("{} {text}", short(self.uuid)),
        });
    }
}

/// Silence in real time, until the call is over.
fn send_silence(speaker: &mut Speaker) {
    let bytes = [0; 320];
    if let Ok(silence) = Audio::new(SampleRate::Hz8000, &bytes) {
        while speaker.send_paced(silence).is_ok() {}
    }
}
