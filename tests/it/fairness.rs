//! Whatever a handler asks for, its call reads the peer's bytes and notices its end.

use std::io::Write;
use std::net::Shutdown;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, End, Event, Timeout};
use audiosocket::server::Server;

use crate::common::served::{PATIENCE, SAMPLE, Served, read_silence, uuid};

/// Asks only for events that are available at once. Returns the number of audio events received nevertheless, and the end.
fn ask_for_own_events(call: &mut Call, asks_for_marks: bool) -> (usize, Option<End>) {
    let voice = call.voice();
    let started = Instant::now();
    let mut audio = 0;
    if asks_for_marks {
        voice.mark();
    }
    loop {
        let event = match asks_for_marks {
            true => call.receive(),
            false => call.receive_until(Instant::now()),
        };
        match event {
            None => return (audio, call.end()),
            Some(Event::MarkReached(_)) => {
                voice.mark();
            }
            Some(event) => audio += usize::from(event.audio().is_some()),
        }
        assert!(started.elapsed() < PATIENCE, "the call does not end");
    }
}

fn serve(
    options: CallOptions,
    asks_for_marks: bool,
) -> (Served, mpsc::Receiver<(usize, Option<End>)>) {
    let (result, results) = mpsc::channel();
    let builder = Server::builder().call_options(options);
    let server = Served::start(builder, move |call| {
        Ok(result.send(ask_for_own_events(call, asks_for_marks))?)
    });
    (server, results)
}

#[test]
fn own_events_do_not_hide_frames_and_end() {
    for asks_for_marks in [false, true] {
        let options = CallOptions::default().initial_silence(false);
        let (server, results) = serve(options, asks_for_marks);
        let mut stream = server.connect_as(uuid(1));
        for _ in 0..5 {
            stream.write_all(&SAMPLE).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
        let result = results.recv_timeout(PATIENCE).unwrap();
        assert_eq!(result, (5, Some(End::Closed)), "marks: {asks_for_marks}");
        drop(stream);
        server.stop();
    }
}

#[test]
fn own_events_do_not_stop_keep_alive_and_timeouts() {
    for asks_for_marks in [false, true] {
        let options = CallOptions::default()
            .initial_silence(false)
            .keep_alive(Some(Duration::from_millis(200)))
            .idle_timeout(Some(Duration::from_millis(500)));
        let (server, results) = serve(options, asks_for_marks);
        let stream = server.connect_as(uuid(1));
        read_silence(&stream);
        let result = results.recv_timeout(PATIENCE).unwrap();
        assert_eq!(result, (0, Some(End::TimedOut(Timeout::Idle))));
        drop(stream);
        server.stop();
    }
}
