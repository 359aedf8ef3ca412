//! Digits that a server sends: signals for a peer of the start-stop dialect, tones for any other peer.

use std::time::Duration;

use audiosocket::asterisk::Version;
use audiosocket::call::{CallOptions, Event, PlayError};
use audiosocket::server::Server;
use audiosocket::simulator::{SimulatedAsterisk, TestCall};
use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Digit, Dtmf, DtmfDialect, Message, SampleRate};

use crate::common::served::{self, Served, uuid};

const DIGITS: &str = "1590*#ad";

fn options() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

/// What a peer received of a server's digits: the digits in the audio, and the signals, each with the number of earlier audio
/// frames.
#[derive(Debug, Default, Eq, PartialEq)]
struct Came {
    sound: String,
    signals: Vec<(usize, Dtmf)>,
    frames: usize,
}

fn listen(asterisk: &mut SimulatedAsterisk, rate: SampleRate) -> Came {
    let mut detector = Detector::new(rate);
    let mut came = Came::default();
    let mut push = |signal: Signal| {
        if let Signal::Start { digit, .. } = signal {
            came.sound.push(digit.to_char());
        }
    };
    while let Some(event) = asterisk.receive() {
        match event {
            Event::Message(Message::Audio(audio)) => {
                assert_eq!(audio.rate(), rate);
                detector.feed(audio.samples()).for_each(&mut push);
                came.frames += 1;
            }
            Event::Message(Message::Dtmf(signal)) => came.signals.push((came.frames, signal)),
            other => panic!("{other:?}"),
        }
    }
    detector.finish().for_each(&mut push);
    came
}

/// A server that waits for the caller's digit, sends a frame of audio, sends digits, and hangs up.
fn server(options: CallOptions) -> Served {
    Served::start(Server::builder().call_options(options), |call| {
        while let Some(event) = call.receive() {
            if event
                .dtmf()
                .is_some_and(|dtmf| !matches!(dtmf, Dtmf::Start(_)))
            {
                let voice = call.voice();
                voice.play_samples(&vec![1; voice.rate().samples_in(10)])?;
                voice.send_digits(DIGITS)?;
                voice.hang_up_after_playback();
            }
        }
        Ok(())
    })
}

fn press(asterisk: &mut SimulatedAsterisk) {
    let digit = Digit::try_from('5').unwrap();
    asterisk
        .caller()
        .press(digit, Duration::from_millis(20))
        .unwrap();
}

#[test]
fn digits_are_tones_or_signals_by_dialect() {
    let (asterisk, start_stop) = (DtmfDialect::Asterisk, DtmfDialect::StartStop);
    for (set, dialect, signals) in [
        (None, asterisk, false),
        (None, start_stop, true),
        (Some(asterisk), start_stop, false),
        (Some(start_stop), asterisk, true),
    ] {
        for rate in [SampleRate::Hz8000, SampleRate::Hz44100] {
            let server = server(options().dialect(set).playback_rate(rate));
            let mut asterisk = server.simulate(uuid(1)).with_dialect(dialect);
            press(&mut asterisk);
            let came = listen(&mut asterisk, rate);
            asterisk.hang_up();
            server.stop();
            let case = (set, dialect, rate);
            // Ten frames for each digit, after the frame of audio. Tones follow its samples and need one frame more.
            if !signals {
                assert_eq!(came.sound, DIGITS.to_uppercase(), "{case:?}");
                assert_eq!(
                    (came.signals.len(), came.frames),
                    (0, 1 + 10 * 8),
                    "{case:?}"
                );
                continue;
            }
            assert_eq!(
                (came.sound.as_str(), came.frames),
                ("", 1 + 10 * 8),
                "{case:?}"
            );
            let expected: Vec<(usize, Dtmf)> = DIGITS
                .chars()
                .enumerate()
                .flat_map(|(place, digit)| {
                    let digit = Digit::try_from(digit).unwrap();
                    let duration_ms = 100;
                    let before = 1 + 10 * place;
                    [
                        (before, Dtmf::Start(digit)),
                        (before + 5, Dtmf::Stop { digit, duration_ms }),
                    ]
                })
                .collect();
            assert_eq!(came.signals, expected, "{case:?}");
        }
    }
}

#[test]
fn start_and_stop_have_the_bytes_of_the_dialect() {
    let options = options().dialect(Some(DtmfDialect::StartStop));
    let server = Served::start(Server::builder().call_options(options), |call| {
        let voice = call.voice();
        // Audio directly before and after the digits. None of it is lost.
        voice.play_samples(&[7; 160])?;
        voice.send_digits("#")?;
        voice.play_samples(&[8; 160])?;
        voice.hang_up_after_playback();
        while call.receive().is_some() {}
        Ok(())
    });
    let stream = server.connect_as(uuid(1));
    let silence = [&[0x10, 1, 0x40][..], &[0; 320]].concat();
    let speech = |sample: u8| [&[0x10, 1, 0x40][..], &[sample, 0].repeat(160)].concat();
    let expected = [
        speech(7),
        vec![0x02, 0, 6, 1, b'#', 0, 0, 0, 0],
        silence.repeat(5),
        vec![0x02, 0, 6, 0, b'#', 0x64, 0, 0, 0],
        silence.repeat(5),
        speech(8),
        vec![0, 0, 0],
    ];
    assert_eq!(served::read_to_end(&stream), expected.concat());
    drop(stream);
    server.stop();
}

#[test]
fn digits_in_its_dialect_violate_no_rule() {
    let report = TestCall::new()
        .versions([Version::REFERENCE, Version::START_STOP])
        .press("5")
        .unwrap()
        .tone(Duration::from_secs(1))
        .run(|call| {
            while let Some(event) = call.receive() {
                if event.dtmf().is_some() {
                    call.send_digits("12#")?;
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn invalid_digit_is_refused_and_nothing_sent() {
    let server = Served::start(Server::builder().call_options(options()), |call| {
        let Err(PlayError::InvalidDigit(error)) = call.send_digits("12e4") else {
            panic!("it was accepted");
        };
        assert_eq!(
            PlayError::InvalidDigit(error).to_string(),
            error.to_string()
        );
        call.send_digits("")?;
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(listen(&mut asterisk, SampleRate::Hz8000), Came::default());
    asterisk.hang_up();
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn digits_beyond_the_limit_are_counted() {
    let limit = Duration::from_secs(1);
    for (dialect, accepted) in [(DtmfDialect::Asterisk, 5), (DtmfDialect::StartStop, 5)] {
        let options = options().max_queued(limit).dialect(Some(dialect));
        let server = Served::start(Server::builder().call_options(options), move |call| {
            let error = call.send_digits("1234567").unwrap_err();
            assert!(
                matches!(error, PlayError::QueueFull { accepted: count, .. } if count == accepted),
                "{error:?}"
            );
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        while asterisk.receive().is_some() {}
        asterisk.hang_up();
        assert_eq!(server.stop().incidents, Vec::<String>::new());
    }
}
