//! Servers that pass a `TestCall`, and servers that do not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::served;
use audiosocket::asterisk::Version;
use audiosocket::simulator::{TestCall, TestReport};
use audiosocket::wire::Dtmf;

const HANGUP: [u8; 3] = [0, 0, 0];

fn short_call() -> TestCall {
    TestCall::new().tone(Duration::from_millis(100))
}

/// Calls a server that runs `serve` on each connection after its UUID.
fn report_of(serve: fn(TcpStream)) -> TestReport {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The thread ends with the test program.
    thread::spawn(move || {
        loop {
            let mut stream = served::accept(&listener);
            thread::spawn(move || {
                stream.read_exact(&mut [0; 19]).unwrap();
                serve(stream);
            });
        }
    });
    short_call().run_against(address).unwrap()
}

#[test]
fn dead_server_does_not_pass_unless_one_way() {
    // The kernel accepts the connections.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let report = short_call().run_against(address).unwrap();
    assert!(!report.passed());
    let text = report.to_string();
    assert_eq!(text.lines().count(), report.calls().len());
    for line in text.lines() {
        let expected = ": the server sent nothing: if it only receives, test it with one_way()";
        assert!(line.ends_with(expected), "{line}");
    }
    let report = short_call().one_way().run_against(address).unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn server_that_only_receives_passes_one_way() {
    let only_receives = |call: &mut audiosocket::Call| {
        while call.receive().is_some() {}
        Ok(())
    };
    let report = short_call().one_way().run(only_receives).unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn server_that_hangs_up_at_once_passes() {
    let report = report_of(|mut stream| {
        stream.write_all(&HANGUP).unwrap();
        // Reads to the end, so that the close is no reset.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert!(report.passed(), "{report}");
    assert!(report.calls().iter().all(|call| call.frames_received == 0));
}

#[test]
fn silent_test_call_ends_with_the_call() {
    let started = Instant::now();
    let call = TestCall::new().silence(Duration::from_secs(60));
    let report = call.run(|_| Ok(())).unwrap();
    assert!(report.passed(), "{report}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn digits_after_the_end_of_a_call_are_not_pressed() {
    let call = short_call()
        .press("4")
        .unwrap()
        .tone(Duration::from_secs(60));
    let call = call
        .press("2#")
        .unwrap()
        .versions([Version::REFERENCE, Version::START_STOP]);
    let report = call.run(|call| {
        while let Some(event) = call.receive() {
            if matches!(event.dtmf(), Some(Dtmf::Digit(_) | Dtmf::Stop { .. })) {
                break;
            }
        }
        Ok(())
    });
    let report = report.unwrap();
    for call in report.calls() {
        let digits = call.digits_not_pressed.iter().map(ToString::to_string);
        assert_eq!(digits.collect::<String>(), "2#", "{call:?}");
        assert!(call.violations.is_empty() && !call.passed(), "{call:?}");
    }
    assert!(!report.passed());
    for line in report.to_string().lines() {
        let expected = ": the call ended before these digits were pressed: 2#";
        assert!(line.ends_with(expected), "{line}");
    }
}
