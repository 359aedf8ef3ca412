//! Handling of one call.

use std::path::Path;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallStats, End, Event, KeyEvent, KeyEvents, RecordingTarget};
use audiosocket::wire::{Dtmf, Message, Uuid};

use super::speech::{Answer, Speech};
use super::warnings::Warnings;
use crate::analysis::summary::G711_RECEIVED;
use crate::closed_at_once::{end_name, end_text};
use crate::json::Object;
use crate::received_audio::ReceivedAudio;
use crate::recordings::Recordings;
use crate::reports::{Importance, Report, Reports};
use crate::text::{counted, short, wrapped};

/// Call that the server is handling.
pub struct Answering<'a> {
    pub call: &'a mut Call,
    pub answer: &'a Answer,
    /// Whether digits are sent back too.
    pub digits_back: bool,
    pub hang_up_after: Option<Duration>,
    pub recordings: Option<(&'a Recordings, &'a Path)>,
    pub reports: &'a Reports,
    /// Whether to report progress each second, for a person at a terminal.
    pub shows_seconds: bool,
}

impl Answering<'_> {
    /// Handles the call until it is over.
    pub fn run(self) {
        let Answering {
            call,
            answer,
            digits_back,
            hang_up_after,
            recordings,
            reports,
            shows_seconds,
        } = self;
        let uuid = call.uuid();
        let started = Instant::now();
        reports.add(start_report(call));
        // Records until the end of this function.
        let _recording = recordings.and_then(|(recordings, folder)| {
            let target = RecordingTarget::numbered(folder, uuid.to_string());
            let recording = call.record_with(recordings.sound(), target);
            recording
                .map_err(|error| recordings.not_created(&error))
                .ok()
        });

        let hang_up_at = hang_up_after.and_then(|after| started.checked_add(after));
        let mut warnings = Warnings::new(uuid, reports);
        let voice = call.voice();
        let mut digits = KeyEvents::new();
        let mut received_audio = ReceivedAudio::since(started);
        let mut next_second = started.checked_add(SECOND).filter(|_| shows_seconds);
        let mut speech = Speech::new(answer);
        // Errors of `begin` and of the sends below are ignored. If the caller has gone, the next event is the end of the call.
        let _ = speech.begin(&voice);
        loop {
            let now = Instant::now();
            if next_second.is_some_and(|at| at <= now) {
                next_second = now.checked_add(SECOND);
                reports.add(progress_report(call, started));
            }
            let event = match hang_up_at.into_iter().chain(next_second).min() {
                Some(at) => call.receive_until(at),
                None => call.receive(),
            };
            match event {
                None => break,
                Some(Event::TimeUp) => {
                    if hang_up_at.is_some_and(|at| at <= Instant::now()) {
                        voice.hang_up();
                    }
                }
                Some(Event::MarkReached(_)) => {
                    let _ = speech.go_on(&voice);
                }
                Some(Event::Message(Message::Audio(audio))) => {
                    received_audio.add(audio);
                    // Echo is not mixed with a digit that is being sent back.
                    if matches!(answer, Answer::Echo) && voice.queued().is_zero() {
                        let _ = voice.send_now(audio);
                    }
                }
                Some(Event::Message(message @ Message::Dtmf(dtmf))) => {
                    reports.add(dtmf_report(uuid, message, dtmf));
                    received_audio.note_digit();
                    digits.push(dtmf, Instant::now());
                }
                Some(other) => warnings.add_received(&other.to_string()),
            }
            while let Some(event) = digits.pop(Instant::now()) {
                if let (true, KeyEvent::Press { digit, .. }) = (digits_back, event) {
                    // In the same case as the received digit.
                    let _ = voice.send_digits(&char::from(digit.wire_code()).to_string());
                }
            }
        }
        if call.stats().is_g711_suspected {
            warnings.add(G711_RECEIVED);
        }
        warnings.finish();
        if let Some(end) = call.end() {
            reports.add(end_report(call, end, started, received_audio));
        }
    }
}

// Not inlined, here and below, so that a call's stack reserves no space for these texts. The space would be one more page per
// call.
#[inline(never)]
fn start_report(call: &Call) -> Report {
    let (uuid, peer) = (call.uuid(), peer_text(call));
    let short = short(uuid);
    Report {
        importance: Importance::Call,
        json: Object::event("call")
            .text("uuid", &uuid.to_string())
            .text("peer", &peer),
        text: format!("{short} call {uuid}\n{short} from {peer}"),
    }
}

#[inline(never)]
fn progress_report(call: &Call, started: Instant) -> Report {
    let (stats, seconds) = (call.stats(), started.elapsed().as_secs());
    let (frames_in, frames_out) = (stats.frames_received, stats.frames_sent);
    let short = short(call.uuid());
    Report {
        importance: Importance::Detail,
        json: Object::event("second"),
        text: format!("{short} {seconds:>3} s: {frames_in} received, {frames_out} sent"),
    }
}

#[inline(never)]
fn dtmf_report(uuid: Uuid, message: Message<'_>, dtmf: Dtmf) -> Report {
    let json = Object::event("dtmf").text("uuid", &uuid.to_string());
    Report {
        importance: Importance::Detail,
        json: json.dtmf(dtmf),
        text: format!("{} {message}", short(uuid)),
    }
}

#[inline(never)]
fn end_report(call: &Call, end: End, started: Instant, received_audio: ReceivedAudio) -> Report {
    let (uuid, stats) = (call.uuid(), call.stats());
    let short = short(uuid);
    let seconds = started.elapsed().as_secs_f64();
    let (frames_in, frames_out) = (stats.frames_received, stats.frames_sent);
    let indent = format!("{short} ");
    let ended = wrapped(
        &format!("{short} ended: "),
        &indent,
        &end_text(end, frames_in),
    );
    let frames = counted(frames_in, "frame");
    let mut lines = vec![
        ended,
        format!("{short} {seconds:.1} s, {frames} received, {frames_out} sent"),
    ];
    for text in received_audio
        .lines()
        .into_iter()
        .chain(played_text(&stats))
    {
        lines.push(wrapped(&indent, &indent, &text));
    }
    let json = Object::event("hangup")
        .text("uuid", &uuid.to_string())
        .text("reason", end_name(end, frames_in))
        .thousandths("seconds", seconds)
        .number("frames_in", frames_in)
        .number("frames_out", frames_out);
    Report {
        importance: Importance::Call,
        json: played_fields(received_audio.fields(json), &stats),
        text: lines.join("\n"),
    }
}

/// Interval of the progress reports.
const SECOND: Duration = Duration::from_secs(1);

/// Adds the lateness of the sent audio: `late_ms_p50`, `late_ms_p99`, `gaps_out`. Adds nothing if no audio was sent.
fn played_fields(object: Object, stats: &CallStats) -> Object {
    match lateness_ms(stats) {
        Some((p50, p99)) => object
            .thousandths("late_ms_p50", p50)
            .thousandths("late_ms_p99", p99)
            .number("gaps_out", stats.gaps),
        None => object,
    }
}

fn played_text(stats: &CallStats) -> Option<String> {
    let (p50, p99) = lateness_ms(stats)?;
    let gaps = match stats.gaps {
        0 => String::from("no gaps"),
        gaps => counted(gaps, "gap"),
    };
    Some(format!(
        "played {p50:.2} ms late at the median, p99 {p99:.2} ms, {gaps}"
    ))
}

fn lateness_ms(stats: &CallStats) -> Option<(f64, f64)> {
    let percentile = |percent| {
        let late = stats.lateness.percentile(percent)?;
        Some(late.as_secs_f64() * 1000.0)
    };
    Some((percentile(50)?, percentile(99)?))
}

pub fn peer_text(call: &Call) -> String {
    call.peer_addr()
        .map_or(String::new(), |peer| peer.to_string())
}
