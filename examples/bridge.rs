//! Hands each call to a program of its own: what the caller says goes to its standard input, what it writes to its standard
//! output is said to the caller. So anything that reads and writes raw audio can be put on the telephone, in any language: a
//! speech recognizer, a synthesizer, sox. Samples are 16-bit, little-endian, mono, at the rate of the dial string, which has to
//! be that of `c(slin)`: 8 kHz. The call's UUID is in the variable CALL_UUID.
//!
//! `cargo run --example bridge -- ADDRESS PROGRAM [ARGUMENT...]`, such as `bridge 127.0.0.1:9092 cat` for an echo, and in the
//! dialplan: `same => n,Dial(AudioSocket/127.0.0.1:9092/${UUID()}/c(slin),,g)`
//!
//! When the program ends or closes its output, what it has written is said and the call hung up. When the call is over, the
//! program reads the end of its input; if it has not ended 2 s later, it is killed. Who does not read what the caller says misses
//! it, and who writes faster than real time has to wait.

use std::error::Error;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{TrySendError, sync_channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, PlayError, Voice};
use audiosocket::server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    const USAGE: &str = "an address and a program are due: 127.0.0.1:9092 cat";
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or(USAGE)?;
    let program = arguments.next().ok_or(USAGE)?;
    let arguments: Vec<String> = arguments.collect();

    let server = Server::builder()
        .call_options(CallOptions::default().max_queued(Duration::from_secs(1)))
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(address)?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        let mut command = Command::new(&program);
        command
            .args(&arguments)
            .env("CALL_UUID", call.uuid().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let failed = |error| format!("cannot start {program}: {error}");
        bridge(call, command.spawn().map_err(failed)?)
    })?;
    Ok(())
}

fn bridge(call: &mut Call, mut child: Child) -> Result<(), Box<dyn Error + Send + Sync>> {
    let voice = call.voice();
    // A second of frames.
    let (to_child, heard) = sync_channel::<Vec<u8>>(50);
    // Not scoped: a grandchild that holds a pipe open keeps such a thread, and must not keep the call.
    if let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) {
        // At its end the input is closed, which is what the program waits for.
        thread::spawn(move || heard.iter().all(|audio| input.write_all(&audio).is_ok()));
        let voice = voice.clone();
        thread::spawn(move || say_all(output, &voice));
    }

    let mut missed = 0;
    call.with_player(|receiver, _| -> io::Result<()> {
        while let Some(event) = receiver.receive() {
            let Some(audio) = event.audio() else { continue };
            if let Err(TrySendError::Full(_)) = to_child.try_send(audio.bytes().to_vec()) {
                missed += 1;
            }
        }
        Ok(())
    })?;

    drop(to_child);
    let patience_ends = Instant::now() + Duration::from_secs(2);
    while child.try_wait()?.is_none() && Instant::now() < patience_ends {
        sleep(Duration::from_millis(20));
    }
    // Of one that has ended this is an error, which says so.
    let _ = child.kill();
    let (uuid, status) = (voice.uuid(), child.wait()?);
    println!("{uuid} over: {status}, {missed} frames missed");
    Ok(())
}

fn say_all(mut output: ChildStdout, voice: &Voice) {
    let mut buffer = [0; 3200];
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        let mut said = &buffer[..count];
        while let Err(error) = voice.play(said) {
            let PlayError::QueueFull { accepted, .. } = error else {
                return;
            };
            said = &said[accepted..];
            sleep(Duration::from_millis(20));
        }
    }
    voice.hang_up_after_playback();
}
