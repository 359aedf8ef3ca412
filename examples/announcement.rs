//! Says a WAV file to every caller and hangs up; a key makes it stop (barge-in). One thread for each call.
//!
//! `cargo run --example announcement -- prompt.wav [ADDRESS]`, and in the dialplan, which goes on afterwards:
//! `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use audiosocket::server::Server;
use audiosocket::wav::Wav;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file? prompt.wav, say")?;
    // 16-bit mono; of anything else the error says how to convert it.
    let prompt = Wav::open(path)?;
    let server = Server::builder()
        // Nobody else tells of a handler that fails.
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        let voice = call.voice();
        // Queued here, and played while the call waits for events below.
        voice.play_wav(&prompt)?;
        voice.hang_up_after_playback();

        while let Some(event) = call.receive() {
            if event.dtmf().is_some() {
                let unplayed = voice.clear().duration();
                println!("{} stopped it, {unplayed:?} unplayed", voice.uuid());
                voice.hang_up();
            }
        }
        Ok(())
    })?;
    Ok(())
}
