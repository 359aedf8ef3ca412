//! Plays a file to each caller and hangs up, so that `.ci/asterisk` can check the audio that a real Asterisk receives:
//!
//! ```sh
//! speaker one|two FILE.raw RATE [--flush-after SECONDS | --digits DIGITS]
//! ```
//!
//! `one` runs a call in one thread, and `two` plays in a second thread. FILE.raw holds 16-bit samples, little-endian, one channel,
//! at RATE Hz. `--flush-after` clears the queue this long after playback started, and hangs up half a second later. Nothing more
//! may be audible in that time. `--digits` sends these digits after the file, and then plays the file again.
//!
//! The first line on stdout is `listening on IP:PORT`. Each call that ends adds a JSON object. The program runs until it is killed.

use std::env;
use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, Event, PlayError, Voice};
use audiosocket::server::Server;
use audiosocket::wire::SampleRate;

const SILENCE_AFTER_FLUSH: Duration = Duration::from_millis(500);

const USAGE: &str =
    "usage: speaker one|two FILE.raw RATE [--flush-after SECONDS | --digits DIGITS]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speaker: {error}");
            ExitCode::FAILURE
        }
    }
}

type HandlerResult<R> = Result<R, Box<dyn Error + Send + Sync>>;

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let task = Task::from_arguments(&arguments)?;
    let server = Server::builder()
        .call_options(task.call_options())
        .on_incident(|incident| eprintln!("speaker: {incident}"))
        .bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr());
    server.run(|call| {
        let speech = match task.threads {
            Threads::One => speak_in_one_thread(call, &task)?,
            Threads::Two => speak_in_two_threads(call, &task)?,
        };
        println!("{}", report(call, &speech));
        Ok(())
    })?;
    Ok(())
}

fn speak_in_one_thread(call: &mut Call, task: &Task) -> Result<Speech, PlayError> {
    let mut speech = Speech::begin(call.voice(), task)?;
    while let Some(event) = match speech.next_step_at {
        Some(time) => call.receive_until(time),
        None => call.receive(),
    } {
        speech.take_in(event);
    }
    Ok(speech)
}

fn speak_in_two_threads(call: &mut Call, task: &Task) -> HandlerResult<Speech> {
    // Queued ahead of the player's start, so that the length of the whole is known.
    let mut speech = Speech::begin(call.voice(), task)?;
    call.with_player(|receiver, _| {
        while let Some(event) = match speech.next_step_at {
            Some(time) => receiver.receive_until(time),
            None => receiver.receive(),
        } {
            speech.take_in(event);
        }
        Ok(speech)
    })
}

/// The task for every call.
struct Task {
    threads: Threads,
    bytes: Vec<u8>,
    rate: SampleRate,
    flush_after: Option<Duration>,
    /// Digits to send after the file, before it is played again.
    digits: Option<String>,
}

#[derive(Clone, Copy)]
enum Threads {
    One,
    Two,
}

impl Task {
    fn from_arguments(arguments: &[String]) -> Result<Task, Box<dyn Error>> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let [threads, file, rate, option @ ..] = &arguments[..] else {
            return Err(USAGE.into());
        };
        let (flush_after, digits) = match option {
            [] => (None, None),
            ["--flush-after", seconds] => {
                (Some(Duration::try_from_secs_f64(seconds.parse()?)?), None)
            }
            ["--digits", digits] => (None, Some(String::from(*digits))),
            _ => return Err(USAGE.into()),
        };
        Ok(Task {
            threads: match *threads {
                "one" => Threads::One,
                "two" => Threads::Two,
                _ => return Err(USAGE.into()),
            },
            bytes: fs::read(file).map_err(|error| format!("{file}: {error}"))?,
            rate: SampleRate::from_hz(rate.parse()?)
                .ok_or_else(|| format!("AudioSocket has no rate of {rate} Hz"))?,
            flush_after,
            digits,
        })
    }

    fn call_options(&self) -> CallOptions {
        let seconds = self.bytes.len() as u64 / 2 / u64::from(self.rate.hz());
        CallOptions::default()
            .playback_rate(self.rate)
            // Makes room for the whole file, the digits, and the file again.
            .max_queued(Duration::from_secs(2 * seconds + 10))
    }
}

/// The playback of one call, and the digits received meanwhile.
struct Speech {
    voice: Voice,
    length: Duration,
    /// When to clear the queue, and how long after that to hang up. `None` plays everything.
    next_step_at: Option<Instant>,
    flushed: Option<Duration>,
    digits: String,
}

impl Speech {
    fn begin(voice: Voice, task: &Task) -> Result<Speech, PlayError> {
        voice.play(&task.bytes)?;
        if let Some(digits) = &task.digits {
            voice.send_digits(digits)?;
            voice.play(&task.bytes)?;
        }
        let length = voice.queued();
        voice.hang_up_after_playback();
        Ok(Speech {
            voice,
            length,
            next_step_at: task.flush_after.map(|time| Instant::now() + time),
            flushed: None,
            digits: String::new(),
        })
    }

    fn take_in(&mut self, event: Event<'_>) {
        if event == Event::TimeUp && self.flushed.is_none() {
            self.flushed = Some(self.voice.clear().duration());
            self.next_step_at = Some(Instant::now() + SILENCE_AFTER_FLUSH);
        } else if event == Event::TimeUp {
            self.voice.hang_up();
        }
        if let Some(dtmf) = event.dtmf() {
            self.digits.push(dtmf.digit().to_char());
        }
    }

    /// The audio that was cleared, or that was left when the caller hung up.
    fn unsaid(&self) -> Duration {
        self.flushed.unwrap_or_default() + self.voice.queued()
    }
}

fn report(call: &Call, speech: &Speech) -> String {
    let stats = call.stats();
    let late = |late: Option<Duration>| late.map_or(0.0, milliseconds);
    format!(
        "{{\"event\":\"spoken\",\"uuid\":\"{}\",\"end\":\"{}\",\"said_ms\":{:.3},\"unsaid_ms\":{:.3},\
         \"digits\":\"{}\",\"frames_sent\":{},\"frames_received\":{},\
         \"late_ms_p50\":{:.3},\"late_ms_p99\":{:.3},\"late_ms_worst\":{:.3},\
         \"late_frames\":{},\"gaps\":{},\"underruns\":{}}}",
        call.uuid(),
        call.end().map_or("none", |end| end.name()),
        milliseconds(speech.length.saturating_sub(speech.unsaid())),
        milliseconds(speech.unsaid()),
        speech.digits,
        stats.frames_sent,
        stats.frames_received,
        late(stats.lateness.percentile(50)),
        late(stats.lateness.percentile(99)),
        late(stats.lateness.max()),
        stats.late_frames,
        stats.gaps,
        stats.underruns,
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
