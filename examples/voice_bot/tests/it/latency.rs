//! The time from the caller's last sound to the bot's first sound, with its parts.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use audiosocket::call::Direction;
use audiosocket::wire::SampleRate;

use crate::line::{REAL_RECOGNIZE, REAL_SPEAK, STAND_IN, Served, call, helpers, is_sound, speech};

const RATE: SampleRate = SampleRate::Hz8000;
const ROUNDS: usize = 10;

#[test]
#[ignore = "a measurement: cargo test --release -- --ignored latency --nocapture"]
fn latency_with_stand_ins() {
    measure("stand-ins", [STAND_IN, STAND_IN]);
}

#[test]
#[ignore = "a measurement: cargo test --release -- --ignored latency --nocapture"]
fn latency_with_real_helpers() {
    measure("real", [REAL_RECOGNIZE, REAL_SPEAK]);
}

fn measure(name: &str, [recognize, speak]: [&str; 2]) {
    let folder = helpers(&format!("latency-{name}"), [STAND_IN; 3]);
    // The stand-ins run these and note their times.
    let timed = helpers(
        &format!("latency-{name}/timed"),
        [recognize, speak, STAND_IN],
    );
    let yes = trimmed(speech(&folder, "yes", RATE));
    let goodbye = speech(&folder, "goodbye", RATE);
    // The reply starts with this much silence.
    let reply = speech(&folder, "You chose yes. What else?", RATE);
    let silent_frames = reply
        .chunks(RATE.samples_in(20))
        .take_while(|frame| !frame.iter().copied().any(is_sound))
        .count();
    let _ = std::fs::remove_file(timed.join("speak.times"));
    let served = Served::start(&folder, "60", "30");
    let (now, clock) = (Instant::now(), SystemTime::now());
    let over = call(&served, RATE, |caller| {
        caller.wait_for("listens");
        for _ in 0..ROUNDS {
            // A second after the bot's last sound, its echo is over.
            caller.say(&vec![0; RATE.samples_in(1100)]);
            caller.say(&yes);
            caller.wait_for("recognized: 'yes'");
            caller.wait_for("listens");
        }
        caller.say(&goodbye);
        caller.wait_for("result: goodbye");
    });
    served.stop(0);
    let recognizer = times(&timed.join("recognize.times"));
    // The first one is the greeting.
    let synthesizer = times(&timed.join("speak.times")).split_off(1);
    let turns = over.sounds.windows(2).filter_map(|pair| match pair {
        [(Direction::Sent, last), (Direction::Received, first)] => Some((*last, *first)),
        _ => None,
    });
    let in_ms = |at: Instant| {
        let since = clock.duration_since(UNIX_EPOCH).unwrap() + (at - now);
        since.as_micros() as f64 / 1000.0
    };
    let mut parts: [Vec<f64>; 5] = Default::default();
    for (((last, first), recognizer), synthesizer) in
        turns.zip(recognizer).zip(synthesizer).take(ROUNDS)
    {
        let (last, first) = (in_ms(last), in_ms(first));
        let silence = silent_frames as f64 * 20.0;
        let ours = synthesizer.0 - recognizer.1 + (first - silence - synthesizer.1);
        for (part, ms) in parts.iter_mut().zip([
            recognizer.0 - last,
            recognizer.1 - recognizer.0,
            synthesizer.1 - synthesizer.0 + silence,
            ours,
            first - last,
        ]) {
            part.push(ms);
        }
    }
    println!("{name}, median of {ROUNDS} and the longest, in ms:");
    for (part, times) in [
        "end-pointing",
        "recognizer",
        "synthesizer",
        "ours",
        "in all",
    ]
    .iter()
    .zip(&mut parts)
    {
        assert_eq!(times.len(), ROUNDS, "{:#?}", over.log);
        times.sort_by(f64::total_cmp);
        let median = (times[ROUNDS / 2 - 1] + times[ROUNDS / 2]) / 2.0;
        println!("{part:>14} {median:7.1} {:7.1}", times[ROUNDS - 1]);
    }
}

/// The samples from the first sound to the last.
fn trimmed(samples: Vec<i16>) -> Vec<i16> {
    let first = samples.iter().position(|it| is_sound(*it)).unwrap();
    let last = samples.iter().rposition(|it| is_sound(*it)).unwrap();
    samples[first..=last].to_vec()
}

/// When a helper had all of its input, and when it had ended, in ms.
fn times(path: &Path) -> Vec<(f64, f64)> {
    let ms = |text: &str| text.parse::<f64>().unwrap() / 1000.0;
    let notes = std::fs::read_to_string(path).unwrap();
    notes
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(asked, answered)| (ms(asked), ms(answered)))
        .collect()
}
