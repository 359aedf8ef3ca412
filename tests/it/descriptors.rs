//! A server never holds more descriptors than `ServerBuilder::max_calls` documents.

use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use audiosocket::call::CallOptions;
use audiosocket::server::Server;

use crate::common::served::{self, PATIENCE, Served, uuid};

const MAX_CALLS: usize = 4;
const MAX_PENDING: usize = 200;
/// The sum from the documentation of `ServerBuilder::max_calls`.
const PROMISED: usize = MAX_CALLS + MAX_PENDING + 1100;
/// Connections refused at once: more than may wait for their peers to close.
const CROWD: usize = 1200;
/// Both ends of all connections, and some more.
const NEEDED: usize = 4096;

#[test]
fn descriptors_stay_within_the_documented_limit() {
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux lists the descriptors of a process");
        return;
    }
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -n {NEEDED} || exit 9; exec \"$0\" \"$@\""),
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "descriptors::counts_those_of_a_flood"])
        .args(["--ignored", "--nocapture"])
        .env(IS_CHILD, "yes")
        .output()
        .unwrap();
    if output.status.code() == Some(9) {
        println!("skipped: a process may not have {NEEDED} descriptors here");
        return;
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    assert!(printed.contains("at most "), "{printed}");
}

const IS_CHILD: &str = "AUDIOSOCKET_TEST_IS_CHILD";

#[test]
#[ignore = "the test above runs it in a separate process"]
fn counts_those_of_a_flood() {
    std::env::var(IS_CHILD).expect("only the test above can run this");
    let before = descriptors();
    let quiet = CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
        .uuid_timeout(PATIENCE);
    let builder = Server::builder()
        .max_calls(MAX_CALLS)
        .max_pending(MAX_PENDING)
        .call_options(quiet);
    let server = Served::start(builder, served::echo);
    let mut peers: Vec<TcpStream> = (0..MAX_CALLS)
        .map(|number| server.connect_as(uuid(number as u8)))
        .collect();
    server.wait_for_calls(MAX_CALLS);
    let mut most = 0;
    let mut count = |peers: &mut Vec<TcpStream>, more| {
        peers.extend((0..more).map(|_| server.connect()));
        served::eventually("all accepted", || {
            (server.handle.stats().accepted == peers.len()).then_some(())
        });
        most = descriptors().saturating_sub(before + peers.len()).max(most);
    };
    // The server refuses most of these. No peer closes a connection.
    for _ in 0..CROWD / 50 {
        count(&mut peers, 50);
    }
    // Longer than a silent connection is protected from a newer one. So each of these replaces one.
    thread::sleep(Duration::from_millis(300));
    for _ in 0..MAX_PENDING / 50 {
        count(&mut peers, 50);
    }
    println!("at most {most} descriptors");
    assert!(most <= PROMISED, "{most} descriptors");
    // The flood must have come near the limit. Otherwise the test shows nothing.
    assert!(most > PROMISED - 100, "{most} descriptors");
    served::eventually("refusals of all without a place", || {
        let refused = peers.len() - MAX_CALLS - MAX_PENDING;
        (server.handle.stats().refused == refused).then_some(())
    });
    peers[..MAX_CALLS].iter().for_each(served::hear_an_echo);
    drop(peers);
    server.stop();
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
