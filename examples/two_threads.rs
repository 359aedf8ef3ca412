//! Says back what the caller says, each second of it backwards. Two threads for each call: one listens, the other keeps the clock
//! of what is said, so that neither holds up the other. For handlers that compute for longer than a frame lasts.
//!
//! `cargo run --example two_threads [ADDRESS]`, and in the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use std::thread;

use audiosocket::server::Server;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let server = Server::bind(address.as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        let voice = call.voice();
        let (listener, speaker) = call.split();
        thread::scope(|scope| {
            // Says what is queued, until the call is over.
            scope.spawn(|| speaker.run());
            // Or else an error below would wait for the speaker, and so for the caller.
            let _hangs_up = voice.hang_up_on_drop();

            let mut heard = Vec::new();
            while let Some(event) = listener.receive() {
                let Some(audio) = event.audio() else { continue };
                heard.extend(audio.samples());
                if heard.len() >= audio.rate().samples_in(1000) {
                    // May take as long as it likes: the speech goes on meanwhile.
                    heard.reverse();
                    voice.set_rate(audio.rate())?;
                    voice.play_samples(&heard)?;
                    heard.clear();
                }
            }
            Ok(())
        })
    })
}
