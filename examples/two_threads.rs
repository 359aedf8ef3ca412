//! Plays the caller's audio back, each second of it reversed. A separate thread plays, so playback stays on time while the handler
//! works. Use a second thread if a handler computes or waits for longer than a frame.
//!
//! Run `cargo run --example two_threads [ADDRESS]`. In the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use audiosocket::server::Server;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let server = Server::bind(address.as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        call.with_player(|receiver, voice| {
            let mut received = Vec::new();
            while let Some(event) = receiver.receive() {
                let Some(audio) = event.audio() else { continue };
                received.extend(audio.samples());
                if received.len() >= audio.rate().samples_in(1000) {
                    // Playback continues even if this takes long.
                    received.reverse();
                    voice.set_rate(audio.rate())?;
                    voice.play_samples(&received)?;
                    received.clear();
                }
            }
            Ok(())
        })
    })
}
