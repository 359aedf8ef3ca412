//! The simulated Asterisk ends a call as a real one does, as seen by the server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use audiosocket::call::{CallOptions, End, Timeout};
use audiosocket::server::Server;
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::{Audio, SampleRate};

/// More than the 4 KiB that a receiver takes from the connection at once.
const FRAMES: usize = 100;

/// Returns how a call ends for a server that sent [`FRAMES`] frames, when the simulated Asterisk has received `heard` frames.
#[track_caller]
fn end_after_receiving(received: usize) -> End {
    let audio = Audio::new(SampleRate::Hz8000, &[7; 320]).unwrap();
    let quiet = CallOptions::default()
        .initial_silence(false)
        .keep_alive(None);
    let server = Server::builder()
        .call_options(quiet)
        .bind("127.0.0.1:0")
        .unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    let (finished, all_sent) = mpsc::channel();
    let (say_end, end) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            server
                .run(|call| {
                    let voice = call.voice();
                    for _ in 0..FRAMES {
                        voice.send_now(audio)?;
                    }
                    finished.send(())?;
                    while call.receive().is_some() {}
                    say_end.send(call.end())?;
                    Ok(())
                })
                .unwrap();
        });
        let mut asterisk =
            SimulatedAsterisk::connect(address, SimulatedAsterisk::random_uuid()).unwrap();
        all_sent.recv().unwrap();
        for _ in 0..received {
            let event = asterisk.receive().unwrap();
            assert_eq!(event.audio(), Some(audio));
        }
        asterisk.hang_up();
        let end = end.recv().unwrap();
        handle.shut_down(Duration::ZERO);
        end.unwrap()
    })
}

#[test]
fn hangup_with_all_audio_received_closes() {
    assert_eq!(end_after_receiving(FRAMES), End::Closed);
}

// A close with unread bytes is a reset. After a shutdown, the server could read the end of the stream before it.
#[test]
fn hangup_with_audio_unread_resets() {
    assert_eq!(end_after_receiving(1), End::Reset);
}

#[test]
fn simulated_asterisk_sends_no_hangup_frame() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.read_exact(&mut [0; 19]).unwrap();
        // The start of a frame, without its rest.
        stream.write_all(&[0x10, 0x01]).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest
    });
    let mut asterisk =
        SimulatedAsterisk::connect(address, SimulatedAsterisk::random_uuid()).unwrap();
    assert_eq!(asterisk.receive(), None);
    assert_eq!(asterisk.end(), Some(End::TimedOut(Timeout::Frame)));
    asterisk.hang_up();
    assert_eq!(server.join().unwrap(), [], "not a byte after the UUID");
}
