//! No call can harm another: hostile peers attack a server, and fifty calls beside them lose nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::served::{self, HANGUP, HandlerResult, PATIENCE, SAMPLE, Served};
use audiosocket::call::{Call, CallOptions, End, Event, Timeout};
use audiosocket::server::Server;
use audiosocket::wire::{Message, Uuid};

const HEALTHY: usize = 50;
const MAX_CALLS: usize = 60;
const CROWD: usize = 500;

fn start() -> Served {
    let options = CallOptions::default()
        .uuid_timeout(Duration::from_millis(1500))
        .initial_silence(false)
        .keep_alive(None)
        .frame_timeout(Duration::from_secs(1))
        .write_timeout(Duration::from_secs(1));
    let builder = Server::builder().max_calls(MAX_CALLS).call_options(options);
    Served::start(builder, echo_or_panic)
}

fn echo_or_panic(call: &mut Call) -> HandlerResult {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        match event {
            Event::Message(Message::Dtmf(digit)) => panic!("a digit: {digit:?}"),
            event => {
                if let Some(audio) = event.audio() {
                    voice.send_now(audio)?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn fifty_calls_lose_no_frame_among_hostile_peers() {
    let server = start();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let healthy: Vec<_> = (0..HEALTHY)
            .map(|number| {
                let (server, is_over) = (&server, &is_over);
                scope.spawn(move || stay_healthy(server, number, is_over))
            })
            .collect();
        server.wait_for_calls(HEALTHY);

        // The healthy calls must end in any case. Otherwise a failed assertion would wait for them forever.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attack(&server)));
        is_over.store(true, Ordering::Relaxed);
        let sent: Vec<usize> = healthy
            .into_iter()
            .map(|call| call.join().unwrap())
            .collect();
        println!(
            "frames sent and received by each healthy call: {} to {}",
            sent.iter().min().unwrap(),
            sent.iter().max().unwrap()
        );
        assert!(sent.iter().all(|frames| *frames >= 50), "{sent:?}");
        outcome.unwrap();
    });
    server.wait_for_calls(0);
    let counts = server.handle.stats();
    // All healthy calls, the six attacks that are calls, and the calls of the crowd that found a place.
    let admitted = MAX_CALLS - HEALTHY;
    assert_eq!(counts.calls_started, HEALTHY + 6 + admitted);
    // Two attacks without a UUID, and the rest of the crowd.
    assert_eq!(counts.refused, 2 + CROWD - admitted);
    assert_eq!(counts.accepted, HEALTHY + 6 + 2 + CROWD);
    assert_eq!((counts.calls, counts.pending), (0, 0));
    let results = server.stop();
    let too_many = results
        .refused
        .iter()
        .filter(|(_, name)| name == "TooManyCalls");
    assert_eq!(too_many.count(), CROWD - admitted);
    assert_eq!(results.incidents, Vec::<String>::new());
}

fn attack(server: &Served) {
    thread::scope(|scope| {
        for attack in [
            says_nothing,
            drips_its_uuid,
            sends_a_header_and_stops,
            announces_65_535_bytes_and_drips,
            never_reads,
            resets_in_mid_frame,
            sends_10_000_unknown_frames,
            makes_the_handler_panic,
        ] {
            scope.spawn(move || attack(server));
        }
    });
    server.wait_for_calls(HEALTHY);
    comes_as_a_crowd(server);
    server.wait_for_calls(HEALTHY);
}

/// A paced call in which all frames differ and must come back in order. Returns the number of frames echoed.
fn stay_healthy(server: &Served, call: usize, is_over: &AtomicBool) -> usize {
    let uuid = Uuid::from_bytes((call as u128).to_be_bytes());
    let mut asterisk = server.simulate(uuid);
    let sent = AtomicUsize::new(usize::MAX);
    let (listener, caller) = asterisk.split();
    let echoed = thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                let frame = distinct_frame(call, number);
                caller.send_frame(served::audio(&frame)).unwrap();
                number += 1;
            }
            sent.store(number, Ordering::Relaxed);
        });
        let mut echoed = 0;
        let mut last_heard = Instant::now();
        while echoed != sent.load(Ordering::Relaxed) {
            match listener.receive_until(Instant::now() + Duration::from_millis(50)) {
                Some(Event::TimeUp) => {
                    let silent_for = last_heard.elapsed();
                    assert!(
                        silent_for < PATIENCE,
                        "call {call}: {echoed} frames received"
                    );
                }
                Some(event) => {
                    let frame = distinct_frame(call, echoed);
                    let audio = event.audio().map(|audio| audio.bytes());
                    assert_eq!(audio, Some(&frame[..]), "call {call}, frame {echoed}");
                    echoed += 1;
                    last_heard = Instant::now();
                }
                None => panic!("call {call} is over: {:?}", listener.end()),
            }
        }
        echoed
    });
    asterisk.hang_up();
    echoed
}

fn distinct_frame(call: usize, number: usize) -> [u8; 320] {
    let mut frame = [0; 320];
    for (place, sample) in frame.chunks_exact_mut(8).enumerate() {
        let value = ((call as u64) << 48) + ((number as u64) << 16) + place as u64;
        sample.copy_from_slice(&value.to_le_bytes());
    }
    frame
}

fn says_nothing(server: &Served) {
    let peer = server.connect();
    assert_eq!(served::read_to_end(&peer), HANGUP);
    assert_eq!(server.refusal_of(&peer), "TimedOut { received: 0 }");
}

fn drips_its_uuid(server: &Served) {
    let mut peer = server.connect();
    // The first byte is right. A length and a part of a UUID follow.
    peer.write_all(&[0x01, 0x00, 0x10]).unwrap();
    let answer = served::read_while_sending(&peer, &[0x07], Duration::from_millis(250));
    assert_eq!(answer, HANGUP);
    let refusal = server.refusal_of(&peer);
    let received: usize = refusal
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap();
    assert!(refusal.starts_with("TimedOut"), "{refusal}");
    assert!((4..19).contains(&received), "{refusal}");
}

fn sends_a_header_and_stops(server: &Served) {
    let mut peer = server.connect_as(served::uuid(0xa1));
    peer.write_all(&[0x10, 0x01, 0x40]).unwrap();
    assert_eq!(served::read_to_end(&peer), HANGUP);
    let end = server.end_of(&peer).end;
    assert_eq!(end, Some(End::TimedOut(Timeout::Frame)));
}

fn announces_65_535_bytes_and_drips(server: &Served) {
    let mut peer = server.connect_as(served::uuid(0xa2));
    peer.write_all(&[0x10, 0xff, 0xff]).unwrap();
    let answer = served::read_while_sending(&peer, &[0x07], Duration::from_millis(50));
    assert_eq!(answer, HANGUP);
    let end = server.end_of(&peer).end;
    assert_eq!(end, Some(End::TimedOut(Timeout::Frame)));
}

fn never_reads(server: &Served) {
    let peer = server.connect_as(served::uuid(0xa3));
    // Long frames fill the buffers with few writes, even on a busy machine.
    let mut frames = vec![0x10, 0x7d, 0x00];
    frames.resize(3 + 0x7d00, 7);
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut stream = &peer;
            while stream.write_all(&frames).is_ok() {}
        });
        let end = server.end_of(&peer).end;
        assert_eq!(end, Some(End::TimedOut(Timeout::Write)));
        // The write may still be waiting for room.
        let _ = peer.shutdown(Shutdown::Both);
        sending.join().unwrap();
    });
}

fn resets_in_mid_frame(server: &Served) {
    let mut peer = server.connect_as(served::uuid(0xa4));
    peer.write_all(&SAMPLE).unwrap();
    peer.write_all(&[0x10, 0x01, 0x40, 1, 2, 3, 4, 5]).unwrap();
    // Closing with the echo unread makes the kernel send a reset.
    assert_eq!(peer.peek(&mut [0]).unwrap(), 1);
    let address = peer.local_addr().unwrap();
    drop(peer);
    assert_eq!(server.end_of_peer(address).end, Some(End::Reset));
}

fn sends_10_000_unknown_frames(server: &Served) {
    let mut peer = server.connect_as(served::uuid(0xa5));
    let mut frames = Vec::new();
    for number in 0_u32..10_000 {
        frames.extend_from_slice(&[0x40 + (number % 0x80) as u8, 0x00, 0x04]);
        frames.extend_from_slice(&number.to_be_bytes());
    }
    peer.write_all(&frames).unwrap();
    served::hear_an_echo(&peer);
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(served::read_to_end(&peer), HANGUP);
    let ended = server.end_of(&peer);
    assert_eq!(ended.end, Some(End::Closed));
    assert_eq!(ended.stats.frames_received, 10_001);
    assert_eq!(ended.stats.frames_sent, 1);
}

fn makes_the_handler_panic(server: &Served) {
    let mut peer = server.connect_as(served::uuid(0xa6));
    peer.write_all(&[0x03, 0x00, 0x01, b'9']).unwrap();
    let answer = served::read_while_sending(&peer, &SAMPLE, Duration::from_millis(5));
    assert_eq!(answer, HANGUP);
    let incident = server.incident();
    let uuid = served::uuid(0xa6);
    let address = peer.local_addr().unwrap();
    let beginning = format!("call {uuid} from {address}: its handler panicked: a digit: ");
    assert!(incident.starts_with(&beginning), "{incident}");
}

/// The crowd runs in a separate process, because both ends in one process need more descriptors than many systems allow.
fn comes_as_a_crowd(server: &Served) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile_peers::a_crowd", "--ignored"])
        .arg("--nocapture")
        .env(CROWD_ADDRESS, server.address.to_string())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    let admitted = MAX_CALLS - HEALTHY;
    let expected = format!("{admitted} admitted, {} refused", CROWD - admitted);
    assert!(printed.contains(&expected), "{printed}");
}

const CROWD_ADDRESS: &str = "AUDIOSOCKET_TEST_CROWD_ADDRESS";

#[test]
#[ignore = "the test above runs it in a separate process"]
fn a_crowd() {
    let address = std::env::var(CROWD_ADDRESS).expect("only the test above can run this");
    let address: SocketAddr = address.parse().unwrap();
    let started = Instant::now();
    let mut crowd: Vec<Option<TcpStream>> = Vec::new();
    for number in 0..CROWD {
        let mut peer = served::connect(address);
        let uuid = Uuid::from_bytes((0xffff_0000 + number as u128).to_be_bytes());
        peer.write_all(&served::uuid_frame(uuid)).unwrap();
        peer.set_nonblocking(true).unwrap();
        crowd.push(Some(peer));
    }
    let mut answers = vec![Vec::new(); CROWD];
    let mut refused = 0;
    // All peers send until each has received its echo or has been refused. Peers with a call keep their places meanwhile.
    loop {
        for (peer, answers) in crowd.iter_mut().zip(&mut answers) {
            let Some(stream) = peer else { continue };
            let mut bytes = [0; 1024];
            match stream.read(&mut bytes) {
                Ok(0) => {
                    assert_eq!(*answers, HANGUP, "a hangup frame before the end");
                    served::talk_after_the_end(stream, started);
                    refused += 1;
                    *peer = None;
                }
                Ok(count) => answers.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    stream.write_all(&SAMPLE).expect("no reset while sending");
                }
                Err(error) => panic!("no end but a reset: {error}"),
            }
        }
        let admitted = (crowd.iter().flatten()).zip(&answers);
        if crowd
            .iter()
            .zip(&answers)
            .all(|(peer, answers)| peer.is_none() || answers.starts_with(&SAMPLE))
        {
            println!("{} admitted, {refused} refused", admitted.count());
            return;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "some peers are neither admitted nor refused"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
