use audiosocket::Server;

fn main() -> std::io::Result<()> {
    Server::bind("127.0.0.1:9092")?.run(|call| {
        let voice = call.voice();
        while let Some(event) = call.receive() {
            if let Some(audio) = event.audio() {
                voice.send(audio)?;
            }
        }
        Ok(())
    })
}
