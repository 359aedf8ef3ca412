//! A simulated Asterisk that judges: the frames it receives, how the call ends, and what the server notices.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::common::served;
use audiosocket::asterisk::{Rule, Version, Violation};
use audiosocket::call::{End, SendError};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::{Audio, Digit, DtmfDialect, SampleRate};

const FRAME: [u8; 5] = [0x10, 0, 2, 1, 2];
const EMPTY: [u8; 3] = [0x10, 0, 0];
const HANGUP: [u8; 3] = [0, 0, 0];

/// Starts a server for one call that runs `then` after the UUID and returns its result, and an Asterisk that calls it.
fn serve<T: Send + 'static>(
    then: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (JoinHandle<T>, SimulatedAsterisk) {
    let (server, address) = listen(then);
    let uuid = SimulatedAsterisk::random_uuid();
    (server, SimulatedAsterisk::connect(address, uuid).unwrap())
}

/// Starts the server with a version that judges it.
fn serve_judged<T: Send + 'static>(
    version: Version,
    then: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (JoinHandle<T>, SimulatedAsterisk) {
    let (server, address) = listen(then);
    let uuid = SimulatedAsterisk::random_uuid();
    let asterisk = SimulatedAsterisk::connect_judged(address, uuid, version).unwrap();
    (server, asterisk)
}

fn listen<T: Send + 'static>(
    then: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (JoinHandle<T>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut stream = served::accept(&listener);
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.read_exact(&mut [0; 19]).unwrap();
        then(stream)
    });
    (server, address)
}

/// Reads to the end of the stream or to a reset.
fn read_to_end(mut stream: TcpStream) -> Result<Vec<u8>, ErrorKind> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.kind()),
    }
}

fn rules(violations: &[Violation]) -> Vec<Rule> {
    violations.iter().map(|violation| violation.rule).collect()
}

fn sample() -> Audio<'static> {
    Audio::new(SampleRate::Hz8000, &[1, 2]).unwrap()
}

#[track_caller]
fn wait_for_violations(asterisk: &SimulatedAsterisk, count: usize) {
    let started = Instant::now();
    while asterisk.violations().len() < count {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "waited in vain"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn audio_before_a_fatal_violation_is_received() {
    let (server, mut asterisk) = serve_judged(Version::REFERENCE, |mut stream| {
        stream
            .write_all(&[&FRAME.repeat(3)[..], &EMPTY, &FRAME].concat())
            .unwrap();
        read_to_end(stream)
    });
    // The frames are available however late the test receives them.
    wait_for_violations(&asterisk, 1);
    for _ in 0..3 {
        assert_eq!(asterisk.receive().and_then(|it| it.audio()), Some(sample()));
    }
    assert_eq!(asterisk.receive(), None);
    assert_eq!(asterisk.end(), Some(End::LocalHangup));
    let error = asterisk.caller().send_frame(sample()).unwrap_err();
    assert_eq!(error, SendError::CallEnded(End::LocalHangup));
    assert_eq!(rules(&asterisk.hang_up()), [Rule::EmptyAudio]);
    assert_eq!(server.join().unwrap(), Ok(vec![]), "the end of the stream");
}

#[test]
fn frames_not_received_are_judged() {
    let (server, asterisk) = serve_judged(Version::REFERENCE, |mut stream| {
        stream.write_all(&[0x10, 0, 1, 7]).unwrap();
        read_to_end(stream)
    });
    wait_for_violations(&asterisk, 1);
    let violation = asterisk.hang_up()[0];
    assert_eq!((violation.rule, violation.offset), (Rule::OddLength, 0));
    assert_eq!(violation.bytes(), [0x10, 0, 1, 7]);
    server.join().unwrap().unwrap();
}

#[test]
fn frames_before_the_hangup_are_judged() {
    let (sent, has_sent) = mpsc::channel();
    let (server, asterisk) = serve_judged(Version::REFERENCE, move |mut stream| {
        stream.write_all(&[0x10, 0, 1, 7]).unwrap();
        stream.write_all(&FRAME.repeat(100)).unwrap();
        sent.send(()).unwrap();
        read_to_end(stream)
    });
    has_sent.recv().unwrap();
    assert_eq!(rules(&asterisk.hang_up())[0], Rule::OddLength);
    // With unread bytes, the close would have been a reset.
    assert_eq!(server.join().unwrap(), Ok(vec![]));
}

#[test]
fn hangup_is_answered_with_close_and_close_is_judged() {
    for (closes_well, expected) in [(true, &[][..]), (false, &[Rule::Reset])] {
        let (read, is_read) = mpsc::channel();
        let (server, mut asterisk) = serve_judged(Version::REFERENCE, move |mut stream| {
            stream.peek(&mut [0]).unwrap();
            stream.write_all(&[&FRAME[..], &HANGUP].concat()).unwrap();
            // The rest of a frame, and then the end, because Asterisk has closed.
            let mut rest = Vec::new();
            if closes_well {
                stream.read_to_end(&mut rest).unwrap();
            }
            // On Windows, a reset destroys the bytes before it that have not been read.
            is_read.recv().unwrap();
        });
        asterisk.caller().send_frame(sample()).unwrap();
        assert_eq!(asterisk.receive().and_then(|it| it.audio()), Some(sample()));
        assert_eq!(asterisk.receive(), None);
        assert_eq!(asterisk.end(), Some(End::RemoteHangup));
        read.send(()).unwrap();
        assert_eq!(rules(&asterisk.hang_up()), expected);
        server.join().unwrap();
    }
}

#[test]
fn reset_found_by_the_sender_is_a_reset() {
    for _ in 0..20 {
        let (server, mut asterisk) =
            serve_judged(Version::REFERENCE, |stream| stream.peek(&mut [0]).unwrap());
        let (listener, caller) = asterisk.split();
        thread::scope(|scope| {
            // The caller sends without a pause, so that the sender is likely to meet the reset first.
            scope.spawn(move || while caller.send_frame(sample()).is_ok() {});
            while listener.receive().is_some() {}
        });
        assert_eq!(asterisk.end(), Some(End::Reset));
        assert_eq!(rules(&asterisk.hang_up()), [Rule::Reset]);
        server.join().unwrap();
    }
}

#[test]
fn late_receiver_gets_an_error_and_all_is_judged() {
    let (server, mut asterisk) = serve_judged(Version::REFERENCE, |mut stream| {
        let mut frame = vec![0; 65_537];
        frame[..3].copy_from_slice(&[0x10, 0xff, 0xfe]);
        for _ in 0..80 {
            stream.write_all(&frame).unwrap();
        }
        stream.write_all(&EMPTY).unwrap();
        read_to_end(stream)
    });
    // The audio is ahead of time after the first second. The empty frame is the last one.
    wait_for_violations(&asterisk, 2);
    assert_eq!(
        rules(&asterisk.violations()),
        [Rule::TooFast, Rule::EmptyAudio]
    );
    let mut frames = 0;
    while asterisk.receive().is_some() {
        frames += 1;
    }
    assert!((60..80).contains(&frames), "4 MB of 5: {frames} frames");
    assert_eq!(asterisk.end(), Some(End::Failed(ErrorKind::StorageFull)));
    asterisk.hang_up();
    server.join().unwrap().unwrap();
}

#[test]
fn digits_go_out_as_the_version_sends_them() {
    let five = Digit::try_from('5').unwrap();
    let held = Duration::from_millis(1);
    let as_digit = vec![3, 0, 1, b'5'];
    let start_stop = vec![2, 0, 6, 1, b'5', 0, 0, 0, 0, 2, 0, 6, 0, b'5', 1, 0, 0, 0];
    for (version, dialect, expected) in [
        (Version::REPRESENTATIVES[0], None, vec![]),
        (Version::REFERENCE, None, as_digit.clone()),
        (Version::START_STOP, None, start_stop.clone()),
        (Version::START_STOP, Some(DtmfDialect::Asterisk), as_digit),
        (
            Version::REPRESENTATIVES[0],
            Some(DtmfDialect::StartStop),
            start_stop,
        ),
    ] {
        let (server, mut asterisk) = serve_judged(version, read_to_end);
        if let Some(dialect) = dialect {
            asterisk = asterisk.with_dialect(dialect);
        }
        asterisk.caller().press(five, held).unwrap();
        asterisk.hang_up();
        assert_eq!(server.join().unwrap(), Ok(expected), "{version}");
    }
}

#[test]
fn unjudged_call_has_no_violation_and_continues() {
    let (server, mut asterisk) = serve(|mut stream| {
        stream.write_all(&[&EMPTY[..], &FRAME].concat()).unwrap();
        read_to_end(stream)
    });
    assert!(asterisk.receive().is_some_and(|it| it.audio().is_none()));
    assert_eq!(asterisk.receive().and_then(|it| it.audio()), Some(sample()));
    assert_eq!(asterisk.violations(), []);
    drop(asterisk);
    assert_eq!(server.join().unwrap(), Ok(vec![]));
}

// The simulator's thread also holds the connection, so the server would see no end if that thread continued.
#[test]
fn dropped_simulated_call_ends_at_once() {
    let (server, asterisk) = serve_judged(Version::REFERENCE, read_to_end);
    drop(asterisk);
    assert_eq!(server.join().unwrap(), Ok(vec![]));
}
