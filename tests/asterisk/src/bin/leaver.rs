//! Ends each call in a way that an application's handler might:
//!
//! ```sh
//! leaver drop|fail|panic|flood
//! ```
//!
//! The first three end the call after a second, while the caller is talking. `drop` has no server: it accepts the connection itself
//! and drops the call. `fail` and `panic` end in `with_player`, with audio in the queue. `flood` sends audio as fast as the
//! connection accepts it, until Asterisk closes with audio unread, and only then receives. The program prints each end as a JSON
//! object.
//!
//! The first line on stdout is `listening on IP:PORT`. It runs until it is killed.

use std::env;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, CallReceiver, Event};
use audiosocket::server::Server;
use audiosocket::wire::{Audio, SampleRate};

const USAGE: &str = "usage: leaver drop|fail|panic|flood";

fn main() -> ExitCode {
    let way = env::args().nth(1);
    let result = match way.as_deref() {
        Some("drop") => drop_calls(),
        Some("fail") => fail_calls(|| Err("the handler fails, as it should".into())),
        Some("panic") => fail_calls(|| panic!("the handler panics, as it should")),
        Some("flood") => flood_calls(),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leaver: {error}");
            ExitCode::FAILURE
        }
    }
}

fn drop_calls() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || drop_call(stream));
    }
    Ok(())
}

fn drop_call(stream: TcpStream) {
    match Call::accept(stream, CallOptions::default()) {
        Ok(mut call) => {
            let end = Instant::now() + Duration::from_secs(1);
            while call
                .receive_until(end)
                .is_some_and(|event| event != Event::TimeUp)
            {}
            // Audio received meanwhile is unread, so a plain close would be a reset.
            thread::sleep(Duration::from_millis(100));
        }
        Err(refusal) => eprintln!("leaver: {refusal}"),
    }
}

fn fail_calls(
    end: impl Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
) -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr());
    server.run(|call| {
        call.with_player(|receiver, voice| {
            voice.play_samples(&[1000; 80_000])?;
            receive_for_a_second(receiver);
            end()
        })
    })?;
    Ok(())
}

fn flood_calls() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr());
    server.run(|call| {
        // Small frames, so that Asterisk reads more slowly than this program sends.
        let audio = Audio::new(SampleRate::Hz8000, &[0; 2])?;
        let error = loop {
            if let Err(error) = call.send_now(audio) {
                break error;
            }
        };
        while call.receive().is_some() {}
        let (uuid, end) = (call.uuid(), call.end().map_or("none", |end| end.name()));
        println!(r#"{{"event":"ended","uuid":"{uuid}","end":"{end}","sender":"{error:?}"}}"#);
        Ok(())
    })?;
    Ok(())
}

fn receive_for_a_second(receiver: &mut CallReceiver) {
    let end = Instant::now() + Duration::from_secs(1);
    while receiver
        .receive_until(end)
        .is_some_and(|event| event != Event::TimeUp)
    {}
}
