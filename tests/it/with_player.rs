//! Calls whose queue is played by a separate thread, and the handover of playback between that thread and the receiver.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use audiosocket::call::{CallOptions, CallReceiver, End, Voice};
use audiosocket::server::{Server, ServerBuilder};
use audiosocket::simulator::SimulatedAsterisk;

use crate::common::served::{self, Served, audio, eventually, uuid};

/// Without frames of silence, so that every frame is counted.
fn builder() -> ServerBuilder {
    Server::builder().call_options(
        CallOptions::default()
            .initial_silence(false)
            .keep_alive(None),
    )
}

/// Frames of 20 ms at 8 kHz, each with its number in every sample.
fn numbered(frames: std::ops::RangeInclusive<i16>) -> Vec<u8> {
    frames
        .flat_map(|number| number.to_le_bytes().repeat(160))
        .collect()
}

fn numbers_received(asterisk: &mut SimulatedAsterisk) -> Vec<i16> {
    let mut numbers = Vec::new();
    while let Some(event) = asterisk.receive() {
        let audio = event.audio().expect("only audio");
        assert_eq!(audio.samples().len(), 160);
        numbers.extend(audio.samples().next());
    }
    numbers
}

#[test]
fn with_player_plays_while_handler_works() {
    let server = Served::start(builder(), |call| {
        call.with_player(|_, voice| {
            voice.play(&numbered(1..=5))?;
            // The handler receives nothing until all frames have been sent.
            eventually("the last frame", || {
                (voice.stats().frames_sent == 5).then_some(())
            });
            Ok(())
        })
    });
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(numbers_received(&mut asterisk), [1, 2, 3, 4, 5]);
    server.stop();
}

#[test]
fn with_player_handover_keeps_every_frame() {
    let server = Served::start(builder(), |call| {
        let voice = call.voice();
        voice.play(&numbered(1..=60))?;
        let end = voice.mark();
        let mut is_played = false;
        while !is_played {
            call.with_player(|receiver, _| -> io::Result<()> {
                is_played |= served::is_mark_next(receiver.receive(), end);
                Ok(())
            })?;
            is_played |= served::is_mark_next(call.receive(), end);
        }
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    let (receiver, caller) = asterisk.split();
    let mut numbers = Vec::new();
    thread::scope(|scope| {
        // Each frame of the caller makes the handler change the thread that plays.
        scope.spawn(|| while caller.send_frame(audio(&[1, 0])).is_ok() {});
        while let Some(event) = receiver.receive() {
            numbers.extend(event.audio().and_then(|audio| audio.samples().next()));
        }
    });
    assert_eq!(numbers, (1..=60).collect::<Vec<i16>>());
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn with_player_error_or_panic_hangs_up() {
    for panics in [false, true] {
        let server = Served::start(builder(), move |call| {
            call.with_player(|receiver, voice| {
                voice.play(&numbered(1..=1000))?;
                receiver.receive();
                assert!(!panics, "the handler panics");
                Err("the handler fails".into())
            })
        });
        let mut asterisk = server.simulate(uuid(1));
        asterisk.caller().send_frame(audio(&[1, 2])).unwrap();
        assert!(numbers_received(&mut asterisk).len() < 1000);
        assert_eq!(asterisk.end(), Some(End::RemoteHangup), "panics: {panics}");
        asterisk.hang_up();
        server.stop();
    }
}

#[test]
fn with_player_ok_leaves_call_usable() {
    let server = Served::start(builder(), |call| {
        let answer = call.with_player(|receiver, voice| -> io::Result<usize> {
            voice.play(&numbered(1..=2)).expect("room for two frames");
            let played = voice.mark();
            while !served::is_mark_next(receiver.receive(), played) {}
            Ok(7)
        })?;
        assert_eq!((answer, call.end()), (7, None));
        call.voice().play(&numbered(3..=4))?;
        call.voice().hang_up_after_playback();
        while call.receive().is_some() {}
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(numbers_received(&mut asterisk), [1, 2, 3, 4]);
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn with_player_panic_of_hook_reaches_handler() {
    let server = Served::start(builder(), |call| {
        call.set_audio_hook(|_, audio, _| {
            assert_ne!(audio.samples().next(), Some(3), "the hook panics");
        });
        let caught = catch_unwind(AssertUnwindSafe(|| {
            call.with_player(|receiver: &mut CallReceiver, voice: &Voice| {
                voice.play(&numbered(1..=1000)).expect("room for 20 s");
                while receiver.receive().is_some() {}
                io::Result::Ok(())
            })
        }));
        let panic = caught.expect_err("the panic of the hook");
        let text = panic.downcast_ref::<String>().expect("a text");
        assert!(text.contains("the hook panics"), "{text}");
        assert_eq!(call.end(), Some(End::LocalHangup));
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(numbers_received(&mut asterisk), [1, 2, 3]);
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

#[test]
fn split_without_player_plays_in_receiver() {
    let server = Served::start(builder(), |call| {
        let (receiver, player) = call.split();
        player.voice().play(&numbered(1..=5))?;
        player.voice().hang_up_after_playback();
        while receiver.receive().is_some() {}
        Ok(())
    });
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(numbers_received(&mut asterisk), [1, 2, 3, 4, 5]);
    server.stop();
}

#[test]
fn player_run_returns_after_hangup() {
    let server = Served::start(builder(), |call| {
        let voice = call.voice();
        let (receiver, player) = call.split();
        thread::scope(|scope| {
            scope.spawn(|| player.run());
            let _hangs_up = voice.hang_up_on_drop();
            voice.play(&numbered(1..=3))?;
            let played = voice.mark();
            while !served::is_mark_next(receiver.receive(), played) {}
            Ok(())
        })
    });
    let mut asterisk = server.simulate(uuid(1));
    assert_eq!(numbers_received(&mut asterisk), [1, 2, 3]);
    asterisk.hang_up();
    assert_eq!(server.stop().ended[0].end, Some(End::LocalHangup));
}
