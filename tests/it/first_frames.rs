//! What a server sends first.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use audiosocket::asterisk::{Rule, Version};
use audiosocket::call::CallOptions;
use audiosocket::server::Server;
use audiosocket::simulator::{SimulatedAsterisk, TestCall};

const ANSWER: [u8; 4] = [3, 0, 1, 4];

/// Returns the first bytes of a server with these options.
fn first_bytes(options: CallOptions, count: usize) -> Vec<u8> {
    let server = Server::builder()
        .call_options(options)
        .bind("127.0.0.1:0")
        .unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    thread::scope(|scope| {
        scope.spawn(|| {
            server.run(|call| {
                while call.receive().is_some() {}
                Ok(())
            })
        });
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(&[&[1, 0, 16][..], &[7; 16]].concat())
            .unwrap();
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        drop(stream);
        handle.shut_down(Duration::ZERO);
        bytes
    })
}

#[test]
fn answer_frame_is_sent_only_on_request() {
    let silence = [&[0x10, 1, 64][..], &[0; 320]].concat();
    assert_eq!(first_bytes(CallOptions::default(), 323), silence);
    let answering = CallOptions::default().send_answer(true);
    let expected = [&ANSWER[..], &silence].concat();
    assert_eq!(first_bytes(answering, 327), expected);
}

#[test]
fn answer_frame_ends_calls_of_stock_asterisk() {
    let server = Server::builder()
        .call_options(CallOptions::default().send_answer(true))
        .bind("127.0.0.1:0")
        .unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    thread::scope(|scope| {
        scope.spawn(|| {
            server.run(|call| {
                while call.receive().is_some() {}
                Ok(())
            })
        });
        let mut asterisk = SimulatedAsterisk::connect_judged(
            address,
            SimulatedAsterisk::random_uuid(),
            Version::REFERENCE,
        )
        .unwrap();
        while asterisk.receive().is_some() {}
        let rules: Vec<Rule> = asterisk.hang_up().iter().map(|it| it.rule).collect();
        assert_eq!(rules, [Rule::ForbiddenKind]);
        let fork = TestCall::new().versions([Version::START_STOP]);
        let report = fork.run_against(address).unwrap();
        assert!(report.passed(), "{report}");
        handle.shut_down(Duration::ZERO);
    });
}
