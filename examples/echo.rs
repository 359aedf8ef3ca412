//! Sends the caller's audio back: the simplest server, and a way to hear the quality of a line.
//!
//! Run `cargo run --example echo [ADDRESS]`. In the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use audiosocket::Server;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let server = Server::bind(address.as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        let voice = call.voice();
        while let Some(event) = call.receive() {
            if let Some(audio) = event.audio() {
                voice.send_now(audio)?;
            }
        }
        Ok(())
    })
}
