//! Asks the caller for a number of up to six digits, ended by `#`. Keys pressed during the prompt stop the prompt and count
//! (type-ahead). If the caller presses nothing for 10 s, the prompt plays once more.
//!
//! Run `cargo run --example menu -- prompt.wav [ADDRESS]`. In the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use std::time::Duration;

use audiosocket::call::Gather;
use audiosocket::server::Server;
use audiosocket::wav::Wav;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("missing prompt, for example prompt.wav")?;
    let prompt = Wav::open(path)?;
    let server = Server::builder()
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    let question = Gather::new()
        .prompt(&prompt)
        .max_digits(6)
        .first_timeout(Duration::from_secs(10))
        .tries(2);
    server.run(|call| {
        println!("{}: {}", call.uuid(), call.gather(question)?.digits);
        // Returning hangs up, and the dialplan continues.
        Ok(())
    })?;
    Ok(())
}
