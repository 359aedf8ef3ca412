//! `audiosocket serve`: answers calls.

mod answering;
mod speech;
mod warnings;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, Refusal};
use audiosocket::server::{Incident, Server};
use audiosocket::wav::Wav;
use audiosocket::wire::DtmfDialect;

use crate::address::cannot_listen;
use crate::args::Args;
use crate::failure::{Failure, cannot_start_a_thread};
use crate::json::Object;
use crate::output::Output;
use crate::printer::Printer;
use crate::recordings::Recordings;
use crate::reports::{Importance, Report, Reports};
use answering::{Answering, peer_text};
use speech::Answer;

const HELP: &str = "\
audiosocket serve --echo|--silence|--play FILE [OPTIONS]

Answers AudioSocket calls. Choose what the caller receives:

  --echo              the caller's own audio
  --silence           silence
  --play FILE.wav     this file once, then a hangup: a WAV
                      file, 16-bit mono, 8000 to 192000 Hz

Options:

  --listen ADDR       listen here (127.0.0.1:9092 by
                      default); with port 0, the system
                      chooses the port
  --record DIR        record each call as DIR/UUID.wav, in
                      stereo: caller left, server right.
                      Creates DIR if it does not exist
  --dialect NAME      send digits back too; needs --echo.
                      start-stop: as frames (kind 0x02);
                      asterisk: as tones, because Asterisk
                      accepts no digit frames
  --answer            send 03 00 01 04 first. A later commit
                      of the start-stop fork rings until
                      then. Asterisk ends the call since
                      20.14, 21.9, 22.4 and 23.0; older
                      versions skip the frame
  --hang-up-after S   hang up each call after S seconds
  --max-calls N       refuse calls beyond N at once; 1000 by
                      default
  --calls N           stop after N calls in total
  --seconds S         stop after S seconds
  --json              print a line of JSON for each event

N is 1 or more. S is in seconds, above 0 and up to 366 days,
such as 5 or 0.5.

Prints the start, the digits and the end of each call, after
the first 8 characters of its UUID. The end includes the
jitter (how much the time from one 20 ms frame to the next
differs from 20 ms, on average) and the gaps (more than
60 ms from one 20 ms frame to the next, except at digits).

Exits 1 if a recording failed. If the output fails, the
server accepts no more calls, finishes those in progress and
exits 1. After an interruption (Ctrl-C), recordings can be
played, but can lack the last second of unfinished calls.

In Asterisk's dialplan:
  same => n,AudioSocket(${UUID()},127.0.0.1:9092)

Examples:
  audiosocket serve --echo
  audiosocket serve --play prompt.wav --record calls
  audiosocket serve --silence --listen 0.0.0.0:9092
";

struct Options {
    listen: String,
    answer: Answer,
    record: Option<PathBuf>,
    dialect: Option<DtmfDialect>,
    sends_answer: bool,
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
    let (mut answer, mut file, mut record) = (None, None, None);
    let mut dialect = None;
    let (mut hang_up_after, mut calls, mut seconds) = (None, None, None);
    let mut max_calls = DEFAULT_MAX_CALLS;
    let (mut sends_answer, mut json) = (false, false);
    while let Some(option) = args.next_option()? {
        match option.as_str() {
            "--echo" | "--play" | "--silence" => {
                if let Some(other) = answer.as_ref().filter(|answer| **answer != option) {
                    return Err(Failure::Usage(format!(
                        "{other} and {option} exclude each other: remove one"
                    )));
                }
                if option == "--play" {
                    file = Some(args.input()?);
                }
                answer = Some(option);
            }
            "--record" => record = Some(args.path()?),
            "--dialect" => dialect = Some(args.dialect()?),
            "--answer" => sends_answer = true,
            "--listen" => listen = args.text()?,
            "--hang-up-after" => hang_up_after = Some(args.seconds()?),
            "--max-calls" => max_calls = args.count()?,
            "--calls" => calls = Some(args.count()?),
            "--seconds" => seconds = Some(args.seconds()?),
            "--json" => json = true,
            "--help" | "-h" => return args.end().map(|()| None),
            _ => return Err(args.unknown()),
        }
    }
    let answer = match (answer.as_deref(), file) {
        (Some("--echo"), _) => Answer::Echo,
        (Some("--silence"), _) => Answer::Silence,
        (_, Some(file)) => Answer::Speech(Wav::open(&file)?),
        _ => {
            return Err(Failure::usage(
                "missing option: add --echo, --play FILE or --silence",
            ));
        }
    };
    if dialect.is_some() && !matches!(answer, Answer::Echo) {
        return Err(Failure::usage(
            "--dialect has no effect without --echo: remove it, or use --echo",
        ));
    }
    Ok(Some(Options {
        listen,
        answer,
        record,
        dialect,
        sends_answer,
        hang_up_after,
        max_calls,
        calls,
        seconds,
        json,
    }))
}

fn serve(options: &Options) -> Result<(), Failure> {
    let reports = Arc::new(Reports::default());
    let incidents = Arc::clone(&reports);
    let has_failed = Arc::new(AtomicBool::new(false));
    let fails = Arc::clone(&has_failed);
    let mut call_options = CallOptions::default()
        .dialect(options.dialect)
        .send_answer(options.sends_answer);
    if let Answer::Speech(wav) = &options.answer {
        call_options = call_options.playback_rate(wav.rate());
    }
    let server = Server::builder()
        .max_calls(options.max_calls)
        .call_options(call_options)
        .on_incident(move |incident| {
            // Any other refusal is the peer's fault, and a connection that cannot be accepted waits until it can be.
            let is_failure = match incident {
                Incident::Refused { refusal, .. } => matches!(refusal, Refusal::NoThread(_)),
                Incident::AcceptFailed { .. } => false,
                _ => true,
            };
            if is_failure {
                fails.store(true, Ordering::Relaxed);
            }
            incidents.add(incident_report(incident));
        })
        .bind(&options.listen)
        .map_err(|error| cannot_listen(&options.listen, &error))?;
    let address = server.local_addr();
    // After the address is taken, so that a failed start leaves no folder.
    let recordings = match &options.record {
        Some(folder) => Some(Recordings::start_in(folder, reports.warner())?),
        None => None,
    };
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
    let handle = server.handle();
    let consequence = "calls in progress continue, and no more are accepted";
    let printer = Printer::start(&reports, options.json, consequence, move || {
        handle.shut_down(Duration::MAX);
    })?;
    let folder = options.record.as_deref();
    let answered = answer_calls(
        server,
        options,
        recordings.as_ref().zip(folder),
        &reports,
        ends_at,
    );
    let failed_recordings = recordings.map_or(0, Recordings::finish);
    reports.close();
    answered.map_err(|error| cannot_start_a_thread(&error))?;
    printer.finish(ends_at)?;
    match failed_recordings {
        0 if !has_failed.load(Ordering::Relaxed) => Ok(()),
        // The warnings have reported the failed recordings and calls.
        _ => Err(Failure::Reported),
    }
}

/// Answers calls until the requested number is over or the time limit is reached. Ends after the calls in progress if printing
/// fails.
fn answer_calls(
    server: Server,
    options: &Options,
    recordings: Option<(&Recordings, &Path)>,
    reports: &Reports,
    ends_at: Option<Instant>,
) -> io::Result<()> {
    let handle = server.handle();
    let started = AtomicUsize::new(0);
    let answer = |call: &mut Call| {
        let number = started.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(calls) = options.calls {
            if number >= calls {
                // The server accepts no more calls. The calls in progress may take as long as they need.
                handle.shut_down(Duration::MAX);
            }
            if number > calls {
                let reason = format!("--calls {calls} is reached");
                reports.add(refusal_report(&peer_text(call), &reason));
                return Ok(());
            }
        }
        Answering {
            call,
            answer: &options.answer,
            digits_back: options.dialect.is_some(),
            hang_up_after: options.hang_up_after,
            recordings,
            reports,
            shows_seconds: !options.json && io::stdout().is_terminal(),
        }
        .run();
        Ok(())
    };
    thread::scope(|scope| {
        let (running, ended) = mpsc::channel::<()>();
        let serving = thread::Builder::new().spawn_scoped(scope, move || {
            // Dropped when the server has ended, also after an error or a panic.
            let _running = running;
            server.run(answer)
        })?;
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

fn incident_report(incident: &Incident<'_>) -> Report {
    match incident {
        Incident::Refused { peer, refusal, .. } => {
            refusal_report(&peer.to_string(), &refusal_text(refusal))
        }
        other => Report::warning(&other.to_string()),
    }
}

/// Describes a refusal. A peer that closes at once may cause a FIN or an RST, by chance, so both have the same words.
fn refusal_text(refusal: &Refusal) -> String {
    let is_closed = match refusal {
        Refusal::Truncated { .. } => true,
        Refusal::Io(error) => error.kind() == io::ErrorKind::ConnectionReset,
        _ => false,
    };
    match is_closed {
        true => String::from("closed inside its first frame"),
        false => refusal.to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_before_the_uuid_is_a_close() {
        let reset = Refusal::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(refusal_text(&reset), "closed inside its first frame");
        let other = Refusal::Io(io::ErrorKind::TimedOut.into());
        assert_eq!(refusal_text(&other), other.to_string());
    }
}
