//! Playback on calls over real sockets, in one thread and in two: complete, in order, on time, and cleared.

use std::io::{self, Read, Write};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{
    Call, CallOptions, CallStats, Direction, End, Event, Mark, PlayError, SendError, Voice,
};
use audiosocket::server::{Server, ServerBuilder};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wav::Wav;
use audiosocket::wire::{Audio, Digit, Dtmf, Message, SampleRate};

use crate::common::served::{self, Served, audio, eventually, uuid};

/// The two ways to run a call.
#[derive(Clone, Copy, Debug)]
enum Threads {
    One,
    Two,
}

const BOTH: [Threads; 2] = [Threads::One, Threads::Two];

impl Threads {
    /// Receives until the call is over, and passes all events to `on_event`.
    fn run(self, call: &mut Call, mut on_event: impl FnMut(&Voice, Event<'_>)) {
        let voice = call.voice();
        match self {
            Threads::One => {
                while let Some(event) = call.receive() {
                    on_event(&voice, event);
                }
            }
            Threads::Two => {
                let result = call.with_player(|receiver, voice| -> io::Result<()> {
                    while let Some(event) = receiver.receive() {
                        on_event(voice, event);
                    }
                    Ok(())
                });
                result.expect("a thread");
            }
        }
    }
}

/// Without frames of silence, because tests count every frame sent.
fn options() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

fn builder() -> ServerBuilder {
    Server::builder().call_options(options())
}

/// Frames of 20 ms at 8 kHz, each with its number in every sample.
fn numbered(frames: i16) -> Vec<u8> {
    (1..=frames)
        .flat_map(|number| number.to_le_bytes().repeat(160))
        .collect()
}

/// Returns the numbers of the frames received until the call ends. Every frame must be a whole frame of [`numbered`].
fn numbers_received(asterisk: &mut SimulatedAsterisk) -> Vec<i16> {
    let mut numbers = Vec::new();
    while let Some(event) = asterisk.receive() {
        let audio = event.audio().expect("only audio");
        assert_eq!(
            (audio.rate(), audio.samples().len()),
            (SampleRate::Hz8000, 160)
        );
        let number = audio.samples().next().unwrap();
        assert!(
            audio.samples().all(|sample| sample == number),
            "a frame of {number} is mixed"
        );
        numbers.push(number);
    }
    numbers
}

fn up_to(last: i16) -> Vec<i16> {
    (1..=last).collect()
}

#[test]
fn audio_is_played_whole_before_the_hangup() {
    for threads in BOTH {
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            // In pieces that fit neither samples nor frames.
            for piece in numbered(50).chunks(777) {
                voice.play(piece)?;
            }
            voice.hang_up_after_playback();
            threads.run(call, |_, _| {});
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        assert_eq!(numbers_received(&mut asterisk), up_to(50), "{threads:?}");
        assert_eq!(asterisk.end(), Some(End::RemoteHangup));
        drop(asterisk);
        let ended = server.stop().ended;
        assert_eq!(ended[0].end, Some(End::LocalHangup));
        assert_eq!(ended[0].stats.lateness.count(), 50);
        assert_eq!(ended[0].stats.underruns, 0);
    }
}

#[test]
fn playback_continues_whatever_the_caller_sends() {
    for threads in BOTH {
        let (sender, results) = mpsc::channel();
        let sender = Mutex::new(sender);
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            voice.play(&numbered(60))?;
            voice.hang_up_after_playback();
            let (mut frames, mut digits) = (0, Vec::new());
            threads.run(call, |_, event| match event {
                Event::Message(Message::Audio(_)) => frames += 1,
                Event::Message(Message::Dtmf(Dtmf::Digit(digit))) => digits.push(digit.to_string()),
                other => panic!("{other:?}"),
            });
            sender
                .lock()
                .unwrap()
                .send((frames, digits.concat()))
                .unwrap();
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        let (listener, caller) = asterisk.split();
        let digits =
            ["4", "2"].map(|digit| Digit::try_from(digit.chars().next().unwrap()).unwrap());
        let numbers = thread::scope(|scope| {
            scope.spawn(|| {
                for digit in digits {
                    for _ in 0..10 {
                        caller.send_frame(audio(&[7; 320])).unwrap();
                    }
                    caller.press(digit, Duration::from_millis(100)).unwrap();
                }
                caller.keep_silent(Duration::from_millis(200));
            });
            let mut numbers = Vec::new();
            while let Some(event) = listener.receive() {
                numbers.push(event.audio().unwrap().samples().next().unwrap());
            }
            numbers
        });
        assert_eq!(numbers, up_to(60), "{threads:?}");
        assert_eq!(
            results.recv().unwrap(),
            (20, String::from("42")),
            "{threads:?}"
        );
        drop(asterisk);
        server.stop();
    }
}

#[test]
fn clear_returns_exactly_the_unplayed_audio() {
    for threads in BOTH {
        let (sender, unplayed) = mpsc::channel();
        let sender = Mutex::new(sender);
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            voice.play(&numbered(1000))?;
            threads.run(call, |voice, event| {
                if event.dtmf().is_some() {
                    let unplayed = voice.clear();
                    assert_eq!(voice.queued(), Duration::ZERO);
                    sender.lock().unwrap().send(unplayed).unwrap();
                    voice.hang_up_after_playback();
                }
            });
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        for number in 1..=10 {
            let audio = asterisk.receive().and_then(|event| event.audio()).unwrap();
            assert_eq!(audio.samples().next(), Some(number));
        }
        let digit = Digit::try_from('5').unwrap();
        asterisk
            .caller()
            .press(digit, Duration::from_millis(1))
            .unwrap();
        let mut numbers = up_to(10);
        numbers.extend(numbers_received(&mut asterisk));
        let played = numbers.len();
        assert_eq!(numbers, up_to(played as i16), "{threads:?}");
        assert!(played < 1000, "nothing was left to take back");
        let unplayed = unplayed.recv().unwrap();
        assert_eq!(
            unplayed.bytes(),
            &numbered(1000)[played * 320..],
            "{threads:?}"
        );
        assert_eq!(
            unplayed.duration(),
            Duration::from_millis(20) * (1000 - played as u32)
        );
        drop(asterisk);
        server.stop();
    }
}

#[test]
fn marks_are_reached_in_order_after_their_audio() {
    for threads in BOTH {
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            let mut due: Vec<(usize, Mark)> = vec![(0, voice.mark())];
            for count in 1..=5 {
                voice.play(&numbered(2))?;
                due.push((2 * count, voice.mark()));
            }
            let mut passed = Vec::new();
            threads.run(call, |voice, event| {
                if let Event::MarkReached(mark) = event {
                    passed.push((voice.stats().frames_sent, mark));
                    if passed.len() == due.len() {
                        voice.hang_up();
                    }
                }
            });
            let marks =
                |list: &[(usize, Mark)]| list.iter().map(|(_, mark)| *mark).collect::<Vec<_>>();
            assert_eq!(marks(&passed), marks(&due), "{threads:?}");
            for ((sent, _), (least, _)) in passed.iter().zip(&due) {
                assert!(
                    sent >= least,
                    "{threads:?}: {sent} frames sent, {least} due"
                );
            }
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        while asterisk.receive().is_some() {}
        assert_eq!(asterisk.end(), Some(End::RemoteHangup));
        drop(asterisk);
        let results = server.stop();
        assert_eq!(results.incidents, Vec::<String>::new());
    }
}

#[test]
fn any_thread_may_play() {
    for threads in BOTH {
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            let other = thread::spawn(move || -> Result<(), PlayError> {
                // By now the call waits for events on a silent line.
                thread::sleep(Duration::from_millis(50));
                voice.play(&numbered(10))?;
                voice.hang_up_after_playback();
                Ok(())
            });
            threads.run(call, |_, _| {});
            Ok(other.join().unwrap()?)
        });
        let mut asterisk = server.simulate(uuid(1));
        assert_eq!(numbers_received(&mut asterisk), up_to(10), "{threads:?}");
        drop(asterisk);
        server.stop();
    }
}

#[test]
fn burst_from_caller_does_not_speed_up_playback() {
    for threads in BOTH {
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            threads.run(call, |_, event| {
                let audio = event.audio().unwrap();
                if voice.play(audio.bytes()).is_ok() && audio.samples().next() == Some(50) {
                    voice.hang_up_after_playback();
                }
            });
            Ok(())
        });
        let started = Instant::now();
        let mut stream = server.connect_as(uuid(1));
        let mut burst = Vec::new();
        for frame in numbered(50).chunks(320) {
            burst.extend([0x10, 0x01, 0x40]);
            burst.extend(frame);
        }
        stream.write_all(&burst).unwrap();
        let mut received = 0;
        let mut frame = [0; 323];
        while stream.read_exact(&mut frame).is_ok() {
            received += 1;
            let frames_of_time = started.elapsed().as_millis() / 20;
            assert!(
                received <= frames_of_time + 2,
                "{threads:?}: {received} frames in {frames_of_time} frame times"
            );
        }
        assert_eq!(received, 50, "{threads:?}");
        server.stop();
    }
}

#[test]
fn busy_handler_makes_a_gap_in_one_thread() {
    let server = Served::start(builder(), move |call| {
        let voice = call.voice();
        voice.play(&numbered(60))?;
        voice.hang_up_after_playback();
        while let Some(event) = call.receive() {
            if event.dtmf().is_some() {
                thread::sleep(Duration::from_millis(300));
            }
        }
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    let digit = Digit::try_from('5').unwrap();
    asterisk
        .caller()
        .press(digit, Duration::from_millis(100))
        .unwrap();
    assert_eq!(
        numbers_received(&mut asterisk),
        up_to(60),
        "late, but nothing lost"
    );
    asterisk.hang_up();
    let stats = &server.stop().ended[0].stats;
    assert!(stats.gaps >= 1, "{stats:?}");
    assert!(stats.lateness.max().unwrap() >= Duration::from_millis(100));
}

#[test]
fn busy_handler_makes_no_gap_in_two_threads() {
    let server = Served::start(builder(), move |call| {
        let voice = call.voice();
        voice.play(&numbered(60))?;
        voice.hang_up_after_playback();
        Threads::Two.run(call, |voice, event| {
            if event.dtmf().is_some() {
                // Works until playback has continued.
                let sent = voice.stats().frames_sent;
                eventually("playback", || {
                    (voice.stats().frames_sent > sent + 20).then_some(())
                });
            }
        });
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    let digit = Digit::try_from('5').unwrap();
    asterisk
        .caller()
        .press(digit, Duration::from_millis(20))
        .unwrap();
    assert_eq!(numbers_received(&mut asterisk), up_to(60));
    asterisk.hang_up();
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn full_queue_reports_accepted_bytes() {
    let limit = Duration::from_secs(1);
    let server = Served::start(
        Server::builder().call_options(options().max_queued(limit)),
        |call| {
            let voice = call.voice();
            let speech = numbered(70);
            let Err(PlayError::QueueFull { accepted, .. }) = voice.play(&speech) else {
                panic!("all was accepted");
            };
            assert_eq!(accepted, 16_000, "a second");
            assert_eq!(voice.queued(), Duration::from_secs(1));
            let error = voice.play_samples(&[1, 2]).unwrap_err();
            assert!(matches!(error, PlayError::QueueFull { accepted: 0, .. }));
            assert_eq!(
                error.to_string(),
                "the playback queue is full: 0 accepted, play the rest later or raise CallOptions::max_queued"
            );
            let half = voice.mark();
            let mut rest = Some(&speech[accepted..]);
            while let Some(event) = call.receive() {
                if let (Event::MarkReached(mark), Some(rest)) = (event, rest.take()) {
                    assert_eq!(mark, half);
                    voice.play(rest)?;
                    voice.hang_up_after_playback();
                }
            }
            Ok(())
        },
    );
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(numbers_received(&mut asterisk), up_to(70));
    drop(asterisk);
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn frames_have_the_length_of_rate_and_duration() {
    for milliseconds in [10_u16, 60] {
        let options = options().frame_duration(Duration::from_millis(milliseconds.into()));
        for (place, &rate) in SampleRate::ALL.iter().enumerate() {
            // Set for the server, or on the call.
            let (at_first, later) = match place % 2 {
                0 => (rate, None),
                _ => (SampleRate::Hz8000, Some(rate)),
            };
            let builder = Server::builder().call_options(options.playback_rate(at_first));
            let server = Served::start(builder, move |call| {
                let voice = call.voice();
                if let Some(later) = later {
                    voice.play_samples(&[1])?;
                    assert_eq!(
                        voice.set_rate(later),
                        Err(PlayError::RateMismatch(at_first))
                    );
                    voice.clear();
                    voice.set_rate(later)?;
                }
                assert_eq!(voice.rate(), rate);
                voice.play_samples(&vec![5; rate.samples_in(milliseconds * 2) + 1])?;
                voice.hang_up_after_playback();
                while call.receive().is_some() {}
                Ok(())
            });
            let mut asterisk = server.simulate(uuid(1));
            let mut fives = Vec::new();
            while let Some(event) = asterisk.receive() {
                let audio = event.audio().unwrap();
                assert_eq!(audio.rate(), rate);
                assert_eq!(audio.samples().len(), rate.samples_in(milliseconds));
                fives.push(audio.samples().filter(|sample| *sample == 5).count());
            }
            let whole = rate.samples_in(milliseconds);
            assert_eq!(fives, [whole, whole, 1]);
            drop(asterisk);
            server.stop();
        }
    }
}

#[test]
fn play_after_the_end_is_an_error() {
    for threads in BOTH {
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            threads.run(call, |voice, _| voice.hang_up());
            assert_eq!(
                voice.play(&numbered(1)),
                Err(PlayError::NotSent(SendError::CallEnded(End::LocalHangup)))
            );
            // As a handler would return it. It is no incident.
            Ok(voice.play_samples(&[1])?)
        });
        let mut asterisk = server.simulate(uuid(1));
        asterisk.caller().send_frame(audio(&[1, 2])).unwrap();
        while asterisk.receive().is_some() {}
        drop(asterisk);
        assert_eq!(server.stop().incidents, Vec::<String>::new());
    }
}

#[test]
fn player_ends_with_its_call() {
    type Ending = fn(&Served, SimulatedAsterisk);
    let endings: [(&str, Ending); 3] = [
        ("the caller", |_, asterisk| drop(asterisk.hang_up())),
        ("a handle", |server, mut asterisk| {
            server.handle.hang_up(uuid(1));
            while asterisk.receive().is_some() {}
        }),
        ("a shut-down", |server, mut asterisk| {
            server.handle.shut_down(Duration::ZERO);
            while asterisk.receive().is_some() {}
        }),
    ];
    for (who, ending) in endings {
        for speech in [0, 1000] {
            let server = Served::start(builder(), move |call| {
                call.voice().play(&numbered(speech))?;
                let (receiver, player) = call.split();
                thread::scope(|scope| {
                    scope.spawn(|| while receiver.receive().is_some() {});
                    player.run();
                });
                Ok(())
            });
            let asterisk = server.simulate(uuid(1));
            server.wait_for_calls(1);
            ending(&server, asterisk);
            let results = server.stop();
            assert_eq!(results.ended.len(), 1, "{who}");
        }
    }
}

#[test]
fn player_keeps_call_alive_while_receiver_is_busy() {
    let options = CallOptions::default()
        .initial_silence(false)
        .keep_alive(Some(Duration::from_millis(200)));
    let server = Served::start(Server::builder().call_options(options), |call| {
        call.with_player(|receiver, voice| {
            while let Some(event) = receiver.receive() {
                if event.dtmf().is_some() {
                    let sent = || voice.stats().frames_sent;
                    eventually("silence", || (sent() >= 3).then_some(()));
                }
            }
            Ok(())
        })
    });
    let mut asterisk = server.simulate(uuid(1));
    let digit = Digit::try_from('5').unwrap();
    asterisk
        .caller()
        .press(digit, Duration::from_millis(1))
        .unwrap();
    for _ in 0..3 {
        let silence = asterisk.receive().and_then(|event| event.audio()).unwrap();
        assert!(silence.samples().all(|sample| sample == 0));
    }
    asterisk.hang_up();
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn audio_hook_receives_both_directions() {
    type Seen = Arc<Mutex<Vec<(Direction, i16)>>>;
    let seen: Seen = Arc::default();
    let seen_by_hook = Arc::clone(&seen);
    let server = Served::start(builder(), move |call| {
        let seen = Arc::clone(&seen_by_hook);
        call.set_audio_hook(move |direction, audio, at| {
            assert!(at <= Instant::now());
            seen.lock()
                .unwrap()
                .push((direction, audio.samples().next().unwrap()));
        });
        let voice = call.voice();
        voice.send_now(audio(&[1, 0]))?;
        voice.play(&numbered(3))?;
        while let Some(event) = call.receive() {
            if event.audio().is_some() {
                voice.hang_up_after_playback();
            }
        }
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    asterisk.caller().send_frame(audio(&[9, 0])).unwrap();
    while asterisk.receive().is_some() {}
    drop(asterisk);
    server.stop();
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_by_key(|(direction, _)| *direction == Direction::Received);
    let sent = |number| (Direction::Sent, number);
    assert_eq!(
        seen,
        [sent(1), sent(1), sent(2), sent(3), (Direction::Received, 9)]
    );
}

#[test]
fn g711_under_the_kind_of_linear_audio_is_suspected() {
    for (payload_len, rate) in [
        (160, SampleRate::Hz8000),
        (320, SampleRate::Hz8000),
        (640, SampleRate::Hz16000),
    ] {
        let payload = vec![1; payload_len];
        let suspects = payload_len == 160;
        let (sender, stats) = mpsc::channel::<(CallStats, Option<SampleRate>)>();
        let sender = Mutex::new(sender);
        let server = Served::start(builder(), move |call| {
            assert_eq!(call.received_rate(), None);
            let mut seconds = 0;
            let mut frames = 0;
            while call.receive().is_some() {
                frames += 1;
                if frames % 60 == 0 {
                    seconds += 1;
                }
                // A busy machine may need some seconds more.
                if call.stats().is_g711_suspected || (seconds == 2 && !suspects) {
                    break;
                }
            }
            sender
                .lock()
                .unwrap()
                .send((call.stats(), call.received_rate()))
                .unwrap();
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        let frame = Audio::new(rate, &payload).unwrap();
        let (stats, received_rate) = eventually("a result", || {
            asterisk.caller().send_frame(frame).unwrap();
            stats.try_recv().ok()
        });
        drop(asterisk);
        assert_eq!(stats.is_g711_suspected, suspects, "{payload_len} bytes");
        assert_eq!(received_rate, Some(rate));
        server.stop();
    }
}

#[test]
fn mark_before_hangup_is_reached_in_both_modes() {
    for threads in BOTH {
        let server = Served::start(builder(), move |call| {
            let voice = call.voice();
            voice.play(&numbered(3))?;
            let end = voice.mark();
            voice.hang_up_after_playback();
            let mut passed = Vec::new();
            threads.run(call, |voice, event| {
                if let Event::MarkReached(mark) = event {
                    passed.push(mark);
                    if voice.stats().frames_sent == 3 && passed.len() > 10 {
                        panic!("marks without end");
                    }
                    if passed.len() > 1 || voice.play(&numbered(1)).is_err() {
                        // The call is over, so this mark is never reached.
                        voice.mark();
                    } else {
                        voice.clear();
                        voice.hang_up_after_playback();
                    }
                }
            });
            assert_eq!(passed, [end], "{threads:?}");
            Ok(())
        });
        let mut asterisk = server.simulate(uuid(1));
        assert_eq!(numbers_received(&mut asterisk), up_to(3), "{threads:?}");
        asterisk.hang_up();
        assert_eq!(server.stop().incidents, Vec::<String>::new());
    }
}

#[test]
fn backlog_is_received_at_once_during_playback() {
    let server = Served::start(builder(), |call| {
        let voice = call.voice();
        voice.play(&numbered(100))?;
        let (mut frames, mut played_before) = (0, 0);
        while let Some(event) = call.receive() {
            let Some(audio) = event.audio() else { continue };
            if frames == 0 {
                thread::sleep(Duration::from_millis(300));
                played_before = voice.stats().frames_sent;
            }
            frames += 1;
            if audio.samples().next() == Some(100) {
                voice.hang_up();
            }
        }
        // All of the burst was in the kernel's buffer. Reading it takes many reads, but fewer than one for each frame played.
        let played = voice.stats().frames_sent - played_before;
        assert!(
            frames == 100 && played < 30,
            "{frames} frames received while {played} were played"
        );
        Ok(())
    });
    let mut stream = server.connect_as(uuid(1));
    let mut burst = Vec::new();
    for frame in numbered(100).chunks(320) {
        // 1920 bytes each, as at 48 kHz.
        burst.extend([0x16, 0x07, 0x80]);
        burst.extend(frame.repeat(6));
    }
    stream.write_all(&burst).unwrap();
    served::read_to_end(&stream);
    drop(stream);
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn play_wav_sets_rate_or_queues_nothing() {
    let wav = |hz: u32| {
        let mut file = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(hz.to_le_bytes());
        file.extend((hz * 2).to_le_bytes());
        file.extend(b"\x02\0\x10\0data\x08\0\0\0\x01\0\x02\0\x03\0\x04\0");
        Wav::read(&file[..]).unwrap()
    };
    let server = Served::start(builder(), move |call| {
        call.play_wav(&wav(16_000))?;
        assert_eq!(call.rate(), SampleRate::Hz16000);
        let queued = call.queued();
        assert_eq!(
            call.play_wav(&wav(8_000)),
            Err(PlayError::RateMismatch(SampleRate::Hz16000))
        );
        assert_eq!((call.rate(), call.queued()), (SampleRate::Hz16000, queued));
        call.hang_up_after_playback();
        while call.receive().is_some() {}
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    let event = asterisk.receive();
    let audio = event.and_then(|event| event.audio()).expect("audio");
    let samples: Vec<i16> = audio.samples().take(5).collect();
    assert_eq!(
        (audio.rate(), &samples[..]),
        (SampleRate::Hz16000, &[1, 2, 3, 4, 0][..])
    );
    assert_eq!(asterisk.receive(), None);
    drop(asterisk);
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}
