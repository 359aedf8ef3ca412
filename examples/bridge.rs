//! Starts a program for each call and connects the call to it. The caller's audio goes to the program's standard input, and the
//! program's standard output is played to the caller. So any program that reads and writes raw audio can be put on the
//! telephone: a speech recognizer, a synthesizer, sox. Samples are 16-bit, little-endian, mono, 8 kHz (the rate of `c(slin)` in the
//! dial string below). The environment variable CALL_UUID holds the call's UUID.
//!
//! Run `cargo run --example bridge -- ADDRESS PROGRAM [ARGUMENT...]`, for example with `127.0.0.1:9092 cat` for an echo. In the
//! dialplan: `same => n,Dial(AudioSocket/127.0.0.1:9092/${UUID()}/c(slin),,g)`
//!
//! When the program ends or closes its output, the example plays the rest of the output and hangs up. When the call ends first, the
//! program's input ends; a program that is still running 2 s later is killed. A program that does not read its input in time misses
//! audio. A program that writes faster than real time has to wait.

use std::error::Error;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{TrySendError, sync_channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, PlayError, Voice};
use audiosocket::server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    const USAGE: &str = "missing address or program, for example 127.0.0.1:9092 cat";
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
    // 50 frames are 1 s of audio.
    let (to_child, received) = sync_channel::<Vec<u8>>(50);
    // These threads are not scoped, because a grandchild that holds a pipe open would then keep the call open.
    if let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) {
        // When this thread ends, it closes the program's input. Most programs then end.
        thread::spawn(move || received.iter().all(|audio| input.write_all(&audio).is_ok()));
        let voice = voice.clone();
        thread::spawn(move || play_all(output, &voice));
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
    // This fails if the program has already ended.
    let _ = child.kill();
    let (uuid, status) = (voice.uuid(), child.wait()?);
    println!("{uuid} over: {status}, {missed} frames missed");
    Ok(())
}

fn play_all(mut output: ChildStdout, voice: &Voice) {
    let mut buffer = [0; 3200];
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        let mut rest = &buffer[..count];
        while let Err(error) = voice.play(rest) {
            let PlayError::QueueFull { accepted, .. } = error else {
                return;
            };
            rest = &rest[accepted..];
            sleep(Duration::from_millis(20));
        }
    }
    voice.hang_up_after_playback();
}
