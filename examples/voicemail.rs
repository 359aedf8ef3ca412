//! A voicemail box: plays a greeting, records until `#` or 5 s of silence, and plays the message back. `2` records it again; any
//! other key, or none, keeps it. Run `cargo run --example voicemail -- greeting.wav FOLDER [ADDRESS]`; in the dialplan:
//! `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use std::time::{Duration, Instant};

use audiosocket::call::{Call, Event, Gather, PlayOutcome, RecordingTarget};
use audiosocket::wav::Wav;
use audiosocket::wire::SampleRate;

const SILENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let greeting = Wav::open(arguments.next().ok_or("missing greeting.wav")?)?;
    let folder = arguments.next().ok_or("missing folder for messages")?;
    let server = audiosocket::Server::builder()
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());
    server.run(|call| {
        loop {
            if call.play_and_wait(&greeting, "0123456789*#")? == PlayOutcome::CallEnded {
                return Ok(());
            }
            let target = RecordingTarget::numbered(&folder, call.uuid().to_string());
            let recording = call.record(target)?;
            let (message, rate) = take_message(call);
            let path = recording.finish()?;
            let question = Gather::new().prompt((&message[..], rate)).max_digits(1);
            let answer = call.gather(question)?;
            if answer.digits != "2" {
                println!("{}", path.display());
                return Ok(());
            }
            std::fs::remove_file(path)?;
        }
    })?;
    Ok(())
}

/// Returns the caller's audio until `#`, a hangup, or silence.
fn take_message(call: &mut Call) -> (Vec<i16>, SampleRate) {
    let (mut message, mut rate) = (Vec::new(), SampleRate::Hz8000);
    let mut ends = Instant::now() + SILENCE;
    while let Some(event) = call.receive_until(ends) {
        if event == Event::TimeUp || event.dtmf().is_some_and(|it| it.digit().to_char() == '#') {
            break;
        }
        let Some(audio) = event.audio() else { continue };
        rate = audio.rate();
        message.extend(audio.samples());
        // The noise of a line is below this level.
        if audio.samples().any(|sample| sample.unsigned_abs() > 1000) {
            ends = Instant::now() + SILENCE;
        }
    }
    (message, rate)
}
