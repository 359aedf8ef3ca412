//! Calls over real sockets: what a server does for a good peer, a bad peer, and a peer that disappears.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, End, Event};
use audiosocket::server::{Incident, Server, ServerHandle};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::{
    Audio, Digit, Dtmf, DtmfDialect, Frame, Header, Kind, Message, PayloadErrorReason, SampleRate,
    Uuid,
};

const UUID: Uuid = Uuid::from_bytes(*b"sixteen bytes it");
const LONG_ENOUGH: Duration = Duration::from_secs(10);

/// A server on a thread, its reports, and the messages of its handlers.
struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    thread: JoinHandle<()>,
    incidents: Receiver<String>,
    reports: Receiver<String>,
}

impl Running {
    fn start<F>(handler: F) -> Running
    where
        F: Fn(&mut Call, &dyn Fn(String)) -> Result<(), Box<dyn Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        Running::start_with(Duration::from_secs(5), handler)
    }

    fn start_with<F>(uuid_timeout: Duration, handler: F) -> Running
    where
        F: Fn(&mut Call, &dyn Fn(String)) -> Result<(), Box<dyn Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        let (incident, incidents) = mpsc::channel();
        let (report, reports) = mpsc::channel();
        let server = Server::builder()
            // Without frames of silence, because tests count every frame sent.
            .call_options(
                CallOptions::default()
                    .uuid_timeout(uuid_timeout)
                    .initial_silence(false)
                    .keep_alive(None),
            )
            .on_incident(move |happened: &Incident<'_>| {
                incident.send(happened.to_string()).unwrap()
            })
            .bind("127.0.0.1:0")
            .unwrap();
        let (address, handle) = (server.local_addr(), server.handle());
        let thread = thread::spawn(move || {
            let run = server.run(|call| {
                let report = report.clone();
                handler(call, &move |text| report.send(text).unwrap())
            });
            run.unwrap();
        });
        Running {
            address,
            handle,
            thread,
            incidents,
            reports,
        }
    }

    fn call(&self) -> SimulatedAsterisk {
        SimulatedAsterisk::connect(self.address, UUID).unwrap()
    }

    fn raw(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG_ENOUGH)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    #[track_caller]
    fn next_incident(&self) -> String {
        self.incidents.recv_timeout(LONG_ENOUGH).unwrap()
    }

    #[track_caller]
    fn next_report(&self) -> String {
        self.reports.recv_timeout(LONG_ENOUGH).unwrap()
    }

    /// Shuts down and returns the incidents that no test has read.
    #[track_caller]
    fn stop(self) -> Vec<String> {
        self.handle.shut_down(Duration::ZERO);
        self.thread.join().unwrap();
        self.incidents.try_iter().collect()
    }
}

fn echo(call: &mut Call, report: &dyn Fn(String)) -> Result<(), Box<dyn Error + Send + Sync>> {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        match event {
            Event::Message(Message::Audio(audio)) => voice.send_now(audio)?,
            Event::Message(other) => report(format!("{other:?}")),
            Event::Malformed { error, .. } => report(error.to_string()),
            Event::TooLong(header) => report(header.to_string()),
            _ => report(format!("{event:?}")),
        }
    }
    let stats = call.stats();
    let end = call.end().unwrap();
    report(format!(
        "{end}, {} in, {} out",
        stats.frames_received, stats.frames_sent
    ));
    Ok(())
}

fn audio(bytes: &[u8]) -> Audio<'_> {
    Audio::new(SampleRate::Hz8000, bytes).unwrap()
}

fn uuid_frame() -> Vec<u8> {
    let mut buffer = [0; 19];
    Message::Uuid(UUID).encode(&mut buffer).unwrap().to_vec()
}

#[test]
fn call_echoes_audio_and_receives_both_dialects() {
    let server = Running::start(echo);
    for (dialect, digits) in [
        (DtmfDialect::Asterisk, vec!["Dtmf(Digit(Digit(7)))"]),
        (
            DtmfDialect::StartStop,
            vec![
                "Dtmf(Start(Digit(7)))",
                "Dtmf(Stop { digit: Digit(7), duration_ms: 30 })",
            ],
        ),
    ] {
        let mut asterisk = server.call().with_dialect(dialect);
        for number in 0..5 {
            let frame = [number; 320];
            asterisk.caller().send_frame(audio(&frame)).unwrap();
            assert_eq!(
                asterisk.receive().and_then(|event| event.audio()),
                Some(audio(&frame))
            );
        }
        let key = Digit::try_from('7').unwrap();
        asterisk
            .caller()
            .press(key, Duration::from_millis(30))
            .unwrap();
        for digit in &digits {
            assert_eq!(server.next_report(), *digit);
        }
        asterisk.hang_up();
        let received = 5 + digits.len();
        let end = server.next_report();
        assert_eq!(
            end,
            format!("the peer closed the connection, {received} in, 5 out")
        );
    }
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn wrong_or_unknown_frame_does_not_end_the_call() {
    let server = Running::start(echo);
    let mut stream = server.raw();
    let mut bytes = uuid_frame();
    let long_error = vec![9; 65_535];
    let table: [(u8, &[u8], &str); 13] = [
        (
            0x10,
            &[],
            "audio (0x10) without a sample: expected at least 2 bytes",
        ),
        (
            0x10,
            &[1, 2, 3],
            "audio (0x10) with payload length 3: expected an even length",
        ),
        (
            0x01,
            &[0; 4],
            "UUID (0x01) with payload length 4: expected 16",
        ),
        (
            0x01,
            &[0; 16],
            "Uuid(Uuid(00000000-0000-0000-0000-000000000000))",
        ),
        (0x20, b"new", "Unknown(Frame(0x20, 3 bytes))"),
        (0x02, &[], "LegacySilence"),
        (
            0x02,
            &[1, b'1'],
            "DTMF (0x02) with payload length 2: expected 6",
        ),
        (
            0x02,
            &[7, b'1', 0, 0, 0, 0],
            "DTMF (0x02) with state 0x07: expected 0 (stop) or 1 (start)",
        ),
        (0x03, &[], "DTMF (0x03) with payload length 0: expected 1"),
        (
            0x03,
            b"x",
            "DTMF (0x03) with code 0x78: expected a digit 0-9, *, #, A-D",
        ),
        (0xff, &[], "Error(ErrorCode([]))"),
        (0xff, &[3], "Error(ErrorCode([03]))"),
        (
            0x15,
            &long_error,
            "audio (0x15) with payload length 65535: expected an even length",
        ),
    ];
    for (kind, payload, _) in table {
        let mut buffer = vec![0; payload.len() + Header::LEN];
        let frame = Frame::new(Kind::from_byte(kind), payload).unwrap();
        bytes.extend_from_slice(frame.encode(&mut buffer).unwrap());
    }
    bytes.extend_from_slice(&[0x10, 0x00, 0x02, 0x05, 0x06]);
    stream.write_all(&bytes).unwrap();
    for (_, _, expected) in table {
        assert_eq!(server.next_report(), expected);
    }
    let mut echoed = [0; 5];
    stream.read_exact(&mut echoed).unwrap();
    assert_eq!(
        echoed,
        [0x10, 0x00, 0x02, 0x05, 0x06],
        "only the good audio is echoed"
    );
    drop(stream);
    assert_eq!(
        server.next_report(),
        "the peer closed the connection, 14 in, 1 out"
    );
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn connection_without_uuid_first_is_refused() {
    let server = Running::start_with(Duration::from_secs(1), echo);
    let mut drip = uuid_frame();
    drip.truncate(18);
    let table: [(&[u8], &str); 7] = [
        (
            &[0x10, 0x01, 0x40],
            "the first frame is audio (0x10), payload length 320: expected a UUID of 16 bytes",
        ),
        (
            &[0x01, 0x00, 0x04, 1, 2, 3, 4],
            "the first frame is UUID (0x01), payload length 4: expected a UUID of 16 bytes",
        ),
        (
            &[0x01, 0xff, 0xff],
            "the first frame is UUID (0x01), payload length 65535: expected a UUID of 16 bytes",
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "the first frame is unknown kind 0x47, payload length 17748: expected a UUID of 16 bytes",
        ),
        (
            &[0x00, 0x00, 0x00],
            "the first frame is hangup (0x00), payload length 0: expected a UUID of 16 bytes",
        ),
        (&[], "no UUID in time: received 0 of its 19 bytes"),
        (&drip, "no UUID in time: received 18 of its 19 bytes"),
    ];
    for (bytes, refusal) in table {
        let mut stream = server.raw();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(
            answer,
            [0, 0, 0],
            "a hangup frame and a close, no reset: {refusal}"
        );
        let incident = server.next_incident();
        assert_eq!(
            incident,
            format!("{} refused: {refusal}", stream.local_addr().unwrap())
        );
    }
    // Cut inside the UUID. The last one is a health check, which is no incident.
    let mut stream = server.raw();
    stream.write_all(&drip[..5]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(
        server
            .next_incident()
            .ends_with("refused: closed inside its first frame, after 5 of its bytes")
    );
    drop(server.raw());

    let asterisk = server.call();
    asterisk.hang_up();
    assert_eq!(
        server.next_report(),
        "the peer closed the connection, 0 in, 0 out"
    );
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn uuid_timeout_covers_the_whole_uuid() {
    let server = Running::start_with(Duration::from_millis(300), echo);
    let mut stream = server.raw();
    // 18 bytes, each within 200 ms of the previous one: 3.6 s if every byte had its own timeout.
    let sender = {
        let mut stream = stream.try_clone().unwrap();
        thread::spawn(move || {
            for byte in &uuid_frame()[..18] {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(200));
            }
        })
    };
    let incident = server.next_incident();
    let received: usize = incident
        .split("in time: received ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(received < 18, "{incident}");
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0, 0, 0]);
    sender.join().unwrap();
    server.stop();
}

#[test]
fn stream_cut_at_any_byte_has_a_named_end() {
    let server = Running::start(echo);
    let mut stream_bytes = uuid_frame();
    stream_bytes.extend_from_slice(&[0x03, 0x00, 0x01, b'5', 0x10, 0x00, 0x04, 1, 2, 3, 4]);
    for cut in 19..=stream_bytes.len() {
        let mut stream = server.raw();
        stream.write_all(&stream_bytes[..cut]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut end = server.next_report();
        if cut >= 23 {
            assert_eq!(end, "Dtmf(Digit(Digit(5)))");
            end = server.next_report();
        }
        let needed = match cut {
            19 | 23 | 30 => None,
            20..=21 => Some(22 - cut),
            22 => Some(1),
            24..=25 => Some(26 - cut),
            _ => Some(30 - cut),
        };
        let expected = match needed {
            None => String::from("the peer closed the connection,"),
            Some(needed) => {
                format!("the peer closed inside a frame, which lacks {needed} of its bytes,")
            }
        };
        assert!(end.starts_with(&expected), "cut at {cut}: {end}");
    }
    server.stop();
}

#[test]
fn reset_ends_the_call_as_reset() {
    let server = Running::start(|call, report| {
        call.voice().send_now(audio(&[1; 320]))?;
        report(String::from("sent"));
        while call.receive().is_some() {}
        report(format!("{:?}", call.end().unwrap()));
        Ok(())
    });
    let mut stream = server.raw();
    stream.write_all(&uuid_frame()).unwrap();
    assert_eq!(server.next_report(), "sent");
    // Waits for the audio, then closes with it unread, so that the kernel sends a reset.
    assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
    drop(stream);
    assert_eq!(server.next_report(), "Reset");
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn handler_error_or_panic_ends_only_its_call() {
    let server =
        Running::start(
            |call, report| match call.receive().and_then(|event| event.dtmf()) {
                Some(Dtmf::Digit(digit)) if digit.to_char() == '1' => Err("no such flight")?,
                Some(Dtmf::Digit(digit)) if digit.to_char() == '2' => {
                    panic!("two is {}", "too much")
                }
                Some(Dtmf::Digit(digit)) if digit.to_char() == '3' => std::panic::panic_any(3),
                _ => echo(call, report),
            },
        );
    let mut bystander = server.call();
    bystander.caller().send_frame(audio(&[1; 320])).unwrap();
    for (digit, incident) in [
        ('1', "its handler failed: no such flight"),
        ('2', "its handler panicked: two is too much"),
        ('3', "its handler panicked: a value that is not text"),
    ] {
        let mut asterisk = server.call();
        let digit = Digit::try_from(digit).unwrap();
        asterisk.caller().press(digit, Duration::ZERO).unwrap();
        let reported = server.next_incident();
        let from = format!("call {UUID} from 127.0.0.1:");
        assert!(reported.starts_with(&from), "{reported}");
        assert!(reported.ends_with(&format!(": {incident}")), "{reported}");
        assert_eq!(asterisk.receive(), None);
        assert_eq!(
            asterisk.end(),
            Some(End::RemoteHangup),
            "ended with a hangup frame"
        );
        bystander.caller().send_frame(audio(&[2; 320])).unwrap();
        assert_eq!(
            bystander.receive().and_then(|event| event.audio()),
            Some(audio(&[2; 320]))
        );
    }
    bystander.hang_up();
    server.stop();
}

#[test]
fn hangup_with_unread_audio_causes_no_reset() {
    let server = Running::start(|call, _| {
        // Hangs up while the caller sends audio, with almost all of it unread.
        call.receive();
        call.hang_up();
        assert_eq!(call.receive(), None);
        assert_eq!(call.end(), Some(End::LocalHangup));
        assert!(call.voice().send_now(audio(&[1; 320])).is_err());
        Ok(())
    });
    for _ in 0..20 {
        let mut stream = server.raw();
        let mut bytes = uuid_frame();
        for _ in 0..50 {
            bytes.extend_from_slice(&[0x10, 0x00, 0x02, 1, 2]);
        }
        stream.write_all(&bytes).unwrap();
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0, 0, 0]);
        stream.write_all(&bytes).unwrap();
        assert_eq!(stream.read(&mut answer).unwrap(), 0);
        stream.write_all(&bytes).expect("the server still reads");
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.take_error().unwrap().map(|error| error.kind()), None);
    }
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn shutdown_lets_calls_end_within_the_grace() {
    let server = Running::start(echo);
    let mut asterisk = server.call();
    asterisk.caller().send_frame(audio(&[1; 320])).unwrap();
    assert!(asterisk.receive().is_some());
    server.handle.shut_down(LONG_ENOUGH);
    server.handle.shut_down(LONG_ENOUGH * 2);
    asterisk.caller().send_frame(audio(&[2; 320])).unwrap();
    assert_eq!(
        asterisk.receive().and_then(|event| event.audio()),
        Some(audio(&[2; 320]))
    );
    asterisk.hang_up();
    assert_eq!(
        server.next_report(),
        "the peer closed the connection, 2 in, 2 out"
    );
    server.thread.join().unwrap();
    assert!(
        TcpStream::connect(server.address).is_err(),
        "the port must be closed"
    );
}

#[test]
fn shutdown_hangs_up_calls_left_after_the_grace() {
    let server = Running::start(echo);
    let mut asterisk = server.call();
    asterisk.caller().send_frame(audio(&[1; 320])).unwrap();
    assert!(asterisk.receive().is_some());
    let silent = server.raw();
    server.handle.shut_down(Duration::ZERO);
    assert_eq!(asterisk.receive(), None);
    assert_eq!(asterisk.end(), Some(End::RemoteHangup));
    assert_eq!(server.next_report(), "this side hung up, 1 in, 1 out");
    // The simulated Asterisk has not closed yet. The server waits for it no longer than documented.
    server.thread.join().unwrap();
    drop((asterisk, silent));
}

#[test]
fn server_shut_down_before_run_returns() {
    let server = Server::from_listener(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    server.handle().shut_down(Duration::ZERO);
    server.run(|_| panic!("no call was to be served")).unwrap();
}

#[test]
fn receive_until_ends_on_time_and_loses_nothing() {
    let server = Running::start(|call, report| {
        let started = Instant::now();
        let mut ticks = 0;
        let mut frames = 0;
        while frames < 3 {
            match call.receive_until(started + Duration::from_millis(20) * (ticks + 1)) {
                Some(Event::TimeUp) => {
                    ticks += 1;
                    assert!(started.elapsed() >= Duration::from_millis(20) * ticks);
                    if ticks % 4 == 0 {
                        report(String::from("four ticks"));
                    }
                }
                Some(event) => frames += usize::from(event.audio().is_some()),
                None => break,
            }
        }
        assert_eq!(
            call.receive_until(started),
            Some(Event::TimeUp),
            "the time has passed"
        );
        report(String::from("done"));
        Ok(())
    });
    let mut asterisk = server.call();
    for byte in 0..3 {
        assert_eq!(server.next_report(), "four ticks");
        asterisk.caller().send_frame(audio(&[byte; 320])).unwrap();
    }
    while server.next_report() != "done" {}
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn one_thread_receives_while_another_plays() {
    let server = Running::start(|call, report| {
        let (receiver, player) = call.split();
        thread::scope(|scope| {
            let speaking = scope.spawn(move || {
                let mut count = 0;
                while player.send_paced(audio(&[count; 320])).is_ok() && count < 9 {
                    count += 1;
                }
                player.voice().hang_up();
                count
            });
            let mut received = 0;
            while receiver.receive().is_some() {
                received += 1;
            }
            report(format!(
                "received {received}, sent {}, {:?}",
                speaking.join().unwrap(),
                receiver.end()
            ));
        });
        Ok(())
    });
    let mut asterisk = server.call();
    asterisk.caller().send_frame(audio(&[1; 320])).unwrap();
    let mut bytes = Vec::new();
    while let Some(event) = asterisk.receive() {
        bytes.push(event.audio().unwrap().bytes()[0]);
    }
    assert_eq!(bytes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(
        server.next_report(),
        "received 1, sent 9, Some(LocalHangup)"
    );
    asterisk.hang_up();
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn malformed_frame_is_available_to_handler() {
    let server = Running::start(|call, report| {
        if let Some(Event::Malformed { frame, error, .. }) = call.receive() {
            let reason = error.reason();
            assert!(matches!(
                reason,
                PayloadErrorReason::OddAudio { actual: 3, .. }
            ));
            report(format!("{:?}", frame.payload()));
        }
        Ok(())
    });
    let mut stream = server.raw();
    stream.write_all(&uuid_frame()).unwrap();
    stream.write_all(&[0x12, 0x00, 0x03, 7, 8, 9]).unwrap();
    assert_eq!(server.next_report(), "[7, 8, 9]");
    drop(stream);
    server.stop();
}
