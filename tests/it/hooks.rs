//! The application's hooks: slow hooks delay no call, and their arguments are true.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{CallOptions, End, SendError, Timeout};
use audiosocket::server::Server;

use crate::common::served::{self, HANGUP, PATIENCE, Served, uuid};

/// Blocks each caller of `pass` until it is opened.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    fn pass(&self) {
        let (open, changed) = &*self.open;
        let mut open = open.lock().unwrap();
        while !*open {
            open = changed.wait(open).unwrap();
        }
    }

    fn open(&self) {
        let (open, changed) = &*self.open;
        *open.lock().unwrap() = true;
        changed.notify_all();
    }
}

fn quiet() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

#[test]
fn blocked_incident_hook_delays_no_call() {
    let gate = Gate::default();
    let hook = gate.clone();
    let server = Server::builder()
        .max_calls(1)
        .max_pending(3)
        .call_options(quiet())
        .on_incident(move |_| hook.pass())
        .bind("127.0.0.1:0")
        .unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    let running = thread::spawn(move || server.run(served::echo));
    // Three connections wait for their UUID. The others are refused, and the report of the first blocks the hook.
    let silent: Vec<_> = (0..20).map(|_| served::connect(address)).collect();
    served::eventually("the refusals", || {
        (handle.stats().refused >= 17).then_some(())
    });
    drop(silent);
    served::eventually("room", || (handle.stats().pending == 0).then_some(()));

    let mut healthy = served::connect(address);
    healthy.write_all(&served::uuid_frame(uuid(1))).unwrap();
    served::hear_an_echo(&healthy);
    drop(healthy);
    gate.open();
    handle.shut_down(Duration::ZERO);
    running.join().unwrap().unwrap();
}

#[test]
fn caller_in_admission_counts_as_a_call() {
    let gate = Gate::default();
    let hook = gate.clone();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_hook = Arc::clone(&seen);
    let builder = Server::builder()
        .max_calls(2)
        .call_options(quiet())
        .admit(move |caller| {
            seen_by_hook
                .lock()
                .unwrap()
                .push(caller.live_with_same_uuid);
            hook.pass();
            Ok(())
        });
    let server = Served::start(builder, served::echo);
    let first = server.connect_as(uuid(1));
    served::eventually("the first", || {
        (seen.lock().unwrap().len() == 1).then_some(())
    });
    let second = server.connect_as(uuid(1));
    served::eventually("the second", || {
        (seen.lock().unwrap().len() == 2).then_some(())
    });
    let third = server.connect_as(uuid(3));
    assert_eq!(served::read_to_end(&third), HANGUP);
    assert_eq!(server.refusal_of(&third), "TooManyCalls");
    assert_eq!(
        *seen.lock().unwrap(),
        [0, 1],
        "the hook must not see the third"
    );
    let counts = server.handle.stats();
    assert_eq!((counts.calls, counts.pending), (0, 2));

    gate.open();
    served::hear_an_echo(&first);
    served::hear_an_echo(&second);
    drop((first, second, third));
    server.stop();
}

#[test]
fn max_duration_ends_a_call_that_only_plays() {
    let options = quiet().max_duration(Some(Duration::from_millis(300)));
    let builder = Server::builder().call_options(options);
    let server = Served::start(builder, |call| {
        let started = Instant::now();
        let (_, speaker) = call.split();
        let over = loop {
            if let Err(error) = speaker.send_paced(served::audio(&[7; 320])) {
                break error;
            }
            assert!(started.elapsed() < PATIENCE, "no side ended the call");
        };
        assert_eq!(over, SendError::CallEnded(End::TimedOut(Timeout::Call)));
        Ok(())
    });
    let caller = server.connect_as(uuid(1));
    assert!(served::read_to_end(&caller).ends_with(&HANGUP));
    assert_eq!(
        server.end_of(&caller).end,
        Some(End::TimedOut(Timeout::Call))
    );
    drop(caller);
    assert!(server.stop().incidents.is_empty());
}

#[test]
fn handle_does_not_keep_the_port_open() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    drop(server);
    TcpListener::bind(address).expect("the port is free again");
    handle.shut_down(Duration::ZERO);
}
