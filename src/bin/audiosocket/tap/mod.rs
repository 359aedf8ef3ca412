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

Stands between Asterisk and your server, whatever that is
written in. Passes every byte on as it comes, and tells what
it sees: digits, gaps, bursts, frames in pieces; who ended
the call, and how; and what each version of Asterisk makes
of what your server does wrong.

  --listen ADDR  where Asterisk connects to; port 0 lets the
                 system choose
  --to ADDR      your server
  --record DIR   record each call: the sound as DIR/UUID.wav
                 (caller left, server right), and every byte
                 with its time as DIR/UUID.tap
  --through WAY  how Asterisk reaches the tap: application
                 (default), or dial for Dial(AudioSocket/..)
                 and ExternalMedia; judges the server so
  --calls N      stop after N connections in all
  --seconds S    stop after S seconds
  --json         one line of JSON for each event

  audiosocket tap --listen 127.0.0.1:9093 \\
                  --to 127.0.0.1:9092 --record taps
  audiosocket inspect taps/UUID.tap --svg call.svg

In Asterisk's dialplan, the tap's address instead of the
server's:
  same => n,AudioSocket(${UUID()},127.0.0.1:9093)

Exits 1 if it could not pass on or record a call. If its
output fails, it passes calls on without reports, and exits
1 at its end.
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
    let listen = listen
        .ok_or_else(|| Failure::usage("where is Asterisk to connect to? --listen ADDR is due"))?;
    let to = to.ok_or_else(|| Failure::usage("which server? --to ADDR is due"))?;
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
        return Err(Failure::usage("--to is the address of the tap itself"));
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
    let (tell, told) = mpsc::channel();
    let consequence = "the tap passes calls on without reports";
    let printer = Printer::start(&reports, options.json, consequence, || {})?;
    let folder = options
        .record
        .as_deref()
        .zip(recordings.as_ref())
        .map(|(path, recordings)| Folder { path, recordings });
    let tapping = Tapping::new(
        address,
        options.to,
        options.calls,
        options.way,
        folder,
        &reports,
    );
    thread::scope(|scope| {
        let tapping = &tapping;
        let wait = move || {
            // Waits until the requested number of calls has ended, or the time limit is reached.
            let _ = match ends_at {
                None => told.recv().is_ok(),
                Some(at) => told
                    .recv_timeout(at.saturating_duration_since(Instant::now()))
                    .is_ok(),
            };
            tapping.stop();
        };
        thread::Builder::new()
            .spawn_scoped(scope, wait)
            .map_err(|error| cannot_start_a_thread(&error))?;
        let tell_the_end = || {
            let _ = tell.send(());
        };
        let _stops = OnPanic(tell_the_end);
        tapping.run(listener);
        tell_the_end();
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
