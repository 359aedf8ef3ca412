//! Says a WAV file to every caller and hangs up; a key makes it stop (barge-in). One thread for each call.
//!
//! `cargo run --example announcement -- prompt.wav`, and in the dialplan, which goes on afterwards:
//! `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use audiosocket::call::{Event, Server};
use audiosocket::wav::Wav;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("which file? prompt.wav, say")?;
    // 16-bit mono; of anything else the error says how to convert it.
    let prompt = Wav::open(path)?;

    Server::bind("127.0.0.1:9092")?.run(|call| {
        let voice = call.voice();
        // Queued here, and said while the call waits for events below.
        voice.set_rate(prompt.rate())?;
        voice.say(prompt.bytes())?;
        let end_of_prompt = voice.mark();

        while let Some(event) = call.receive() {
            match event {
                Event::Said(mark) if mark == end_of_prompt => voice.hang_up(),
                event if event.dtmf().is_some() => {
                    let unsaid = voice.flush();
                    println!(
                        "{} stopped it, {:?} unsaid",
                        voice.uuid(),
                        unsaid.duration()
                    );
                    voice.hang_up();
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(())
}
