//! This library's own server violates no rule of any Asterisk version.

use std::error::Error;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crate::common::closed_port::ClosedPort;
use audiosocket::asterisk::{Rule, TABLE, Version, Way};
use audiosocket::call::{Call, CallOptions, End};
use audiosocket::server::{Server, ServerBuilder};
use audiosocket::simulator::{TestCall, TestReport};
use audiosocket::wire::{Audio, SampleRate};

type HandlerResult = Result<(), Box<dyn Error + Send + Sync>>;

fn echo(call: &mut Call) -> HandlerResult {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        if let Some(audio) = event.audio() {
            voice.send_now(audio)?;
        }
    }
    Ok(())
}

const SECOND: Duration = Duration::from_secs(1);

/// Calls a server with these settings.
fn call_server(
    builder: ServerBuilder,
    handler: impl Fn(&mut Call) -> HandlerResult + Sync,
    place: impl FnOnce(SocketAddr) -> TestReport,
) -> TestReport {
    let server = builder.bind("127.0.0.1:0").unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    thread::scope(|scope| {
        scope.spawn(|| server.run(&handler).unwrap());
        let report = place(address);
        handle.shut_down(Duration::ZERO);
        report
    })
}

#[track_caller]
fn assert_fine(report: &TestReport, end: Option<End>) {
    assert!(report.passed(), "{report}");
    assert_eq!(report.calls().len(), TABLE.len());
    for call in report.calls() {
        assert_eq!(call.end, end, "{}", call.rules.version());
    }
}

#[test]
fn echo_violates_no_rule() {
    let call = TestCall::new()
        .tone(SECOND)
        .press("5#")
        .unwrap()
        .tone(SECOND);
    let report = call.run(echo).unwrap();
    assert_fine(&report, None);
    for call in report.calls() {
        // The greeting and the echo, without a part of the end.
        assert!(call.frames_received > 50, "{call:?}");
    }
}

#[test]
fn playback_at_known_rates_violates_no_rule() {
    for rate in [
        SampleRate::Hz8000,
        SampleRate::Hz16000,
        SampleRate::Hz192000,
    ] {
        let speech = vec![7; rate.samples_in(20) * 2 * 100];
        let versions = Version::REPRESENTATIVES
            .iter()
            .copied()
            .filter(|it| rate == SampleRate::Hz8000 || it.behaviour().knows_all_rates);
        let speak = |call: &mut Call| -> HandlerResult {
            let voice = call.voice();
            voice.play(&speech)?;
            voice.hang_up_after_playback();
            while call.receive().is_some() {}
            Ok(())
        };
        let options = CallOptions::default().playback_rate(rate);
        let report = call_server(Server::builder().call_options(options), speak, |address| {
            let call = TestCall::new().versions(versions).tone(SECOND * 20);
            call.run_against(address).unwrap()
        });
        assert!(report.passed(), "{rate}: {report}");
        for call in report.calls() {
            assert_eq!(call.end, Some(End::RemoteHangup));
            assert_eq!(call.frames_received, 101, "the greeting and the audio");
        }
    }
}

#[test]
fn frames_paced_by_a_thread_violate_no_rule() {
    let speak = |call: &mut Call| -> HandlerResult {
        let (listener, speaker) = call.split();
        thread::scope(|scope| {
            scope.spawn(move || {
                let audio = Audio::new(SampleRate::Hz8000, &[7; 320]).unwrap();
                while speaker.send_paced(audio).is_ok() {}
            });
            while listener.receive().is_some() {}
        });
        Ok(())
    };
    let report = TestCall::new().tone(SECOND).run(speak).unwrap();
    assert_fine(&report, None);
}

#[test]
fn silence_on_both_sides_violates_no_rule() {
    let call = TestCall::new().silence(SECOND * 5);
    let silent = |call: &mut Call| -> HandlerResult {
        while call.receive().is_some() {}
        Ok(())
    };
    let report = call.run(silent).unwrap();
    assert_fine(&report, None);

    // The frames of silence keep these versions in the call.
    let quiet = CallOptions::default().keep_alive(None);
    let report = call_server(Server::builder().call_options(quiet), silent, |address| {
        call.run_against(address).unwrap()
    });
    for call in report.calls() {
        let rules: Vec<Rule> = call.violations.iter().map(|it| it.rule).collect();
        let limit = call.rules.consequences().idle_timeout;
        let expected = limit.map_or((vec![], None), |_| {
            (vec![Rule::Idle], Some(End::LocalHangup))
        });
        assert_eq!((rules, call.end), expected, "{call:?}");
    }
    // The channel driver has no limit for silence.
    let report = call_server(Server::builder().call_options(quiet), silent, |address| {
        let call = call.clone().through(Way::ChannelDriver);
        call.run_against(address).unwrap()
    });
    assert_fine(&report, None);
}

#[test]
fn hangup_violates_no_rule() {
    let call = TestCall::new().tone(SECOND * 20);
    let endings: [fn(&mut Call) -> HandlerResult; 4] = [
        |call| {
            call.receive();
            call.hang_up();
            Ok(())
        },
        |call| {
            call.receive();
            Ok(())
        },
        |call| {
            call.receive();
            Err("something went wrong".into())
        },
        |call| {
            call.receive();
            panic!("a test's panic")
        },
    ];
    for (place, ending) in endings.into_iter().enumerate() {
        let report = call_server(Server::builder(), ending, |address| {
            call.run_against(address).unwrap()
        });
        assert!(report.passed(), "ending {place}: {report}");
        assert_fine(&report, Some(End::RemoteHangup));
    }
}

#[test]
fn refusal_violates_no_rule() {
    let call = TestCall::new().tone(SECOND * 20);
    let refusing = [
        Server::builder().max_calls(0),
        Server::builder().admit(|_| Err("not today".into())),
    ];
    for builder in refusing {
        let report = call_server(builder, echo, |address| call.run_against(address).unwrap());
        assert_fine(&report, Some(End::RemoteHangup));
    }
}

#[test]
fn report_names_the_violation() {
    let once = TestCall::new().versions([Version::REFERENCE]);
    let report = once.run(|_| Err("no".into())).unwrap();
    assert!(!report.passed());
    assert!(
        report.to_string().ends_with(": its handler failed: no"),
        "{report}"
    );
    assert_eq!(report.calls()[0].end, Some(End::RemoteHangup));

    let report = once
        .clone()
        .run(|call| {
            // Two seconds of audio at once exceed the queue.
            let audio = Audio::new(SampleRate::Hz8000, &[0; 32_000])?;
            call.voice().send_now(audio)?;
            Ok(())
        })
        .unwrap();
    let text = report.to_string();
    assert!(
        text.starts_with("Asterisk 22.10: too-fast at ")
            && text.ends_with(
                "; Asterisk plays it too fast\nremedy for too-fast: send 20 ms of audio every 20 ms, by a clock (320 bytes at 8 kHz)"
            ),
        "{text}"
    );

    let report = once.run(echo).unwrap();
    assert_eq!(report.to_string(), "no version reports a violation");

    let nobody = TestCall::new().versions([] as [Version; 0]);
    let report = nobody.run(echo).unwrap();
    assert!(!report.passed());
    assert_eq!(
        report.to_string(),
        "no call was placed: choose at least one version"
    );
}

#[test]
fn test_call_to_a_closed_port_is_an_error() {
    let closed = ClosedPort::new();
    let error = TestCall::new().run_against(closed.address).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}
