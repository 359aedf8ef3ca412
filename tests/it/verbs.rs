//! Play and wait, and gather: each way to end, in one thread and with a player, with both dialects and with tones.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{
    CallOptions, CallReceiver, Gather, GatherEnd, PlayError, PlayOutcome, Prompt, Voice,
};
use audiosocket::server::Server;
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::tone::Generator;
use audiosocket::wire::{Audio, Digit, DtmfDialect, SampleRate};

use crate::common::served::{HandlerResult, PATIENCE, Served, audio, uuid};

const DIALECTS: [DtmfDialect; 2] = [DtmfDialect::Asterisk, DtmfDialect::StartStop];

/// Samples of 20 ms at 8 kHz for each number.
fn numbered(frames: std::ops::RangeInclusive<i16>) -> Vec<i16> {
    frames.flat_map(|number| [number; 160]).collect()
}

fn prompt(samples: &[i16]) -> Prompt<'_> {
    Prompt::from((samples, SampleRate::Hz8000))
}

/// A question whose answer no busy machine cuts short.
fn question() -> Gather<'static> {
    Gather::new()
        .first_timeout(PATIENCE)
        .digit_timeout(PATIENCE)
}

fn digits(text: &str) -> Vec<Digit> {
    text.chars()
        .map(|it| Digit::try_from(it).unwrap())
        .collect()
}

fn press(asterisk: &mut SimulatedAsterisk, keys: &str) {
    for digit in digits(keys) {
        let held = Duration::from_millis(1);
        asterisk.caller().press(digit, held).unwrap();
    }
}

fn numbers_received(mut asterisk: SimulatedAsterisk) -> Vec<i16> {
    let mut numbers = Vec::new();
    while let Some(event) = asterisk.receive() {
        numbers.extend(event.audio().and_then(|audio| audio.samples().next()));
    }
    numbers
}

/// Runs `verb` on a call in one thread and with a player, for both dialects. `caller` is its caller. Returns the numbers of the
/// frames that each caller received.
fn run(
    verb: impl Fn(&mut CallReceiver) -> HandlerResult + Clone + Send + Sync + 'static,
    caller: impl Fn(&mut SimulatedAsterisk),
) -> Vec<Vec<i16>> {
    run_to(verb, caller, numbers_received)
}

/// Runs it as `run` does, with an end other than that of the server.
fn run_to<R>(
    verb: impl Fn(&mut CallReceiver) -> HandlerResult + Clone + Send + Sync + 'static,
    caller: impl Fn(&mut SimulatedAsterisk),
    end: impl Fn(SimulatedAsterisk) -> R,
) -> Vec<R> {
    let options = CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
        .max_queued(Duration::from_secs(2));
    let mut received = Vec::new();
    for has_player in [false, true] {
        for dialect in DIALECTS {
            let verb = verb.clone();
            let (done, results) = mpsc::channel();
            let builder = Server::builder().call_options(options);
            let server = Served::start(builder, move |call| {
                let result = match has_player {
                    false => verb(call.split().0),
                    true => call.with_player(|receiver, _| verb(receiver)),
                };
                done.send(result.map_err(|error| error.to_string()))?;
                Ok(())
            });
            let mut asterisk = server.simulate(uuid(1)).with_dialect(dialect);
            caller(&mut asterisk);
            received.push(end(asterisk));
            let result = results.recv_timeout(PATIENCE);
            assert_eq!(server.stop().incidents, Vec::<String>::new());
            assert_eq!(result, Ok(Ok(())), "player: {has_player}, {dialect}");
        }
    }
    received
}

#[test]
fn play_and_wait_finishes_after_last_frame() {
    let received = run(
        |receiver| {
            let samples = numbered(1..=5);
            let started = Instant::now();
            let outcome = receiver.play_and_wait(prompt(&samples), "123#")?;
            assert_eq!(outcome, PlayOutcome::Finished);
            assert_eq!(receiver.stats().frames_sent, 5);
            // A hangup in the time of the last frame would cut it off. A stall can only make this longer.
            assert!(started.elapsed() >= Duration::from_millis(100));
            Ok(())
        },
        |_| {},
    );
    assert_eq!(received, vec![vec![1, 2, 3, 4, 5]; 4]);
}

/// The mark at the end of a cleared prompt is never reached, so the wait must not depend on it.
#[test]
fn play_and_wait_returns_when_another_clears() {
    fn verb(receiver: &mut CallReceiver, voice: &Voice) -> HandlerResult {
        // Longer than the queue.
        let samples = numbered(1..=500);
        let outcome =
            receiver.play_and_wait_with(prompt(&samples), "1", |_| drop(voice.clear()))?;
        assert_eq!(outcome, PlayOutcome::Cleared);

        thread::scope(|scope| {
            scope.spawn(|| {
                while voice.queued().is_zero() {
                    thread::sleep(Duration::from_millis(1));
                }
                voice.clear();
            });
            let samples = numbered(1..=50);
            let outcome = receiver.play_and_wait(prompt(&samples), "1")?;
            assert_eq!(outcome, PlayOutcome::Cleared);
            Ok(())
        })
    }
    let options = CallOptions::default().max_duration(Some(PATIENCE));
    for has_player in [false, true] {
        let builder = Server::builder().call_options(options);
        let server = Served::start(builder, move |call| match has_player {
            false => {
                let voice = call.voice();
                verb(call.split().0, &voice)
            }
            true => call.with_player(verb),
        });
        let mut asterisk = server.simulate(uuid(1));
        asterisk.caller().send_frame(audio(&[0; 320])).unwrap();
        while asterisk.receive().is_some() {}
        assert_eq!(server.stop().incidents, Vec::<String>::new());
    }
}

#[test]
fn play_and_wait_returns_key_and_rest() {
    let received = run(
        |receiver| {
            // Longer than the queue.
            let samples = numbered(1..=500);
            let outcome = receiver.play_and_wait(prompt(&samples), "#5")?;
            let PlayOutcome::Stopped {
                digit, unplayed, ..
            } = outcome
            else {
                return Err(format!("{outcome:?}").into());
            };
            assert_eq!(digit.to_char(), '5');
            let played = receiver.stats().frames_sent * 160;
            let rest: Vec<u8> = samples[played..]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect();
            assert_eq!(unplayed.bytes(), rest);
            // The key that did not stop it was typed ahead.
            let gathered = receiver.gather(question().max_digits(1))?;
            assert_eq!(gathered.digits, "7");
            Ok(())
        },
        |asterisk| {
            asterisk.receive();
            press(asterisk, "75");
        },
    );
    for numbers in received {
        assert!(numbers.len() < 500);
        let expected: Vec<i16> = (2..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
    }
}

#[test]
fn key_in_last_frame_is_kept() {
    run(
        |receiver| {
            let samples = numbered(1..=3);
            let outcome = receiver.play_and_wait(prompt(&samples), "5")?;
            match outcome {
                PlayOutcome::Stopped { .. } => {}
                PlayOutcome::Finished => {
                    let gathered = receiver.gather(question().max_digits(1))?;
                    assert_eq!(gathered.digits, "5");
                }
                other => return Err(format!("{other:?}").into()),
            }
            // Once, and not for the next question, too.
            let gather = Gather::new().first_timeout(Duration::from_millis(20));
            assert_eq!(receiver.gather(gather)?.digits, "");
            Ok(())
        },
        |asterisk| {
            for _ in 0..3 {
                asterisk.receive();
            }
            press(asterisk, "5");
        },
    );
}

#[test]
fn prompt_longer_than_queue_is_played_whole() {
    let received = run(
        |receiver| {
            let samples = numbered(1..=150);
            let outcome = receiver.play_and_wait(prompt(&samples), "")?;
            assert_eq!(outcome, PlayOutcome::Finished);
            assert_eq!(receiver.stats().underruns, 0);
            Ok(())
        },
        |_| {},
    );
    assert_eq!(received, vec![(1..=150).collect::<Vec<i16>>(); 4]);
}

#[test]
fn play_and_wait_refuses_an_invalid_digit() {
    run(
        |receiver| {
            let error = receiver.play_and_wait(prompt(&[1]), "12x").unwrap_err();
            assert!(matches!(error, PlayError::InvalidDigit(_)), "{error}");
            Ok(())
        },
        |_| {},
    );
}

#[test]
fn hangup_ends_every_verb() {
    let samples = numbered(1..=1000);
    let play = move |receiver: &mut CallReceiver| {
        let outcome = receiver.play_and_wait(prompt(&samples), "1")?;
        assert_eq!(outcome, PlayOutcome::CallEnded);
        // And at once if the call is over already.
        let outcome = receiver.play_and_wait(prompt(&samples), "1")?;
        assert_eq!(outcome, PlayOutcome::CallEnded);
        Ok(())
    };
    let gather = |receiver: &mut CallReceiver| {
        let gathered = receiver.gather(question())?;
        assert_eq!(
            (gathered.digits.as_str(), gathered.end),
            ("12", GatherEnd::CallEnded)
        );
        Ok(())
    };
    let hang_up = |asterisk: SimulatedAsterisk| drop(asterisk.hang_up());
    run_to(
        play,
        |asterisk| assert!(asterisk.receive().is_some()),
        hang_up,
    );
    run_to(gather, |asterisk| press(asterisk, "12"), hang_up);
}

#[test]
fn gather_keeps_type_ahead_for_next_question() {
    let received = run(
        |receiver| {
            let samples = numbered(1..=1000);
            // Typed before the first question.
            let typed = receiver.play_and_wait(prompt(&samples), "*")?;
            assert!(matches!(typed, PlayOutcome::Stopped { .. }));
            let question = question().prompt(prompt(&samples));
            let first = receiver.gather(question)?;
            let second = receiver.gather(question.max_digits(2))?;
            assert_eq!(
                (first.digits.as_str(), first.end),
                ("1234", GatherEnd::FinishKey)
            );
            assert_eq!(
                (second.digits.as_str(), second.end),
                ("56", GatherEnd::Full)
            );
            let last = receiver.gather(
                question
                    .without_type_ahead()
                    .prompt(prompt(&samples[..160]))
                    .first_timeout(Duration::from_millis(20)),
            )?;
            assert_eq!((last.digits.as_str(), last.end), ("", GatherEnd::TimedOut));
            Ok(())
        },
        |asterisk| {
            asterisk.receive();
            press(asterisk, "1234#567*");
        },
    );
    for numbers in received {
        // Prompts are skipped when their digits were typed ahead.
        assert!(numbers.len() < 1000);
        assert_eq!(numbers.last(), Some(&1));
    }
}

#[test]
fn gather_asks_again_with_other_prompt() {
    let received = run(
        |receiver| {
            let (first, other) = (numbered(1..=2), numbered(3..=4));
            let gathered = receiver.gather(
                question()
                    .prompt(prompt(&first))
                    .retry_prompt(prompt(&other))
                    .tries(3)
                    .first_timeout(Duration::from_millis(50)),
            )?;
            assert_eq!(
                (gathered.digits.as_str(), gathered.end),
                ("", GatherEnd::TimedOut)
            );
            Ok(())
        },
        |_| {},
    );
    assert_eq!(received, vec![vec![1, 2, 3, 4, 3, 4]; 4]);
}

#[test]
fn gather_times_out_between_digits() {
    run(
        |receiver| {
            let gathered = receiver.gather(question().digit_timeout(Duration::from_millis(100)))?;
            assert_eq!(
                (gathered.digits.as_str(), gathered.end),
                ("1", GatherEnd::TimedOut)
            );
            Ok(())
        },
        |asterisk| press(asterisk, "1"),
    );
}

#[test]
fn gather_with_tones_counts_each_press_once() {
    for sends_signals in [false, true] {
        run(
            |receiver| {
                let gathered = receiver.gather(question().with_tones())?;
                assert_eq!(
                    (gathered.digits.as_str(), gathered.end),
                    ("1155", GatherEnd::FinishKey)
                );
                Ok(())
            },
            |asterisk| {
                for digit in digits("1155#") {
                    let tone: Vec<i16> = Generator::new(SampleRate::Hz8000)
                        .digits(&[digit])
                        .collect();
                    let mut samples = tone;
                    samples.resize(samples.len().div_ceil(160) * 160, 0);
                    for (place, frame) in samples.chunks(160).enumerate() {
                        let mut buffer = [0; 320];
                        let audio =
                            Audio::from_samples(SampleRate::Hz8000, frame, &mut buffer).unwrap();
                        if asterisk.caller().send_frame(audio).is_err() {
                            return;
                        }
                        // The key comes up after 100 ms of tone.
                        if sends_signals && place == 5 {
                            let held = Duration::from_millis(1);
                            let _ = asterisk.caller().press(digit, held);
                        }
                    }
                }
            },
        );
    }
}

#[test]
fn other_events_reach_the_closure() {
    run(
        |receiver| {
            let samples = numbered(1..=3);
            let mut frames = 0;
            let count = |event: &audiosocket::call::Event<'_>| {
                frames += usize::from(event.audio().is_some());
            };
            receiver.play_and_wait_with(prompt(&samples), "#", count)?;
            let gather = question().max_digits(1);
            receiver.gather_with(gather, |event| {
                frames += usize::from(event.audio().is_some());
            })?;
            assert_eq!(frames, 5);
            Ok(())
        },
        |asterisk| {
            for _ in 0..5 {
                asterisk.caller().send_frame(audio(&[1, 0])).unwrap();
            }
            press(asterisk, "1");
        },
    );
}

#[test]
fn key_that_the_handler_received_is_not_gathered() {
    run(
        |receiver| {
            while receiver.receive().ok_or("no key")?.dtmf().is_none() {}
            let gathered = receiver.gather(question().max_digits(1))?;
            assert_eq!(gathered.digits, "7");
            Ok(())
        },
        |asterisk| press(asterisk, "57"),
    );
}
