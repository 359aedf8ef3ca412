//! Plays a WAV file to every caller and hangs up. A key stops it (barge-in). Each call has one thread.
//!
//! Run `cargo run --example announcement -- prompt.wav [ADDRESS]`. In the dialplan, which continues after the call:
//! `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use audiosocket::call::PlayOutcome;
use audiosocket::server::Server;
use audiosocket::wav::Wav;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("missing file name, for example prompt.wav")?;
    // The file must be 16-bit mono. For any other format, the error prints the command that converts it.
    let prompt = Wav::open(path)?;
    let server = Server::builder()
        // Handler errors are reported only here.
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        // Returns when the prompt has ended, or when the caller presses one of these keys (barge-in).
        let outcome = call.play_and_wait(&prompt, "0123456789*#ABCD")?;
        if let PlayOutcome::Stopped { unplayed, .. } = outcome {
            let unplayed = unplayed.duration();
            println!("{} stopped it, {unplayed:?} unplayed", call.uuid());
        }
        Ok(())
    })?;
    Ok(())
}
