//! `audiosocket call`: places a call, as Asterisk would.

mod judged_by;
mod versions;
mod violations;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::asterisk::Version;
use audiosocket::call::{
    Deadline, Direction, End, Event, Listener, SendError, SimulatedAsterisk, SimulatedCaller,
    SimulatedConnection,
};
use audiosocket::wav::{Recording, Wav};
use audiosocket::wire::{Audio, Digit, DtmfDialect, Message, SampleRate, Uuid};

use crate::address::{self, cannot_call};
use crate::args::Args;
use crate::failure::Failure;
use crate::frame_times::FrameTimes;
use crate::hearing::Hearing;
use crate::json::Object;
use crate::output::{self, Output};
use crate::sound_recordings::{SoundRecorder, SoundRecordings};
use crate::text::{counted, quoted, wrapped};
use judged_by::JudgedBy;
use violations::{Violations, fields};

const HELP: &str = "\
audiosocket call ADDR [OPTIONS]

Places a call to an AudioSocket server, as Asterisk would:
connects, sends the UUID, then a file or silence in frames
of 20 ms, and digits; reports what comes back.

  --uuid UUID       the call's UUID; a random one by default
  --play FILE.wav   say this at the file's rate: a WAV file,
                    16-bit mono, 8000 to 192000 Hz
  --record FILE.wav record the call there, stereo: caller
                    left, the server's side right
  --dtmf DIGITS     press these, each for 100 ms
  --dialect NAME    asterisk (kind 0x03) or start-stop (kind
                    0x02); by default, as the version has it
  --rate HZ         of silence: 8000 (default) to 192000
  --seconds S       hang up after S seconds; by default 1 s
                    after file and digits, or after 5 s
  --asterisk V      judge the server by Asterisk V's rules:
                    22.10 (default), 20.13, ..., start-stop;
                    none: by none; list: what each does
  --json            one line of JSON for each event

  audiosocket call 127.0.0.1:9092
  audiosocket call 127.0.0.1:9092 --play hello.wav
  audiosocket call 127.0.0.1:9092 --dtmf 42# --json
  audiosocket call 127.0.0.1:9092 --asterisk 20.13
  audiosocket call --asterisk list

'late' is how late the frames sent were, against a clock of
20 ms. What the server does wrong is told when it happens,
with what that Asterisk does then. Exits 1 if there is no
connection, if Asterisk objects, if the server ended the
call by a reset or inside a frame, or took no more.
";

struct Options {
    address: String,
    uuid: Uuid,
    digits: Vec<Digit>,
    /// `None` for that of the version.
    dialect: Option<DtmfDialect>,
    /// What the caller says; nothing, but silence, if there is none.
    speech: Option<Wav>,
    rate: SampleRate,
    record: Option<PathBuf>,
    seconds: Option<Duration>,
    /// By which the server is judged, if it is.
    version: Option<Version>,
    json: bool,
}

/// What is wanted.
enum Wish {
    Call(Options),
    Versions { json: bool },
    Help,
}

pub fn run(args: &mut Args) -> Result<(), Failure> {
    match wish(args)? {
        Wish::Call(options) => call(&options),
        Wish::Versions { json } => {
            versions::print(json, &Output::new()).map_err(Failure::of_printing)
        }
        Wish::Help => Output::new().text(HELP),
    }
}

fn wish(args: &mut Args) -> Result<Wish, Failure> {
    let mut address = None;
    let mut uuid = None;
    let mut digits = Vec::new();
    let mut dialect = None;
    let mut judged_by = JudgedBy::default();
    let mut rate = None;
    let (mut file, mut record) = (None, None);
    let mut seconds = None;
    let mut json = false;
    while let Some(option) = args.next_option_beside(&mut address)? {
        match option.as_str() {
            "--uuid" => uuid = Some(args.parse()?),
            "--dtmf" => {
                let text = args.text()?;
                if text.is_empty() {
                    return Err(args.wrong_value(&text, "digits are due: 0-9, *, #, A-D"));
                }
                digits = text
                    .chars()
                    .map(Digit::try_from)
                    .collect::<Result<_, _>>()
                    .map_err(|error| args.wrong_value(&text, error))?;
            }
            "--dialect" => dialect = Some(args.dialect()?),
            "--asterisk" => judged_by = JudgedBy::parse(args)?,
            "--play" => file = Some(PathBuf::from(args.value()?)),
            "--record" => record = Some(PathBuf::from(args.value()?)),
            "--rate" => {
                let text = args.text()?;
                rate = Some(
                    text.parse()
                        .ok()
                        .and_then(SampleRate::from_hz)
                        .ok_or_else(|| {
                            let rates =
                                SampleRate::ALL.map(|rate| rate.hz().to_string()).join(", ");
                            args.wrong_value(&text, format_args!("the rates are {rates}"))
                        })?,
                );
            }
            "--seconds" => seconds = Some(args.seconds()?),
            "--json" => json = true,
            "--help" | "-h" => return args.end().map(|()| Wish::Help),
            _ => return Err(args.unknown(option)),
        }
    }
    if judged_by == JudgedBy::ListOfAll {
        return Ok(Wish::Versions { json });
    }
    let address = address::of_server(address)?;
    let uuid = uuid.unwrap_or_else(SimulatedAsterisk::random_uuid);
    let speech = file.as_deref().map(Wav::open).transpose()?;
    let rate = match (rate, &file, &speech) {
        (Some(rate), Some(file), Some(speech)) if rate != speech.rate() => {
            return Err(Failure::Usage(format!(
                "--rate is {rate}, but {} is at {}",
                quoted(file),
                speech.rate()
            )));
        }
        (_, _, Some(speech)) => speech.rate(),
        (rate, ..) => rate.unwrap_or(SampleRate::Hz8000),
    };
    let version = judged_by.version(dialect, rate, !digits.is_empty())?;
    Ok(Wish::Call(Options {
        address,
        uuid,
        digits,
        dialect,
        speech,
        rate,
        record,
        seconds,
        version,
        json,
    }))
}

/// Without file, digits or `--seconds`.
const DEFAULT_LENGTH: Duration = Duration::from_secs(5);
/// How long the caller talks, or is silent, before the first digit.
const BEFORE_DIGITS: Duration = Duration::from_secs(1);
const DIGIT_HELD: Duration = Duration::from_millis(100);
/// The same between two digits.
const BETWEEN_DIGITS: Duration = Duration::from_millis(100);
/// How long the caller still listens when file and digits are out.
const AFTER_ALL: Duration = Duration::from_secs(1);
/// How long the caller still listens after the last frame, so that what is under way arrives.
const LAST_WORDS: Duration = Duration::from_millis(250);

fn call(options: &Options) -> Result<(), Failure> {
    let address = &options.address;
    // Said before the server is bothered; the recording itself does not overwrite anything either.
    if let Some(path) = options.record.as_ref().filter(|path| path.exists()) {
        return Err(Failure::Failed(format!(
            "cannot record in {}: it exists already",
            quoted(path)
        )));
    }
    let mut asterisk = SimulatedAsterisk::connect(address, options.uuid)
        .map_err(|error| cannot_call(address, &error))?;
    if let Some(version) = options.version {
        asterisk = asterisk
            .judged_by(version)
            .map_err(|error| Failure::Failed(format!("cannot judge the server: {error}")))?;
    }
    if let Some(dialect) = options.dialect {
        asterisk = asterisk.with_dialect(dialect);
    }
    let version = options.version.unwrap_or_default();
    let mut violations = Violations::new(version, options.json);
    let output = Output::new();
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
    let mut hearing = Hearing::since(started);
    let (listener, caller) = asterisk.split();
    let quiet = AtomicBool::new(false);
    let (said, heard) = thread::scope(|scope| {
        let talking = scope.spawn(|| talk(caller, options, &quiet));
        let heard = listen(
            listener,
            || talking.is_finished(),
            &mut violations,
            &mut hearing,
            options,
            &output,
        );
        if heard.is_err() {
            // Nobody learns what comes of this call any more.
            quiet.store(true, Ordering::Relaxed);
        }
        (talking.join(), heard)
    });
    let Said { late, failure } =
        said.map_err(|_| Failure::failed("the caller's thread panicked"))?;

    let (end, stats) = (asterisk.end(), asterisk.stats());
    let seconds = started.elapsed().as_secs_f64();
    let found = asterisk.hang_up();
    let failed_recordings = recorded.map_or(0, |(recordings, recorder)| {
        drop(recorder);
        recordings.finish()
    });
    heard?;
    violations.print(&found, &output)?;
    let ended_by = found.last().filter(|last| last.consequence.ends_call());
    let (reason, over) = match (end, &failure) {
        (Some(end @ End::HungUpHere), _) => match ended_by {
            Some(violation) => (end.name(), violations.consequence(violation)),
            None => (end.name(), end.to_string()),
        },
        (Some(end), _) => (end.name(), end.to_string()),
        (None, Some(_)) => ("failed", String::from("the server takes no more")),
        (None, None) => (End::HungUpHere.name(), End::HungUpHere.to_string()),
    };
    let (p50, p99) = (late.percentile_ms(50), late.percentile_ms(99));
    if options.json {
        let mut summary = Object::event("summary")
            .text("uuid", &uuid)
            .text("reason", reason)
            .thousandths("seconds", seconds)
            .number("frames_sent", stats.frames_sent)
            .number("frames_received", stats.frames_received);
        if let (Some(p50), Some(p99)) = (p50, p99) {
            summary = summary
                .thousandths("late_ms_p50", p50)
                .thousandths("late_ms_p99", p99);
        }
        summary = hearing.fields(summary);
        if let Some(version) = options.version {
            let found = found.iter().map(|found| fields(Object::new(), found));
            summary = summary
                .text("asterisk", &version.to_string())
                .list("violations", found);
        }
        output.line(&summary.finish())?;
    } else {
        output.line(&wrapped(
            &format!("over after {seconds:.1} s: "),
            "  ",
            &over,
        ))?;
        let sent = counted(stats.frames_sent, "frame");
        output.line(&format!("{sent} sent, {} received", stats.frames_received))?;
        if let (Some(p50), Some(p99)) = (p50, p99) {
            output.line(&format!(
                "sent late by {p50:.2} ms at the median, p99 {p99:.2} ms"
            ))?;
        }
        for line in hearing.lines() {
            output.line(&line)?;
        }
        if options.version.is_some() && found.is_empty() {
            output.line(&format!("Asterisk {version} objects to nothing"))?;
        }
    }
    judge(end, failure)?;
    if !found.is_empty() {
        return Err(Failure::Failed(violations.complaint(&found)));
    }
    match failed_recordings {
        0 => Ok(()),
        // What was wrong with it has been said.
        _ => Err(Failure::Reported),
    }
}

/// Whether all went well. That the server takes no more is nothing wrong if it has ended the call, which a caller notices when
/// he talks on.
fn judge(end: Option<End>, failure: Option<SendError>) -> Result<(), Failure> {
    match (end, failure) {
        (None, None) | (Some(End::Closed | End::HungUp | End::HungUpHere), _) => Ok(()),
        (Some(End::Reset), _) => Err(Failure::failed(
            "the server reset the connection: Asterisk would have hung up the caller",
        )),
        (Some(End::TimedOut(Deadline::Write)), _) => Err(Failure::failed(
            "the server does not read: its side is full",
        )),
        (Some(end), _) => Err(Failure::Failed(end.to_string())),
        (None, Some(error)) => Err(Failure::Failed(format!("{error}"))),
    }
}

/// What the caller has said.
struct Said {
    late: FrameTimes,
    /// Why he stopped before the end of it, if he did.
    failure: Option<SendError>,
}

/// The caller's side: talks and presses keys until the time is over, he is to be quiet, or the server takes no more.
fn talk(caller: &mut SimulatedCaller, options: &Options, quiet: &AtomicBool) -> Said {
    let mut talk = Talk {
        source: Source::new(options),
        late: FrameTimes::default(),
        ends: options
            .seconds
            .and_then(|seconds| Instant::now().checked_add(seconds)),
        quiet,
        caller,
    };
    let stopped = talk.say_all(&options.digits);
    Said {
        late: talk.late,
        failure: match stopped {
            Err(Stopped::Failed(error)) => Some(error),
            Ok(()) | Err(Stopped::InTime) => None,
        },
    }
}

struct Talk<'a> {
    caller: &'a mut SimulatedCaller,
    source: Source<'a>,
    late: FrameTimes,
    ends: Option<Instant>,
    quiet: &'a AtomicBool,
}

/// Why the caller has stopped before the end of what was to be said.
enum Stopped {
    /// The time was over, or he was told to.
    InTime,
    Failed(SendError),
}

impl From<SendError> for Stopped {
    fn from(error: SendError) -> Stopped {
        Stopped::Failed(error)
    }
}

impl Talk<'_> {
    fn say_all(&mut self, digits: &[Digit]) -> Result<(), Stopped> {
        let has_nothing_to_say = digits.is_empty() && self.source.is_at_end();
        if !digits.is_empty() {
            self.speak(BEFORE_DIGITS)?;
        }
        for (place, digit) in digits.iter().enumerate() {
            if place > 0 {
                self.speak(BETWEEN_DIGITS)?;
            }
            self.caller.press(*digit, DIGIT_HELD)?;
        }
        while !self.source.is_at_end() {
            self.say_frame()?;
        }
        match self.ends {
            Some(_) => self.speak(Duration::MAX),
            None if has_nothing_to_say => self.speak(DEFAULT_LENGTH),
            None => self.speak(AFTER_ALL),
        }
    }

    fn speak(&mut self, duration: Duration) -> Result<(), Stopped> {
        let frames = duration.as_millis() / 20;
        for _ in 0..frames {
            self.say_frame()?;
        }
        Ok(())
    }

    fn say_frame(&mut self) -> Result<(), Stopped> {
        if self.quiet.load(Ordering::Relaxed)
            || self.ends.is_some_and(|ends| Instant::now() >= ends)
        {
            return Err(Stopped::InTime);
        }
        if let Some(audio) = self.source.next_frame() {
            self.late.push(self.caller.say(audio)?);
        }
        Ok(())
    }
}

/// What the caller says, in frames of 20 ms: the file, and silence when that is at its end.
struct Source<'a> {
    rate: SampleRate,
    left: &'a [u8],
    frame: Vec<u8>,
}

impl<'a> Source<'a> {
    fn new(options: &'a Options) -> Source<'a> {
        Source {
            rate: options.rate,
            left: options.speech.as_ref().map_or(&[], Wav::bytes),
            frame: vec![0; options.rate.samples_in(20) * 2],
        }
    }

    fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    fn next_frame(&mut self) -> Option<Audio<'_>> {
        let (said, left) = self.left.split_at(self.frame.len().min(self.left.len()));
        self.left = left;
        self.frame[..said.len()].copy_from_slice(said);
        self.frame[said.len()..].fill(0);
        Audio::new(self.rate, &self.frame).ok()
    }
}

/// Records the call on a thread of its own. What goes wrong with that is said at once.
fn record(
    options: &Options,
    asterisk: &SimulatedAsterisk,
    path: &Path,
) -> Result<(SoundRecordings, SoundRecorder), Failure> {
    let recording = Recording::create_new(path, options.rate, Instant::now())
        .map_err(|error| Failure::Failed(format!("cannot record in {}: {error}", quoted(path))))?;
    let json = options.json;
    let recordings = SoundRecordings::start(move |text| {
        let warning = Object::event("warning").text("text", text).finish();
        // Nobody may be there to read it; the exit code still tells.
        let _ = match json {
            true => Output::new().line(&warning).is_ok(),
            false => output::print_error(text).is_ok(),
        };
    })?;
    let recorder = recordings.go_on_with(recording, path.to_path_buf());
    let mut hook = recorder.hook();
    asterisk.on_audio(move |direction, audio, at| {
        // Whoever places the call is the caller, whose side is the left one.
        let side = match direction {
            Direction::Heard => Direction::Said,
            _ => Direction::Heard,
        };
        hook(side, audio, at);
    });
    Ok((recordings, recorder))
}

/// The listening side: reports digits until the call is over, or the caller has been done for a moment.
fn listen(
    listener: &mut Listener<SimulatedConnection>,
    is_caller_done: impl Fn() -> bool,
    violations: &mut Violations,
    hearing: &mut Hearing,
    options: &Options,
    output: &Output,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut ends: Option<Instant> = None;
    let mut seconds_told = 0;
    let tells_seconds = !options.json && io::stdout().is_terminal();
    loop {
        violations.print(&listener.violations(), output)?;
        let now = Instant::now();
        let seconds = now.saturating_duration_since(started).as_secs();
        if tells_seconds && seconds > seconds_told {
            seconds_told = seconds;
            let stats = listener.stats();
            let (sent, received) = (stats.frames_sent, stats.frames_received);
            output.line(&format!("{seconds:>3} s: {sent} sent, {received} received"))?;
        }
        if ends.is_none() && is_caller_done() {
            ends = now.checked_add(LAST_WORDS);
        }
        if ends.is_some_and(|ends| now >= ends) {
            return Ok(());
        }
        let wait = now
            .checked_add(Duration::from_millis(100))
            .into_iter()
            .chain(ends)
            .min();
        let event = match wait {
            Some(time) => listener.receive_until(time),
            None => listener.receive(),
        };
        match event {
            None => return Ok(()),
            Some(Event::Message(Message::Audio(audio))) => hearing.hear(audio),
            Some(Event::TimeUp) => {}
            Some(event) if !options.json => {
                output.line(&wrapped("the server sends ", "  ", &event.to_string()))?;
            }
            Some(Event::Message(Message::Dtmf(dtmf))) => {
                output.line(&Object::event("dtmf").dtmf(dtmf).finish())?;
            }
            Some(other) => {
                let warning = Object::event("warning").text("text", &other.to_string());
                output.line(&warning.finish())?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: Option<SendError> = Some(SendError::PeerGone);

    #[test]
    fn a_call_that_ended_well_is_no_failure_although_the_last_frame_was_not_taken() {
        for end in [End::Closed, End::HungUp, End::HungUpHere] {
            assert!(judge(Some(end), None).is_ok());
            assert!(judge(Some(end), GONE).is_ok());
        }
        assert!(judge(None, None).is_ok());
    }

    #[test]
    fn every_other_end_is_a_failure_and_says_why() {
        for (end, failure, message) in [
            (
                Some(End::Reset),
                GONE,
                "the server reset the connection: Asterisk would have hung up the caller",
            ),
            (
                Some(End::Truncated { needed: 2 }),
                None,
                "the peer closed inside a frame, which lacks 2 of its bytes",
            ),
            (
                Some(End::TimedOut(Deadline::Write)),
                GONE,
                "the server does not read: its side is full",
            ),
            (None, GONE, "the connection takes no more"),
        ] {
            match judge(end, failure) {
                Err(Failure::Failed(said)) => assert_eq!(said, message),
                other => panic!("{other:?}"),
            }
        }
    }
}
