//! The limits of a server and of its calls, each alone, over real sockets.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::common::served::{self, HANGUP, HandlerResult, PATIENCE, SAMPLE, Served, uuid};
use audiosocket::call::{Call, CallOptions, End, Event, SendError, Timeout, Transport};
use audiosocket::server::Server;
use audiosocket::wire::Header;

/// The server sends only frames that the test asks for.
fn quiet() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

/// Short enough for a test, and long compared with the delays of a busy machine.
const DEADLINE: Duration = Duration::from_secs(1);

#[test]
fn call_over_the_limit_is_refused_until_one_ends() {
    let builder = Server::builder().max_calls(2).call_options(quiet());
    let server = Served::start(builder, served::echo);
    let first = server.connect_as(uuid(1));
    let second = server.connect_as(uuid(2));
    served::hear_an_echo(&first);
    served::hear_an_echo(&second);

    let third = server.connect_as(uuid(3));
    let answer = served::read_while_sending(&third, &SAMPLE, Duration::from_millis(5));
    assert_eq!(answer, HANGUP);
    assert_eq!(server.refusal_of(&third), "TooManyCalls");
    let counts = server.handle.stats();
    assert_eq!((counts.calls, counts.refused), (2, 1));

    drop(first);
    server.wait_for_calls(1);
    let fourth = server.connect_as(uuid(4));
    served::hear_an_echo(&fourth);
    served::hear_an_echo(&second);
    let counts = server.handle.stats();
    assert_eq!((counts.calls_started, counts.accepted), (3, 4));
    drop((second, third, fourth));
    server.stop();
}

#[test]
fn new_connections_replace_old_silent_ones() {
    let builder = Server::builder()
        .max_pending(2)
        .call_options(quiet().uuid_timeout(PATIENCE));
    let server = Served::start(builder, served::echo);
    // Connects at once, so that the first two are young when the server accepts the third.
    let oldest = server.connect();
    let mut second = server.connect();
    let too_early = server.connect_as(uuid(3));
    let answer = served::read_while_sending(&too_early, &SAMPLE, Duration::from_millis(5));
    assert_eq!(answer, HANGUP);
    assert_eq!(server.refusal_of(&too_early), "TooManyPending");
    assert_eq!(server.handle.stats().pending, 2);

    thread::sleep(Duration::from_millis(400));
    let newcomer = server.connect_as(uuid(4));
    served::hear_an_echo(&newcomer);
    assert_eq!(served::read_to_end(&oldest), HANGUP);
    assert_eq!(server.refusal_of(&oldest), "TooManyPending");

    second.write_all(&served::uuid_frame(uuid(2))).unwrap();
    served::hear_an_echo(&second);
    let counts = server.handle.stats();
    assert_eq!((counts.pending, counts.calls, counts.refused), (0, 2, 2));
    drop((oldest, second, too_early, newcomer));
    server.stop();
}

#[test]
fn admit_hook_or_its_panic_refuses_the_call() {
    let builder = Server::builder()
        .call_options(quiet())
        .admit(|caller| match caller.uuid {
            unwanted if unwanted == uuid(1) => Err("you are not invited".into()),
            fatal if fatal == uuid(2) => panic!("no such guest"),
            _ => Ok(()),
        });
    let server = Served::start(builder, served::echo);
    for (number, refusal) in [
        (1, r#"NotAdmitted("you are not invited")"#),
        (2, r#"NotAdmitted("panicked: no such guest")"#),
    ] {
        let stream = server.connect_as(uuid(number));
        let answer = served::read_while_sending(&stream, &SAMPLE, Duration::from_millis(5));
        assert_eq!(answer, HANGUP);
        assert_eq!(server.refusal_of(&stream), refusal);
    }
    let guest = server.connect_as(uuid(3));
    served::hear_an_echo(&guest);
    let counts = server.handle.stats();
    assert_eq!((counts.calls_started, counts.refused), (1, 2));
    drop(guest);
    server.stop();
}

#[test]
fn repeated_uuid_shows_in_admission_and_call_list() {
    let (caller, callers) = mpsc::channel();
    let builder = Server::builder()
        .call_options(quiet())
        .admit(move |seen| Ok(caller.send((seen.peer, seen.live_with_same_uuid))?));
    let server = Served::start(builder, served::echo);
    let peers: Vec<TcpStream> = [(7, 0), (7, 1), (8, 0), (7, 2)]
        .map(|(number, live_with_same_uuid)| {
            let stream = server.connect_as(uuid(number));
            served::hear_an_echo(&stream);
            let address = stream.local_addr().unwrap();
            assert_eq!(
                callers.recv_timeout(PATIENCE).unwrap(),
                (address, live_with_same_uuid)
            );
            stream
        })
        .into();
    let listed: Vec<_> = (server.handle.calls().iter())
        .map(|call| (call.uuid, call.peer))
        .collect();
    let expected: Vec<_> = ([7, 7, 8, 7].iter().zip(&peers))
        .map(|(number, stream)| (uuid(*number), stream.local_addr().unwrap()))
        .collect();
    assert_eq!(listed, expected, "the oldest first");
    // The server counts a frame after sending it, so a peer may receive it a moment earlier.
    served::eventually("a frame in and a frame out on each", || {
        let calls = server.handle.calls();
        let is_counted = |received, sent| (received, sent) == (1, 1);
        (calls.iter())
            .all(|call| is_counted(call.stats.frames_received, call.stats.frames_sent))
            .then_some(())
    });
    drop(peers);
    server.stop();
}

#[test]
fn idle_timeout_ends_only_silent_peers() {
    // Longer than a busy machine can delay the thread that sends.
    let options = quiet().idle_timeout(Some(DEADLINE * 4));
    let server = Served::start(Server::builder().call_options(options), served::echo);
    let active = server.connect_as(uuid(1));
    let silent = server.connect_as(uuid(2));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| served::read_to_end(&silent));
        while !waiting.is_finished() {
            served::hear_an_echo(&active);
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(waiting.join().unwrap(), HANGUP);
    });
    let end = server.end_of(&silent).end;
    assert_eq!(end, Some(End::TimedOut(Timeout::Idle)));
    served::hear_an_echo(&active);
    drop((active, silent));
    server.stop();
}

#[test]
fn frame_timeout_covers_skipped_frames_byte_by_byte() {
    let options = quiet().frame_timeout(DEADLINE).max_payload_len(1000);
    let server = Served::start(Server::builder().call_options(options), served::echo);
    let mut streams = [320_u16, 65_535].map(|len| {
        let mut stream = server.connect_as(uuid(1));
        let [high, low] = len.to_be_bytes();
        stream.write_all(&[0x10, high, low]).unwrap();
        stream
    });
    thread::scope(|scope| {
        for stream in &mut streams {
            let server = &server;
            scope.spawn(move || {
                let answer = served::read_while_sending(stream, &[1], Duration::from_millis(20));
                assert_eq!(answer, HANGUP);
                let end = server.end_of(stream).end;
                assert_eq!(end, Some(End::TimedOut(Timeout::Frame)));
            });
        }
    });
    // A frame that is in time may come in pieces.
    let mut stream = server.connect_as(uuid(2));
    stream.write_all(&SAMPLE[..2]).unwrap();
    thread::sleep(Duration::from_millis(20));
    stream.write_all(&SAMPLE[2..]).unwrap();
    let mut echo = [0; SAMPLE.len()];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(echo, SAMPLE);
    drop((stream, streams));
    server.stop();
}

/// Sends until an error, and returns it.
fn send_without_end(call: &mut Call) -> SendError {
    let voice = call.voice();
    loop {
        if let Err(error) = voice.send_now(served::audio(&[1; 65_534])) {
            return error;
        }
    }
}

#[test]
fn write_timeout_ends_a_peer_that_reads_too_slowly() {
    let errors = Arc::new(Mutex::new(HashMap::new()));
    let options = quiet().write_timeout(DEADLINE);
    let server = {
        let errors = Arc::clone(&errors);
        Served::start(
            Server::builder().call_options(options),
            move |call| -> HandlerResult {
                let error = send_without_end(call);
                errors.lock().unwrap().insert(call.uuid(), error);
                Err(error.into())
            },
        )
    };
    let mut sipping = server.connect_as(uuid(1));
    let deaf = server.connect_as(uuid(2));
    let is_over = |number| errors.lock().unwrap().contains_key(&uuid(number));
    served::eventually("the end of the call with the slow peer", || {
        sipping.read_exact(&mut [0]).unwrap();
        is_over(1).then_some(())
    });
    for stream in [&sipping, &deaf] {
        let end = server.end_of(stream).end;
        assert_eq!(end, Some(End::TimedOut(Timeout::Write)));
    }
    let over = SendError::CallEnded(End::TimedOut(Timeout::Write));
    let expected = HashMap::from([(uuid(1), over), (uuid(2), over)]);
    assert_eq!(*errors.lock().unwrap(), expected);
    drop((sipping, deaf));
    // A handler that ends with a `SendError` has not failed.
    assert_eq!(server.stop().incidents, Vec::<String>::new());
}

/// A transport that accepts one byte every 10 ms. No kernel behaves like this.
struct Sipping;

impl Transport for Sipping {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let frame = served::uuid_frame(uuid(1));
        buffer[..frame.len()].copy_from_slice(&frame);
        Ok(frame.len())
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        thread::sleep(Duration::from_millis(10));
        Ok(bytes.len().min(1))
    }

    fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_send_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) {}
}

#[test]
fn write_timeout_covers_a_whole_frame() {
    let options = quiet().write_timeout(Duration::from_millis(500));
    let call = Call::accept(Sipping, options).unwrap();
    // A whole write would take 3.2 s or more.
    let answer = call.voice().send_now(served::audio(&[1; 320]));
    let end = End::TimedOut(Timeout::Write);
    assert_eq!(answer, Err(SendError::CallEnded(end)));
    assert_eq!(call.end(), Some(end));
}

/// A transport that never has room, and whose `abort` does not wake a `send`, as on Windows.
#[derive(Default)]
struct Unwakeable {
    timeout: Mutex<Duration>,
    sends: AtomicUsize,
    is_aborted: AtomicBool,
}

impl Transport for Unwakeable {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let frame = served::uuid_frame(uuid(1));
        buffer[..frame.len()].copy_from_slice(&frame);
        Ok(frame.len())
    }

    fn send(&self, _: &[u8]) -> io::Result<usize> {
        self.sends.fetch_add(1, Ordering::Relaxed);
        if self.is_aborted.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let timeout = *self.timeout.lock().unwrap();
        thread::sleep(timeout);
        Err(io::ErrorKind::TimedOut.into())
    }

    fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
        *self.timeout.lock().unwrap() = timeout;
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) {
        self.is_aborted.store(true, Ordering::Relaxed);
    }
}

#[test]
fn aborted_send_that_is_not_woken_ends_early() {
    let transport = Arc::new(Unwakeable::default());
    let options = quiet().write_timeout(PATIENCE);
    let call = Call::accept(Arc::clone(&transport), options).unwrap();
    let voice = call.voice();
    let sending = thread::spawn(move || voice.send_now(served::audio(&[1; 320])));
    served::eventually("a send", || {
        (transport.sends.load(Ordering::Relaxed) > 0).then_some(())
    });
    transport.abort();
    // The whole write timeout would be `CallEnded`.
    assert_eq!(sending.join().unwrap(), Err(SendError::Disconnected));
}

#[test]
fn hangup_does_not_wait_for_a_blocked_writer() {
    let options = quiet().write_timeout(PATIENCE * 2);
    let builder = Server::builder().call_options(options);
    let server = Served::start(builder, |call| Err(send_without_end(call).into()));
    let stream = server.connect_as(uuid(1));
    // When nothing more is sent, the sender is blocked.
    let mut sent = 0;
    served::eventually("a blocked sender", || {
        let before = sent;
        thread::sleep(Duration::from_millis(300));
        sent = server.handle.calls().first()?.stats.frames_sent;
        (sent == before && sent > 0).then_some(())
    });
    assert_eq!(server.handle.hang_up(uuid(1)), 1);
    assert_eq!(
        server.handle.calls().len(),
        1,
        "its sender is still blocked"
    );

    let received = served::read_to_end(&stream);
    assert!(received.ends_with(&HANGUP), "the hangup follows the frame");
    let frame_len = Header::LEN + 65_534;
    assert_eq!(
        (received.len() - HANGUP.len()) % frame_len,
        0,
        "frames are whole"
    );
    assert!(received.len() > sent * frame_len);
    assert_eq!(server.end_of(&stream).end, Some(End::LocalHangup));
    drop(stream);
    server.stop();
}

#[test]
fn max_duration_ends_a_call_with_traffic() {
    let options = quiet().max_duration(Some(DEADLINE));
    let server = Served::start(Server::builder().call_options(options), served::echo);
    let stream = server.connect_as(uuid(1));
    let received = served::read_while_sending(&stream, &SAMPLE, Duration::from_millis(5));
    let echoes = received.strip_suffix(&HANGUP).expect("a hangup at the end");
    assert!(!echoes.is_empty() && echoes.chunks(SAMPLE.len()).all(|echo| echo == SAMPLE));
    let end = server.end_of(&stream).end;
    assert_eq!(end, Some(End::TimedOut(Timeout::Call)));
    drop(stream);
    server.stop();
}

#[test]
fn frames_over_the_limit_are_skipped_in_step() {
    let (too_long, too_long_ones) = mpsc::channel();
    let options = quiet().max_payload_len(100);
    let server = Served::start(
        Server::builder().call_options(options),
        move |call| -> HandlerResult {
            let voice = call.voice();
            while let Some(event) = call.receive() {
                match event {
                    Event::TooLong(header) => too_long.send(header.payload_len())?,
                    event => voice.send_now(event.audio().ok_or("no audio")?)?,
                }
            }
            Ok(())
        },
    );
    let mut stream = server.connect_as(uuid(1));
    for (len, fits) in [(100, true), (101, false), (102, false), (65_535, false)] {
        let len: u16 = len;
        let [high, low] = len.to_be_bytes();
        let mut frame = vec![0x10, high, low];
        frame.resize(Header::LEN + usize::from(len), 9);
        stream.write_all(&frame).unwrap();
        if fits {
            let mut echo = vec![0; frame.len()];
            stream.read_exact(&mut echo).unwrap();
            assert_eq!(echo, frame);
        } else {
            let announced = too_long_ones.recv_timeout(PATIENCE).unwrap();
            assert_eq!(announced, usize::from(len));
        }
        served::hear_an_echo(&stream);
    }
    assert!(too_long_ones.try_recv().is_err(), "only these");
    drop(stream);
    server.stop();
}
