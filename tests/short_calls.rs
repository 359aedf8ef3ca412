//! Ten thousand short calls leak nothing: no thread, no descriptor, no memory.
//!
//! Only Linux reports what a process holds. On other systems the test only makes and counts the calls.

#![cfg(feature = "std")]

#[path = "common/served.rs"]
mod served;

use std::io::{Read, Write};
use std::thread;

use audiosocket::call::{CallOptions, End};
use audiosocket::server::Server;
use served::{SAMPLE, Served};

const CALLS: usize = 10_000;
const CLIENTS: usize = 4;

/// The growth allowed: less than half a KiB for each call, so that a leak of any buffer would show.
const MOST_GROWTH_KIB: usize = 4 * 1024;

/// The resources that the process holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Held {
    threads: usize,
    descriptors: usize,
    memory_kib: usize,
}

impl Held {
    #[cfg(target_os = "linux")]
    fn now() -> Option<Held> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let number_of = |name: &str| -> usize {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        Some(Held {
            threads: number_of("Threads:"),
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            memory_kib: number_of("VmRSS:"),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Option<Held> {
        None
    }
}

#[test]
fn ten_thousand_short_calls_leak_nothing() {
    let options = CallOptions::default().initial_silence(false);
    let server = Served::start(Server::builder().call_options(options), served::echo);
    // Resources that are allocated once and kept are not leaks: allocator arenas, and those of the standard library.
    make_calls(&server, 1_000);
    let before = Held::now();

    make_calls(&server, CALLS);
    let Some(before) = before else {
        println!("this system does not say what a process holds; {CALLS} calls were served");
        server.stop();
        return;
    };
    let after = served::eventually("threads and descriptors as before", || {
        let after = Held::now().unwrap();
        // A lower count is correct: the last thread may still have been ending at the first count.
        let is_as_before =
            after.threads <= before.threads && after.descriptors <= before.descriptors;
        is_as_before.then_some(after)
    });
    println!("before {CALLS} calls: {before:?}\nafter: {after:?}");
    let growth = after.memory_kib.saturating_sub(before.memory_kib);
    assert!(growth < MOST_GROWTH_KIB, "{growth} KiB more");

    let results = server.stop();
    assert_eq!(results.refused, []);
    assert_eq!(results.incidents, Vec::<String>::new());
}

/// Makes calls of one frame and its echo, from several callers at once. Returns when the server has finished all of them.
fn make_calls(server: &Served, calls: usize) {
    let started_before = server.handle.stats().calls_started;
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                for _ in 0..calls / CLIENTS {
                    let mut stream = server.connect();
                    let mut frames = served::uuid_frame(served::uuid(client as u8)).to_vec();
                    frames.extend_from_slice(&SAMPLE);
                    stream.write_all(&frames).unwrap();
                    let mut echo = [0; SAMPLE.len()];
                    stream.read_exact(&mut echo).unwrap();
                    assert_eq!(echo, SAMPLE);
                }
            });
        }
    });
    server.wait_for_calls(0);
    let started = server.handle.stats().calls_started - started_before;
    assert_eq!(started, calls);
    // The test's own record of each call must not count as memory of the server.
    let ended = server.forget_the_ended();
    assert_eq!(ended.len(), calls);
    for call in ended {
        assert_eq!(call.end, Some(End::Closed));
        assert_eq!((call.stats.frames_received, call.stats.frames_sent), (1, 1));
    }
}
