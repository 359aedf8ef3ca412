//! The playback clock, which the receiver and players hand over to each other.

use real_std::io::{self, Read};
use real_std::vec::Vec;

use super::called::{Sent, call, sound};
use crate::call::Event;
use crate::net::TcpStream;
use crate::thread;
use crate::time::{Duration, Instant};
use crate::wire::Kind;

/// Audio and the hangup wake a waiting player. Its wait never times out here.
pub(super) fn player_wakes() {
    let (mut call, peer) = call();
    let voice = call.voice();
    let (_receiver, player) = call.split();
    thread::scope(|scope| {
        scope.spawn(|| player.run());
        voice.play(&sound(1..=1)).unwrap();
        let mut frame = [0; 163];
        (&mut &peer).read_exact(&mut frame).unwrap();
        voice.hang_up();
    });
    Sent::to(&peer).assert_hung_up_once();
}

/// Frames are sent once and in order if a player starts while the receiver is playing and more audio is queued.
pub(super) fn handover_while_playing() {
    let (mut call, peer) = call();
    let voice = call.voice();
    voice.play(&sound(1..=2)).unwrap();
    let (receiver, player) = call.split();
    thread::scope(|scope| {
        scope.spawn(|| player.run());
        scope.spawn(|| {
            voice.play(&sound(3..=4)).unwrap();
            voice.mark();
        });
        loop {
            let soon = Instant::now() + Duration::from_millis(5);
            if matches!(receiver.receive_until(soon), Some(Event::MarkReached(_))) {
                break;
            }
        }
        voice.hang_up();
    });
    let sent = Sent::to(&peer);
    sent.assert_hung_up_once();
    assert_eq!(sent.numbers(), [1, 2, 3, 4]);
}

/// No frame is lost or sent twice if players start and stop in turn, and the receiver plays in between.
pub(super) fn players_in_turn() {
    let (mut call, peer) = call();
    let voice = call.voice();
    thread::scope(|scope| {
        scope.spawn(|| {
            voice.play(&sound(1..=3)).unwrap();
            voice.mark();
        });
        for _ in 0..2 {
            let played = call.with_player(|receiver, _| {
                let soon = Instant::now() + Duration::from_millis(10);
                Ok::<bool, io::Error>(is_mark(receiver.receive_until(soon)))
            });
            if played.unwrap() {
                return;
            }
        }
        while !is_mark(call.receive()) {}
    });
    assert_eq!(Sent::to(&peer).numbers(), [1, 2, 3]);
}

fn is_mark(event: Option<Event<'_>>) -> bool {
    matches!(event, Some(Event::MarkReached(_)))
}

/// The cleared audio was not sent, and all other audio was.
pub(super) fn clear_meets_the_player() {
    let (mut call, peer) = call();
    let voice = call.voice();
    voice.play(&sound(1..=3)).unwrap();
    let (_receiver, player) = call.split();
    let unplayed = thread::scope(|scope| {
        scope.spawn(|| player.run());
        let unplayed = voice.clear();
        voice.hang_up_after_playback();
        unplayed
    });
    let sent = Sent::to(&peer);
    sent.assert_hung_up_once();
    let unplayed = unplayed.bytes().chunks(160).map(|frame| frame[0]);
    let all: Vec<u8> = sent.numbers().into_iter().chain(unplayed).collect();
    assert_eq!(all, [1, 2, 3]);
}

/// A key that was pressed is released, even if the queue is cleared meanwhile.
pub(super) fn keys_meet_clear() {
    let (mut call, peer) = call();
    let voice = call.voice();
    voice.send_digits("5").unwrap();
    let (_receiver, player) = call.split();
    thread::scope(|scope| {
        scope.spawn(|| player.run());
        voice.clear();
        voice.hang_up_after_playback();
    });
    let sent = Sent::to(&peer);
    let signals = sent
        .frames
        .iter()
        .filter(|(kind, _)| *kind == Kind::DTMF_START_STOP);
    let signals = signals.count();
    assert_eq!(signals % 2, 0, "a key stays pressed: {:?}", sent.frames);
}
