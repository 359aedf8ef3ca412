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

Places many calls at once to a server that echoes, looks at
every frame that comes back, and measures how long it took.

  --calls N      calls at once; 10 by default
  --seconds S    how long each talks; 10 by default
  --json         one line of JSON for each event

  audiosocket load 127.0.0.1:9092
  audiosocket load 127.0.0.1:9092 --calls 500 --seconds 20
  audiosocket load 127.0.0.1:9092 --json | tail -1

To try it: audiosocket serve --echo

The calls begin within a second (a thousand a second, if
there are more). Each sends its UUID, then a frame of 320
bytes every 20 ms, 8 kHz, no two frames alike. They have 2 s
to come back; then the call hangs up, and the server has 2 s
to close. Silence that comes between is the server's own and
does not count. A frame is

  lost           it did not come back, in whatever state
  corrupt        a bit of it, or more, had changed
  doubled        it came back before
  out of order   one sent after it came back before it
  crossed        another call had sent it
  foreign        no call had sent it: 20 ms of other audio

wherever the server cuts the stream. A call is refused if it
ends before any audio came. Unexpected are frames that are
neither audio of that rate nor silence. 'late' is how late
frames were sent: if that is much, or the load is 'behind
the clock', this machine is too slow, not the server. Round
trips are of frames that came back right.

Exits 1 if anything of that happened to a frame or a call,
a call ended early, or the server did not close it.
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
                    let most = format!("at most {MOST_CALLS}, for each takes a port");
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
    let told = tell(options, &run, &outcomes);
    if told.is_err() {
        // The output failed, so the result cannot be reported.
        run.stop();
        while outcomes.recv().is_ok() {}
    }
    told
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
                "too few threads, one for each call is needed: {error}: fewer --calls, or raise the limit with 'ulimit -u'"
            ))
        })?;
    Ok(gate)
}

/// Reports progress during the run, and the result at the end.
fn tell(options: &Options, run: &Run, outcomes: &Receiver<Outcome>) -> Result<(), Failure> {
    let output = Output::new();
    if !options.json {
        let calls = counted(options.calls, "call");
        let seconds = options.seconds.as_secs_f64();
        let plan = format!("of {seconds:.1} s, to {}", options.address);
        output.line(&wrapped(&format!("{calls} "), "  ", &plan))?;
    }
    let mut verdict = Verdict::default();
    let mut progress = Progress::new(options.json);
    loop {
        match outcomes.recv_timeout(progress.time_left(run)) {
            Ok(outcome) => verdict.add(outcome),
            Err(RecvTimeoutError::Timeout) => progress.tell(run, verdict.calls(), &output)?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    progress.clear(&output)?;
    if verdict.calls() < options.calls {
        return Err(Failure::failed("the thread of a call panicked"));
    }
    verdict.tell(run, options.json, &output)
}
