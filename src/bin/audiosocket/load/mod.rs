//! `audiosocket load`: places many calls at once to a server that echoes.

mod descriptors;
mod echo;
mod placed_call;
mod progress;
mod run;
mod stamp;
mod tally;
mod verdict;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use audiosocket::simulator::SimulatedAsterisk;

use crate::address::{self, cannot_call};
use crate::args::Args;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{counted, wrapped};
use placed_call::{Outcome, PlacedCall};
use progress::Progress;
use run::{FRAME_TIME, Run};
use verdict::Verdict;

const HELP: &str = "\
audiosocket load ADDR [--calls N] [--seconds S] [--json]

Places N calls at once to an echo server at ADDR, compares
every frame that comes back with the frame that was sent,
and measures the time between the two.

  --calls N      number of calls, 1 to 65535 (default 10)
  --seconds S    how long each call sends, such as 0.5, up
                 to 366 days (default 10)
  --json         print a line of JSON for each event

All calls start within 1 s, or 1000 per second if there are
more. Each sends its UUID, and then a frame of 320 bytes
(8 kHz) every 20 ms. All frames differ. After the last one,
a call waits up to 2 s for the echo, hangs up, and waits up
to 2 s for the server to close. The server may cut the audio
into frames of other lengths, and may send silence of its
own.

A frame is

  lost           if it did not come back
  corrupt        if it came back with changed bytes
  doubled        if it came back again
  out of order   if it came back after a later one
  crossed        if it came back on another call
  foreign        if no call sent it: 20 ms of other audio
  unexpected     if it is neither 8 kHz audio nor silence

A call is

  refused        if it ended before the server sent audio
  ended early    if it ended later, before the hangup
  not closed     if the server did not close it in 2 s
  still playing  if the server also still sent audio then

Exits 1 if a frame or call is one of these.

The round trip is the time from sending a frame to receiving
it unaltered. The lateness is how late frames were sent,
compared with a 20 ms clock. If the lateness is high, or if
the load is 'behind schedule', then this machine is too
slow, not the server. p50 is the median; 99 % of the values
are at most p99.

Examples, with a server to try them on:
  audiosocket serve --echo
  audiosocket load 127.0.0.1:9092
  audiosocket load 127.0.0.1:9092 --calls 500 --seconds 20
  audiosocket load 127.0.0.1:9092 --json | tail -1
";

struct Options {
    address: String,
    calls: usize,
    seconds: Duration,
    json: bool,
}

const DEFAULT_CALLS: usize = 10;
const DEFAULT_SECONDS: Duration = Duration::from_secs(10);
/// Limit of the calls, which is more than the available local ports. Each frame contains the number of its call.
const MOST_CALLS: usize = 65_535;

pub fn run(args: &mut Args) -> Result<(), Failure> {
    match options(args)? {
        Some(options) => load(&options),
        None => Output::new().text(HELP),
    }
}

fn options(args: &mut Args) -> Result<Option<Options>, Failure> {
    let mut address = None;
    let mut calls = DEFAULT_CALLS;
    let mut seconds = DEFAULT_SECONDS;
    let mut json = false;
    while let Some(option) = args.next_option_beside(&mut address)? {
        match option.as_str() {
            "--calls" => {
                calls = args.count()?;
                if calls > MOST_CALLS {
                    let most =
                        format!("expected at most {MOST_CALLS}, because each call needs a port");
                    return Err(args.wrong_value(&calls.to_string(), most));
                }
            }
            "--seconds" => seconds = args.seconds()?,
            "--json" => json = true,
            "--help" | "-h" => return args.end().map(|()| None),
            _ => return Err(args.unknown()),
        }
    }
    let address = address::of_server(address)?;
    Ok(Some(Options {
        address,
        calls,
        seconds,
        json,
    }))
}

/// Runs the load. Each call has a thread that receives, a few threads send for all calls, and the current thread prints the
/// reports.
fn load(options: &Options) -> Result<(), Failure> {
    // Checked before connecting to the server.
    if let Some(reason) = descriptors::too_few_for(options.calls) {
        return Err(Failure::Failed(reason));
    }
    let address = &options.address;
    let addresses = address
        .to_socket_addrs()
        .map_err(|error| cannot_call(address, &error))?;
    let threads = Threads::start(options.calls)?;
    let calls: Vec<PlacedCall> = (0..options.calls as u32).map(PlacedCall::new).collect();
    // If even the first call cannot connect, the others need not try.
    let connected =
        connect_to_any(&calls[0], addresses).map_err(|error| cannot_call(address, &error))?;
    let [.., a, b, c, d] = *SimulatedAsterisk::random_uuid().as_bytes();
    let run = Arc::new(Run::new(
        u32::from_be_bytes([a, b, c, d]),
        connected,
        frames_in(options.seconds),
        calls,
    ));
    let outcomes = threads.go(&run);
    let reported = report(options, &run, &outcomes);
    if reported.is_err() {
        // The output failed, so the result cannot be reported.
        run.stop();
        while outcomes.recv().is_ok() {}
    }
    reported
}

/// Connects the call to the first address that accepts. A name can have several addresses, and a server need not listen on all.
fn connect_to_any(
    call: &PlacedCall,
    addresses: impl Iterator<Item = SocketAddr>,
) -> io::Result<SocketAddr> {
    let mut failure = io::Error::new(ErrorKind::InvalidInput, "the name has no address");
    for address in addresses {
        match call.connect(address) {
            Ok(()) => return Ok(address),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Returns the number of frames that fill the time, at least one.
fn frames_in(time: Duration) -> u32 {
    let frames = time.as_millis().div_ceil(FRAME_TIME.as_millis());
    u32::try_from(frames).unwrap_or(u32::MAX).max(1)
}

/// Threads that receive or send. Each waits until the run starts.
struct Threads {
    gates: Vec<Sender<Arc<Run>>>,
    outcomes: Receiver<Outcome>,
}

/// Stack size of a thread. It is more than a thread needs, and small enough for thousands. A receiving thread goes three or four
/// function calls deep.
const STACK_LEN: usize = 256 * 1024;

impl Threads {
    fn start(calls: usize) -> Result<Threads, Failure> {
        let (outcome, outcomes) = mpsc::channel();
        let mut gates = Vec::new();
        for number in 0..calls {
            let outcome = outcome.clone();
            gates.push(start_thread(move |run| {
                // The receiver waits until all outcomes have arrived.
                let _ = outcome.send(run.calls[number].run(run));
            })?);
        }
        for share in 0..Run::shares(calls) {
            gates.push(start_thread(move |run| run.pace(share))?);
        }
        Ok(Threads { gates, outcomes })
    }

    /// Starts the run on all threads.
    fn go(self, run: &Arc<Run>) -> Receiver<Outcome> {
        for gate in self.gates {
            let _ = gate.send(Arc::clone(run));
        }
        self.outcomes
    }
}

/// Starts a thread that works when it receives the run. If something else fails, the gate is dropped and the thread ends.
fn start_thread(work: impl FnOnce(&Run) + Send + 'static) -> Result<Sender<Arc<Run>>, Failure> {
    let (gate, begin) = mpsc::channel::<Arc<Run>>();
    thread::Builder::new()
        .stack_size(STACK_LEN)
        .spawn(move || {
            if let Ok(run) = begin.recv() {
                work(&run);
            }
        })
        .map_err(|error| {
            Failure::Failed(format!(
                "cannot start a thread for each call: {error}: use fewer --calls, or raise the limit with 'ulimit -u'"
            ))
        })?;
    Ok(gate)
}

/// Reports progress during the run, and the result at the end.
fn report(options: &Options, run: &Run, outcomes: &Receiver<Outcome>) -> Result<(), Failure> {
    let output = Output::new();
    if !options.json {
        let calls = counted(options.calls, "call");
        let seconds = options.seconds.as_secs_f64();
        let plan = format!("of {seconds:.1} s to {}", options.address);
        output.line(&wrapped(&format!("{calls} "), "  ", &plan))?;
    }
    let mut verdict = Verdict::default();
    let mut progress = Progress::new(options.json);
    loop {
        match outcomes.recv_timeout(progress.time_left(run)) {
            Ok(outcome) => verdict.add(outcome),
            Err(RecvTimeoutError::Timeout) => progress.print(run, verdict.calls(), &output)?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    progress.clear(&output)?;
    if verdict.calls() < options.calls {
        return Err(Failure::failed("the thread of a call panicked"));
    }
    verdict.print(run, options.json, &output)
}
