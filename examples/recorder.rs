//! Records callers, as an answering machine does. It beeps, then records until the caller presses `#` or hangs up, for at most five
//! minutes. The file is stereo, with the caller on the left and this side on the right. It can be played at any time.
//!
//! Run `cargo run --example recorder -- FOLDER [ADDRESS]`. In the dialplan, which continues after `#`:
//! `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, Direction};
use audiosocket::server::Server;
use audiosocket::wav::{Recording, RecordingError};
use audiosocket::wire::SampleRate;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("into which folder?")?;
    let longest = Some(Duration::from_secs(5 * 60));
    let server = Server::builder()
        .call_options(CallOptions::default().max_duration(longest))
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        let (rate, started) = (SampleRate::Hz8000, Instant::now());
        let name = call.uuid().to_string();
        let (recording, path) = Recording::create_numbered(&folder, &name, rate, started)?;

        // The hook receives all audio of the call. It shares the recording with this thread, because this thread finishes it. The
        // hook keeps the first error, so a full disk ends the recording and not the call.
        let shared = Arc::new(Mutex::new((recording, None::<RecordingError>)));
        let hooked = Arc::clone(&shared);
        call.set_audio_hook(move |direction, audio, at| {
            let (recording, failure) = &mut *hooked.lock().unwrap_or_else(PoisonError::into_inner);
            if failure.is_none() {
                *failure = match direction {
                    Direction::Received => recording.received(audio, at),
                    _ => recording.sent(audio, at),
                }
                .err();
            }
        });

        let answered = answer(call);

        call.clear_audio_hook();
        if let Some(shared) = Arc::into_inner(shared) {
            let (recording, failure) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
            recording.finish(Instant::now())?;
            if let Some(failure) = failure {
                return Err(failure.into());
            }
        }
        println!("{}", path.display());
        answered
    })?;
    Ok(())
}

fn answer(call: &mut Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // A period of 1000 Hz has 8 samples at 8 kHz; 300 periods last 0.3 s.
    const PERIOD: [i16; 8] = [0, 5657, 8000, 5657, 0, -5657, -8000, -5657];
    let voice = call.voice();
    voice.play_samples(&PERIOD.repeat(300))?;
    while let Some(event) = call.receive() {
        if event
            .dtmf()
            .is_some_and(|dtmf| dtmf.digit().to_char() == '#')
        {
            break;
        }
    }
    Ok(())
}
