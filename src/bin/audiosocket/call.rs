//! `audiosocket call`: places a call, as Asterisk would.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{
    Deadline, End, Event, Listener, SendError, SimulatedAsterisk, SimulatedCaller,
};
use audiosocket::wire::{Digit, DtmfDialect, Message, SampleRate, Uuid};

use crate::args::{Arg, Args};
use crate::failure::Failure;
use crate::frame_times::FrameTimes;
use crate::inspect::dtmf_fields;
use crate::json::Object;
use crate::output::Output;
use crate::rising_tone::RisingTone;
use crate::text::{counted, quoted, wrapped};

const HELP: &str = "\
audiosocket call ADDR [OPTIONS]

Places a call to an AudioSocket server, as Asterisk would:
connects, sends the UUID, then a rising tone in frames of
20 ms, and digits; reports what comes back.

  --uuid UUID       the call's UUID; a random one by default
  --dtmf DIGITS     press these, each for 100 ms
  --dialect NAME    asterisk (kind 0x03, the default) or
                    start-stop (kind 0x02)
  --rate HZ         8000 (default) to 192000
  --seconds S       hang up after S seconds; by default 1 s
                    after the digits, or after 5 s
  --json            one line of JSON for each event

  audiosocket call 127.0.0.1:9092
  audiosocket call 127.0.0.1:9092 --dtmf 42# --json

'late' is how late the frames sent were, against a clock of
20 ms. Exits 1 if there is no connection, if the server
ended it by a reset or inside a frame, or took no more.
";

struct Options {
    address: String,
    uuid: Uuid,
    digits: Vec<Digit>,
    dialect: DtmfDialect,
    rate: SampleRate,
    seconds: Option<Duration>,
    json: bool,
}

pub fn run(args: &mut Args) -> Result<(), Failure> {
    match options(args)? {
        Some(options) => call(&options),
        None => Output::new().text(HELP),
    }
}

fn options(args: &mut Args) -> Result<Option<Options>, Failure> {
    let mut address = None;
    let mut uuid = None;
    let mut digits = Vec::new();
    let mut dialect = DtmfDialect::Asterisk;
    let mut rate = SampleRate::Hz8000;
    let mut seconds = None;
    let mut json = false;
    while let Some(arg) = args.next()? {
        let option = match arg {
            Arg::Option(option) => option,
            Arg::Value(value) if address.is_none() => {
                address = Some(value.to_string_lossy().into_owned());
                continue;
            }
            value => return Err(args.unexpected(value)),
        };
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
            "--dialect" => dialect = args.dialect()?,
            "--rate" => {
                let text = args.text()?;
                rate = text
                    .parse()
                    .ok()
                    .and_then(SampleRate::from_hz)
                    .ok_or_else(|| {
                        let rates = SampleRate::ALL.map(|rate| rate.hz().to_string()).join(", ");
                        args.wrong_value(&text, format_args!("the rates are {rates}"))
                    })?;
            }
            "--seconds" => seconds = Some(args.seconds()?),
            "--json" => json = true,
            "--help" | "-h" => return args.end().map(|()| None),
            _ => return Err(args.unexpected(Arg::Option(option))),
        }
    }
    let address = address
        .ok_or_else(|| Failure::usage("which server? an address like 127.0.0.1:9092 is due"))?;
    let uuid = uuid.unwrap_or_else(SimulatedAsterisk::random_uuid);
    Ok(Some(Options {
        address,
        uuid,
        digits,
        dialect,
        rate,
        seconds,
        json,
    }))
}

/// Without digits or `--seconds`.
const DEFAULT_LENGTH: Duration = Duration::from_secs(5);
/// How long the caller talks before the first digit and after the last.
const AROUND_DIGITS: Duration = Duration::from_secs(1);
const DIGIT_HELD: Duration = Duration::from_millis(100);
/// How long the caller talks between two digits.
const BETWEEN_DIGITS: Duration = Duration::from_millis(100);
/// How long the caller still listens after the last frame, so that what is under way arrives.
const LAST_WORDS: Duration = Duration::from_millis(250);

fn call(options: &Options) -> Result<(), Failure> {
    let address = &options.address;
    let mut asterisk = SimulatedAsterisk::connect(address, options.uuid)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => {
                Failure::Usage(format!("{} is no address: {error}", quoted(address)))
            }
            _ => Failure::Failed(format!("cannot call {}: {error}", quoted(address))),
        })?
        .with_dialect(options.dialect);
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

    let started = Instant::now();
    let (listener, caller) = asterisk.split();
    let quiet = AtomicBool::new(false);
    let (said, heard) = thread::scope(|scope| {
        let talking = scope.spawn(|| talk(caller, options, &quiet));
        let heard = listen(listener, || talking.is_finished(), options, &output);
        if heard.is_err() {
            // Nobody learns what comes of this call any more.
            quiet.store(true, Ordering::Relaxed);
        }
        (talking.join(), heard)
    });
    let Said { late, failure } =
        said.map_err(|_| Failure::failed("the caller's thread panicked"))?;
    heard?;

    let (end, stats) = (asterisk.end(), asterisk.stats());
    asterisk.hang_up();
    let seconds = started.elapsed().as_secs_f64();
    let (reason, over) = match (end, &failure) {
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
    }
    judge(end, failure)
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
            "the server does not read: its side has been full for 2 s",
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
        tone: RisingTone::new(options.rate),
        late: FrameTimes::default(),
        ends: options
            .seconds
            .and_then(|seconds| Instant::now().checked_add(seconds)),
        quiet,
        caller,
    };
    let stopped = match options.digits.as_slice() {
        [] => talk.speak(options.seconds.unwrap_or(DEFAULT_LENGTH)),
        digits => talk.speak_and_press(digits),
    };
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
    tone: RisingTone,
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
    fn speak_and_press(&mut self, digits: &[Digit]) -> Result<(), Stopped> {
        self.speak(AROUND_DIGITS)?;
        for digit in digits {
            self.caller.press(*digit, DIGIT_HELD)?;
            self.speak(BETWEEN_DIGITS)?;
        }
        self.speak(
            self.ends
                .map_or(AROUND_DIGITS - BETWEEN_DIGITS, |_| Duration::MAX),
        )
    }

    fn speak(&mut self, duration: Duration) -> Result<(), Stopped> {
        let frames = duration.as_millis() / 20;
        for _ in 0..frames {
            if self.quiet.load(Ordering::Relaxed)
                || self.ends.is_some_and(|ends| Instant::now() >= ends)
            {
                return Err(Stopped::InTime);
            }
            self.late.push(self.caller.say(self.tone.next_frame())?);
        }
        Ok(())
    }
}

/// The listening side: reports digits until the call is over, or the caller has been done for a moment.
fn listen(
    listener: &mut Listener,
    is_caller_done: impl Fn() -> bool,
    options: &Options,
    output: &Output,
) -> Result<(), Failure> {
    let mut ends: Option<Instant> = None;
    loop {
        let now = Instant::now();
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
            Some(Event::TimeUp | Event::Message(Message::Audio(_))) => {}
            Some(event) if !options.json => {
                output.line(&wrapped("the server sends ", "  ", &event.to_string()))?;
            }
            Some(Event::Message(Message::Dtmf(dtmf))) => {
                output.line(&dtmf_fields(Object::event("dtmf"), dtmf).finish())?;
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
                "the server does not read: its side has been full for 2 s",
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
