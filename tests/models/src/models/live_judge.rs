//! The thread that judges a server, and the threads that send and receive meanwhile.

use real_std::io::{ErrorKind, Write};
use real_std::vec::Vec;

use super::live_judge::LiveJudge;
use crate::asterisk::{Judge, Rule, Version};
use crate::net::{Shutdown, TcpStream};
use crate::sync::Arc;
use crate::thread;
use crate::time::{Duration, Instant};

const AUDIO: [u8; 5] = [0x10, 0, 2, 1, 1];

fn judged(version: Version) -> (LiveJudge, Arc<TcpStream>, TcpStream) {
    let (ours, server) = TcpStream::pair(1 << 12);
    let ours = Arc::new(ours);
    let judge = Judge::new(version, Instant::now());
    (
        LiveJudge::call(Arc::clone(&ours), judge).unwrap(),
        ours,
        server,
    )
}

/// Reads until the end, as a call does.
fn read_to_end(judge: &LiveJudge) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64];
    loop {
        match judge.reading().read(&mut buffer, Duration::ZERO) {
            Ok(0) => return (bytes, None),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            Err(error) => return (bytes, Some(error.kind())),
        }
    }
}

/// The call ends with the reset, after the bytes ahead of it, whichever thread the system reports the reset to.
pub(crate) fn reset_meets_a_write() {
    let (judge, ours, server) = judged(Version::REFERENCE);
    judge.reading().write(&ours, &AUDIO).unwrap();
    let (bytes, end) = thread::scope(|scope| {
        scope.spawn(move || {
            (&server).write_all(&AUDIO).unwrap();
            // The server closes with unread audio.
            drop(server);
        });
        scope.spawn(|| {
            let _ = judge.reading().write(&ours, &AUDIO);
        });
        read_to_end(&judge)
    });
    assert_eq!(bytes, AUDIO);
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    let rules: Vec<Rule> = judge.dismiss().iter().map(|it| it.rule).collect();
    assert_eq!(rules, [Rule::Reset]);
}

/// A server that hangs up cleanly has no violation, and dismissing the judge ends its thread, at every moment.
pub(crate) fn dismissal_meets_a_hangup() {
    // The oldest versions report a close without a hangup, because it makes them hang.
    let (judge, _ours, server) = judged(Version::REPRESENTATIVES[0]);
    let violations = thread::scope(|scope| {
        scope.spawn(move || {
            (&server).write_all(&AUDIO).unwrap();
            (&server).write_all(&[0, 0, 0]).unwrap();
            server.shutdown(Shutdown::Write).unwrap();
        });
        judge.dismiss()
    });
    assert!(violations.is_empty(), "{violations:?}");
}
