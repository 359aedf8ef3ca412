//! `audiosocket call`: places a call as Asterisk would.

mod all_versions;
mod judged_by;
mod listen;
mod record;
mod summary;
mod talk;
mod versions;
mod violations;
mod wish;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use audiosocket::asterisk::Version;
use audiosocket::simulator::SimulatedAsterisk;

use crate::address::cannot_call;
use crate::args::Args;
use crate::failure::{Failure, cannot_start_a_thread};
use crate::json::Object;
use crate::on_panic::OnPanic;
use crate::output::{self, Output};
use crate::received_audio::ReceivedAudio;
use crate::text::quoted;
use listen::listen;
use record::record;
use summary::Summary;
use talk::{Sent, talk};
use violations::Violations;
use wish::{Options, Wish};

const HELP: &str = "\
audiosocket call ADDR [OPTIONS]

Places a call to the AudioSocket server at ADDR, as Asterisk
does: connects, sends the UUID, a frame of audio every 20 ms
and digits. Reports what the server sends, and whether
Asterisk would accept it.

  --play FILE.wav   play this file, then silence: WAV,
                    16-bit mono, at a rate of --rate
  --rate HZ         rate of the silence without a file: 8000
                    (default), 12000, 16000, 24000, 32000,
                    44100, 48000, 96000 or 192000
  --dtmf DIGITS     press these (0-9, *, #, A-D), for 100 ms
                    each, after 1 s of the call
  --dialect NAME    send digits as frames of kind 0x03
                    (asterisk) or 0x02 (start-stop); by
                    default, as the version of Asterisk does
  --uuid UUID       UUID of the call; random by default
  --seconds S       hang up after S seconds, such as 0.5, up
                    to 366 days; by default 1 s after the
                    file and the digits, or after 5 s if
                    there is neither
  --record FILE.wav record the call in this new file, in
                    stereo: caller left, server right. Its
                    folder must exist
  --asterisk V      check the server by the rules of version
                    V of Asterisk: 22.10 (default), 20.13,
                    18, start-stop, and so on. all: place a
                    call for each group of versions that
                    behave alike, at the same time. none: do
                    not check. list: print all versions and
                    their rules, and place no call
  --through WAY     check by the rules of AudioSocket() in
                    the dialplan (application, default) or
                    of Dial(AudioSocket/...) (dial, default
                    for start-stop and rates above 8000)
  --one-way         accept a server that sends nothing
  --json            print a line of JSON for each event

A violation is a fault of the server that harms the call in
this version of Asterisk (see --asterisk list). It is
printed when it happens (with --asterisk all, at the end),
with Asterisk's reaction and the remedy.

  late    how late the frames were sent, compared with a
          20 ms clock; 99 % of the values are at most p99
  jitter  how much the time from one 20 ms frame of the
          server to the next differs from 20 ms, on average
  gap     more than 60 ms from one 20 ms frame to the next

Exits 1 if the connection failed; if the server violated a
rule, reset the connection, closed it inside a frame,
stopped reading or sent nothing (the kernel accepts
connections for a server that hangs, too); or if the call
ended before all digits were pressed.

A call that is interrupted (Ctrl-C) prints no report: end it
with --seconds instead. Its recording can be played, but can
lack the last second.

Examples:
  audiosocket call 127.0.0.1:9092
  audiosocket call 127.0.0.1:9092 --play hello.wav
  audiosocket call 127.0.0.1:9092 --dtmf 42# --json
  audiosocket call 127.0.0.1:9092 --asterisk 20.13
  audiosocket call 127.0.0.1:9092 --asterisk all
  audiosocket call --asterisk list
";

pub fn run(args: &mut Args) -> Result<(), Failure> {
    match Wish::parse(args)? {
        Wish::Call(options) => call(&options),
        Wish::AllVersions(calls) => calls.call(),
        Wish::Versions { json } => {
            versions::print(json, &Output::new()).map_err(Failure::of_printing)
        }
        Wish::Help => Output::new().text(HELP),
    }
}

/// Warns that a version newer than the table judges as the newest row.
fn warn_of_newer(version: Version, json: bool, output: &Output) -> Result<(), Failure> {
    let newest = version.behaviour().versions();
    let text = format!("Asterisk {version} is not known yet: using the rules of {newest}");
    match json {
        true => output.line(&Object::event("warning").text("text", &text).finish()),
        false => output::print_error(&format!("warning: {text}"))
            .map_err(|error| Failure::Failed(format!("cannot write to standard error: {error}"))),
    }
}

fn call(options: &Options) -> Result<(), Failure> {
    let address = &options.address;
    // Checked before connecting to the server. The recording itself does not overwrite a file either.
    if let Some(path) = options.record.as_ref().filter(|path| path.exists()) {
        return Err(Failure::Failed(format!(
            "cannot record in {}: the file exists: choose another name",
            quoted(path)
        )));
    }
    let mut asterisk = match options.rules {
        Some(rules) => SimulatedAsterisk::connect_judged(address, options.uuid, rules),
        None => SimulatedAsterisk::connect(address, options.uuid),
    }
    .map_err(|error| cannot_call(address, &error))?;
    if let Some(dialect) = options.dialect {
        asterisk = asterisk.with_dialect(dialect);
    }
    let version = options.rules.unwrap_or_default().version();
    let mut violations = Violations::new(version, options.json);
    let output = Output::new();
    if !version.is_known() {
        warn_of_newer(version, options.json, &output)?;
    }
    let uuid = options.uuid.to_string();
    if options.json {
        let connected = Object::event("connected")
            .text("uuid", &uuid)
            .text("peer", address);
        output.line(&connected.finish())?;
    } else {
        output.line(&format!("connected to {address}\ncall {uuid}"))?;
    }

    let recorded = match &options.record {
        Some(path) => Some(record(options, &asterisk, path)?),
        None => None,
    };
    let started = Instant::now();
    let mut received_audio = ReceivedAudio::since(started);
    let (listener, caller) = asterisk.split();
    let quiet = AtomicBool::new(false);
    let (sent, received) = thread::scope(|scope| {
        let talking = thread::Builder::new()
            .spawn_scoped(scope, || talk(caller, options, &quiet))
            .map_err(|error| cannot_start_a_thread(&error))?;
        let _stops = OnPanic(|| quiet.store(true, Ordering::Relaxed));
        let received = listen(
            listener,
            || talking.is_finished(),
            &mut violations,
            &mut received_audio,
            options,
            &output,
        );
        if received.is_err() {
            // The output failed, so the rest of the call cannot be reported.
            quiet.store(true, Ordering::Relaxed);
        }
        Ok::<_, Failure>((talking.join(), received))
    })?;
    let Sent {
        late,
        failure,
        unpressed,
    } = sent.map_err(|_| Failure::failed("the caller's thread panicked"))?;

    let (end, stats) = (asterisk.end(), asterisk.stats());
    let seconds = started.elapsed().as_secs_f64();
    let found = asterisk.hang_up();
    let failed_recordings = recorded.map_or(0, |(recordings, recorder)| {
        drop(recorder);
        recordings.finish()
    });
    received?;
    violations.print(&found, &output)?;
    let summary = Summary {
        end,
        failure,
        seconds,
        stats,
        late,
        unpressed,
        received_audio,
        found,
    };
    output.line(&match options.json {
        true => summary.json(options),
        false => summary.text(options, &violations),
    })?;
    let is_refused = summary.is_closed_at_once() && !options.is_one_way;
    if let (true, Some(path)) = (is_refused, &options.record) {
        // It is this call's own file, with nothing of the server in it. If it stays, it does no harm.
        let _ = fs::remove_file(path);
    }
    match (summary.complaint(options, &violations), failed_recordings) {
        (Some(complaint), _) => Err(Failure::Failed(complaint)),
        (None, 0) => Ok(()),
        // The warnings have reported the failed recording.
        (None, _) => Err(Failure::Reported),
    }
}
