//! Plays a file to each caller, waits for its mark, and stays until somebody moves the caller elsewhere:
//!
//! ```sh
//! mover FILE.wav
//! ```
//!
//! The first line on stdout is `listening on IP:PORT`. Each call adds a JSON object when its file has been played, and one when it
//! is over. It runs until it is killed.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use audiosocket::call::Event;
use audiosocket::server::Server;
use audiosocket::wav::Wav;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mover: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("usage: mover FILE.wav")?;
    let wav = Wav::open(&file)?;
    let server = Server::builder()
        .on_incident(|incident| eprintln!("mover: {incident}"))
        .bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr());
    server.run(|call| {
        let uuid = call.uuid();
        call.play_wav(&wav)?;
        let end_of_file = call.mark();
        while let Some(event) = call.receive() {
            if event == Event::MarkReached(end_of_file) {
                println!("{{\"event\":\"played\",\"uuid\":\"{uuid}\"}}");
            }
        }
        println!("{{\"event\":\"over\",\"uuid\":\"{uuid}\"}}");
        Ok(())
    })?;
    Ok(())
}
