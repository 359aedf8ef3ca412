//! The frames that a server sends on its own, and how its calls and the server itself end, over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::served::{self, HANGUP, HandlerResult, PATIENCE, SAMPLE, Served, uuid};
use audiosocket::call::{Call, CallOptions, End, SendError, Voice};
use audiosocket::server::Server;

/// The server sends only frames that the test asks for.
fn quiet() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

#[test]
fn call_starts_with_silence_unless_disabled() {
    let options = CallOptions::default().keep_alive(None);
    let server = Served::start(Server::builder().call_options(options), served::echo);
    let stream = server.connect_as(uuid(1));
    served::read_silence(&stream);
    served::hear_an_echo(&stream);
    drop(stream);
    server.stop();

    let server = Served::start(Server::builder().call_options(quiet()), served::echo);
    let stream = server.connect_as(uuid(1));
    // The first frame received is the echo.
    served::hear_an_echo(&stream);
    drop(stream);
    server.stop();
}

#[test]
fn silent_call_is_kept_alive_unless_disabled() {
    let kept_alive = Served::start(Server::builder(), served::echo);
    let left_alone = Served::start(Server::builder().call_options(quiet()), served::echo);
    let unattended = left_alone.connect_as(uuid(1));
    served::hear_an_echo(&unattended);

    let stream = kept_alive.connect_as(uuid(2));
    // The greeting and two more frames, one each second.
    for _ in 0..3 {
        served::read_silence(&stream);
    }
    // The server counts a frame after sending it, so a peer may receive it a moment earlier.
    served::eventually("three frames counted", || {
        let stats = kept_alive.handle.calls().pop()?.stats;
        ((stats.frames_received, stats.frames_sent) == (0, 3)).then_some(())
    });

    // The server has sent nothing else meanwhile: the first frame is the echo.
    served::hear_an_echo(&unattended);
    drop((unattended, stream));
    kept_alive.stop();
    left_alone.stop();
}

#[test]
fn threads_of_calls_have_the_set_name() {
    let (name, names) = mpsc::channel();
    let builder = Server::builder().thread_name("line").stack_size(256 * 1024);
    let server = Served::start(builder, move |_| -> HandlerResult {
        let here = thread::current();
        Ok(name.send(here.name().map(String::from))?)
    });
    let mut seen = Vec::new();
    for number in 0..2 {
        let _stream = server.connect_as(uuid(number));
        let name = names.recv_timeout(PATIENCE).unwrap().expect("a name");
        let number: Option<usize> = name.strip_prefix("line-").and_then(|it| it.parse().ok());
        assert!(number.is_some(), "{name}");
        assert!(!seen.contains(&name), "{name} twice");
        seen.push(name);
    }
    server.stop();
}

#[test]
fn hangup_by_uuid_ends_all_calls_with_that_uuid() {
    let server = Served::start(Server::builder().call_options(quiet()), served::echo);
    let streams = [7, 8, 7].map(|number| {
        let stream = server.connect_as(uuid(number));
        served::hear_an_echo(&stream);
        stream
    });
    assert_eq!(server.handle.hang_up(uuid(9)), 0);
    assert_eq!(server.handle.hang_up(uuid(7)), 2);
    for stream in [&streams[0], &streams[2]] {
        let answer = served::read_while_sending(stream, &SAMPLE, Duration::from_millis(5));
        assert_eq!(answer, HANGUP);
        assert_eq!(server.end_of(stream).end, Some(End::LocalHangup));
    }
    server.wait_for_calls(1);
    assert_eq!(server.handle.hang_up(uuid(7)), 0, "they must have closed");
    served::hear_an_echo(&streams[1]);
    drop(streams);
    server.stop();
}

#[test]
fn half_closed_peer_ends_the_call_for_the_player() {
    let (spoke, speaking) = mpsc::channel();
    let server = Served::start(
        Server::builder().call_options(quiet()),
        move |call| -> HandlerResult {
            let (listener, speaker) = call.split();
            thread::scope(|scope| {
                let spoken = scope.spawn(move || {
                    loop {
                        if let Err(error) = speaker.send_paced(served::audio(&[1; 320])) {
                            return error;
                        }
                    }
                });
                while listener.receive().is_some() {}
                spoke.send(spoken.join().unwrap()).unwrap();
            });
            Ok(())
        },
    );
    let mut stream = server.connect_as(uuid(1));
    let mut frame = [0; 323];
    stream.read_exact(&mut frame).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let received = served::read_to_end(&stream);
    assert!(received.ends_with(&HANGUP));
    let error = speaking.recv_timeout(PATIENCE).unwrap();
    assert_eq!(error, SendError::CallEnded(End::Closed));
    assert_eq!(server.end_of(&stream).end, Some(End::Closed));
    drop(stream);
    server.stop();
}

#[test]
fn voice_cannot_play_after_its_call() {
    let (keep, kept) = mpsc::channel::<Voice>();
    let server = Served::start(
        Server::builder().call_options(quiet()),
        move |call| -> HandlerResult {
            keep.send(call.voice())?;
            match call.uuid() {
                hasty if hasty == uuid(1) => Ok(()),
                _ => served::echo(call),
            }
        },
    );
    let left = server.connect_as(uuid(1));
    let left_voice = kept.recv_timeout(PATIENCE).unwrap();
    assert_eq!(served::read_to_end(&left), HANGUP);
    let closed = server.connect_as(uuid(2));
    let closed_voice = kept.recv_timeout(PATIENCE).unwrap();
    served::hear_an_echo(&closed);
    drop(closed);
    server.wait_for_calls(0);
    for (voice, end) in [(left_voice, End::LocalHangup), (closed_voice, End::Closed)] {
        let answer = voice.send_now(served::audio(&[1; 320]));
        assert_eq!(answer, Err(SendError::CallEnded(end)));
        voice.hang_up();
        let answer = voice.send_now(served::audio(&[1; 320]));
        assert_eq!(
            answer,
            Err(SendError::CallEnded(end)),
            "the first end counts"
        );
    }
    drop(left);
    server.stop();
}

#[test]
fn shutdown_ends_pending_first_and_calls_after_grace() {
    let options = quiet().uuid_timeout(PATIENCE * 2);
    let server = Served::start(Server::builder().call_options(options), served::echo);
    let call = server.connect_as(uuid(1));
    served::hear_an_echo(&call);
    let pending: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
    server.wait_for_pending(3);

    server.handle.shut_down(PATIENCE * 2);
    for stream in &pending {
        assert_eq!(served::read_to_end(stream), HANGUP);
        assert_eq!(server.refusal_of(stream), "ShuttingDown");
    }
    served::hear_an_echo(&call);
    server.handle.shut_down(Duration::ZERO);
    let answer = served::read_while_sending(&call, &SAMPLE, Duration::from_millis(5));
    let echoes = answer.strip_suffix(&HANGUP).expect("a hangup at the end");
    assert!(echoes.chunks(SAMPLE.len()).all(|echo| echo == SAMPLE));
    assert_eq!(server.end_of(&call).end, Some(End::LocalHangup));
    drop((call, pending));
    server.wait();
}

#[test]
fn shutdown_hangs_up_callers_not_yet_accepted() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let callers: Vec<TcpStream> = (0..20)
        .map(|number| {
            let mut stream = served::connect(server.local_addr());
            stream.write_all(&served::uuid_frame(uuid(number))).unwrap();
            stream.write_all(&SAMPLE).unwrap();
            stream
        })
        .collect();
    // While the server does not run, all of them wait in the backlog.
    let handle = server.handle();
    handle.shut_down(Duration::ZERO);
    let running = thread::spawn(move || server.run(|_| panic!("no call was to be served")));
    thread::scope(|scope| {
        for stream in &callers {
            scope.spawn(|| {
                let answer = served::read_while_sending(stream, &SAMPLE, Duration::from_millis(5));
                assert_eq!(answer, HANGUP);
            });
        }
    });
    drop(callers);
    running.join().unwrap().unwrap();
    let counts = handle.stats();
    assert_eq!((counts.calls_started, counts.calls), (0, 0));
}

#[test]
fn shutdown_hangs_up_caller_in_slow_admission() {
    let (asked, asking) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<()>();
    let answers = Mutex::new(answers);
    let builder = Server::builder().call_options(quiet()).admit(move |_| {
        asked.send(())?;
        Ok(answers.lock().unwrap().recv_timeout(PATIENCE)?)
    });
    let server = Served::start(builder, served::echo);
    let stream = server.connect_as(uuid(1));
    asking.recv_timeout(PATIENCE).unwrap();
    server.handle.shut_down(Duration::ZERO);
    // By then, the server has waited 2 s for its last connections.
    let received = thread::scope(|scope| {
        let talking =
            scope.spawn(|| served::read_while_sending(&stream, &SAMPLE, Duration::from_millis(5)));
        thread::sleep(Duration::from_secs(3));
        answer.send(()).unwrap();
        talking.join().unwrap()
    });
    assert_eq!(received, HANGUP);
    drop(stream);
    let results = server.wait();
    let names: Vec<&str> = results
        .refused
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    assert_eq!(names, ["ShuttingDown"]);
}

/// A program with its own accept loop may return early or panic.
#[test]
fn dropped_call_hangs_up_without_a_reset() {
    for panics in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let call = Call::accept(listener.accept().unwrap().0, quiet()).unwrap();
            assert!(!panics, "this panic is the test, with audio unread");
            drop(call);
        });
        let peer = served::connect_as(address, uuid(1));
        let answer = served::read_while_sending(&peer, &SAMPLE, Duration::from_millis(5));
        assert_eq!(answer, HANGUP);
        // The connection closes when the server has read the end of the peer's stream, or after 0.25 s.
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(server.join().is_err(), panics);
    }
}

#[test]
fn dropped_call_waits_at_most_its_patience() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = served::connect_as(address, uuid(1));
    drop(Call::accept(listener.accept().unwrap().0, quiet()).unwrap());
    // The peer has neither read nor closed, but the drop has returned.
    assert_eq!(served::read_to_end(&peer), HANGUP);
}

#[test]
fn shutdown_takes_one_patience_whatever_peers_do() {
    const EACH: u8 = 10;
    // A separate wait for each of these peers would take longer than this test allows.
    let options = quiet()
        .write_timeout(PATIENCE * 3)
        .uuid_timeout(PATIENCE * 3)
        .frame_timeout(PATIENCE * 3);
    let builder = Server::builder().call_options(options);
    let server = Served::start(builder, |call| -> HandlerResult {
        if call.uuid() == uuid(1) {
            let voice = call.voice();
            loop {
                voice.send_now(served::audio(&[1; 65_534]))?;
            }
        }
        served::echo(call)
    });
    let mut peers = Vec::new();
    for _ in 0..EACH {
        // These peers do not read, send part of a frame, send part of a UUID, or send nothing. None of them closes.
        peers.push(server.connect_as(uuid(1)));
        for (mut peer, bytes) in [
            (server.connect_as(uuid(2)), &SAMPLE[..4]),
            (server.connect(), &served::uuid_frame(uuid(3))[..18]),
            (server.connect(), &[]),
        ] {
            peer.write_all(bytes).unwrap();
            peers.push(peer);
        }
    }
    let each = usize::from(EACH);
    server.wait_for_calls(each * 2);
    server.wait_for_pending(each * 2);
    let has_sent = |uuid| {
        let calls = server.handle.calls();
        let mut calls = calls.iter().filter(|call| call.uuid == uuid);
        calls.all(|call| call.stats.frames_sent > 0).then_some(())
    };
    served::eventually("frames to the peers that do not read", || has_sent(uuid(1)));
    let started = Instant::now();
    server.stop();
    println!("the shutdown took {:?}", started.elapsed());
    assert!(started.elapsed() < PATIENCE);
    drop(peers);
}
