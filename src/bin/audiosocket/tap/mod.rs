//! `audiosocket tap`: forwards calls between Asterisk and a server, and reports their traffic.

mod call_recording;
mod log;
mod tapped_call;
mod tapping;
mod watch;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::asterisk::Way;

use crate::address::{self, cannot_listen, canonical};
use crate::args::Args;
use crate::failure::{Failure, cannot_start_a_thread};
use crate::json::Object;
use crate::on_panic::OnPanic;
use crate::output::Output;
use crate::printer::Printer;
use crate::recordings::Recordings;
use crate::reports::Reports;
use call_recording::Folder;
use tapping::Tapping;

const HELP: &str = "\
audiosocket tap --listen ADDR --to ADDR [OPTIONS]

Accepts calls from Asterisk and forwards them to your
server, which can be in any language. Changes no byte.
Prints what happens in each call: digits, gaps, bursts and
split frames, how the call ended, and each violation by
your server with the Asterisk versions that it harms, and
the remedy.

  --listen ADDR  address that Asterisk connects to; with
                 port 0, the system chooses the port
  --to ADDR      address of your server
  --record DIR   record each call: the audio as DIR/UUID.wav
                 (caller left, server right), and every byte
                 with its time as DIR/UUID.tap. Creates DIR
                 if it does not exist
  --through WAY  how Asterisk reaches the tap: application
                 (default), or dial for Dial(AudioSocket/..)
                 and ExternalMedia
  --calls N      stop after N (1 or more) connections
  --seconds S    stop after S seconds, such as 0.5, up to
                 366 days
  --json         print a line of JSON for each event

  violation  a fault of the server that harms the call in
             a version of Asterisk
  gap        more than 60 ms from one 20 ms frame to the
             next
  burst      frames that arrive faster than they play
  split      a frame in parts, 5 ms or more apart
  jitter     how much the time from one 20 ms frame to the
             next differs from 20 ms, on average

The lines of a call start with the first 8 characters of its
UUID.

Exits 1 if a call could not be forwarded or recorded. If the
output fails, the tap continues to forward calls, without
reports, and exits 1 at its end. After an interruption
(Ctrl-C), recordings can be read, but the .wav files can
lack the last second of unfinished calls.

In Asterisk's dialplan, enter the address of the tap instead
of the server's:
  same => n,AudioSocket(${UUID()},127.0.0.1:9093)

Examples:
  audiosocket tap --listen 127.0.0.1:9093 \\
                  --to 127.0.0.1:9092 --record taps
  audiosocket inspect taps/UUID.tap --svg call.svg
";

struct Options {
    listen: String,
    to: Vec<SocketAddr>,
    record: Option<PathBuf>,
    way: Way,
    calls: Option<usize>,
    seconds: Option<Duration>,
    json: bool,
}

pub fn run(args: &mut Args) -> Result<(), Failure> {
    match options(args)? {
        Some(options) => tap(options),
        None => Output::new().text(HELP),
    }
}

fn options(args: &mut Args) -> Result<Option<Options>, Failure> {
    let (mut listen, mut to, mut record) = (None, None, None);
    let (mut way, mut calls, mut seconds, mut json) = (Way::default(), None, None, false);
    while let Some(option) = args.next_option()? {
        match option.as_str() {
            "--listen" => listen = Some(args.text()?),
            "--to" => to = Some(args.text()?),
            "--record" => record = Some(args.path()?),
            "--through" => way = args.parse()?,
            "--calls" => calls = Some(args.count()?),
            "--seconds" => seconds = Some(args.seconds()?),
            "--json" => json = true,
            "--help" | "-h" => return args.end().map(|()| None),
            _ => return Err(args.unknown()),
        }
    }
    let listen = listen.ok_or_else(|| {
        Failure::usage("missing --listen: add --listen ADDR, for Asterisk to connect to")
    })?;
    let to = to
        .ok_or_else(|| Failure::usage("missing --to: add --to ADDR, the address of your server"))?;
    let addresses = to
        .to_socket_addrs()
        .map_err(|error| address::cannot_reach(&to, &error))?;
    Ok(Some(Options {
        listen,
        to: addresses.collect(),
        record,
        way,
        calls,
        seconds,
        json,
    }))
}

fn tap(options: Options) -> Result<(), Failure> {
    let listener = TcpListener::bind(&options.listen)
        .map_err(|error| cannot_listen(&options.listen, &error))?;
    let address = listener
        .local_addr()
        .map(canonical)
        .map_err(|error| Failure::Failed(format!("cannot listen: {error}")))?;
    if options.to.iter().any(|to| is_the_same(*to, address)) {
        return Err(Failure::Usage(format!(
            "--to address {address} is the tap's own: use that of your server"
        )));
    }
    let reports = Arc::new(Reports::default());
    let recordings = match &options.record {
        Some(folder) => Some(Recordings::start_in(folder, reports.warner())?),
        None => None,
    };
    let output = Output::new();
    output.line(&format!("listening on {address}"))?;
    if options.json {
        let listening = Object::event("listening").text("address", &address.to_string());
        output.line(&listening.finish())?;
    }
    let ends_at = options
        .seconds
        .and_then(|seconds| Instant::now().checked_add(seconds));
    let (over, is_over) = mpsc::channel();
    let consequence = "the tap forwards calls without reports";
    let printer = Printer::start(&reports, options.json, consequence, || {})?;
    let folder = options
        .record
        .as_deref()
        .zip(recordings.as_ref())
        .map(|(path, recordings)| Folder { path, recordings });
    let tapping = Tapping::new(options.to, options.calls, options.way, folder, &reports);
    thread::scope(|scope| {
        let tapping = &tapping;
        let wait = move || {
            // Waits until the requested number of calls has ended, or the time limit is reached.
            let _ = match ends_at {
                None => is_over.recv().is_ok(),
                Some(at) => is_over
                    .recv_timeout(at.saturating_duration_since(Instant::now()))
                    .is_ok(),
            };
            tapping.stop();
        };
        thread::Builder::new()
            .spawn_scoped(scope, wait)
            .map_err(|error| cannot_start_a_thread(&error))?;
        let report_the_end = || {
            let _ = over.send(());
        };
        let _stops = OnPanic(report_the_end);
        tapping.run(listener);
        report_the_end();
        Ok::<(), Failure>(())
    })?;
    let has_failed = tapping.has_failed();
    let failed_recordings = recordings.map_or(0, Recordings::finish);
    printer.finish(ends_at)?;
    match failed_recordings {
        0 if !has_failed => Ok(()),
        // The warnings have reported the failed recordings and calls.
        _ => Err(Failure::Reported),
    }
}

/// Returns whether a connection to `to` reaches the listener at `listens`.
fn is_the_same(to: SocketAddr, listens: SocketAddr) -> bool {
    let to = canonical(to);
    let is_here = to.ip() == listens.ip()
        || (listens.ip().is_unspecified() && (to.ip().is_loopback() || to.ip().is_unspecified()));
    is_here && to.port() == listens.port()
}
