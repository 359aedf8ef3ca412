//! A voice bot that the caller can interrupt by talking or by a key.
//!
//! `cargo run --release -- [ADDRESS [HELPERS [SILENCE [PATIENCE]]]]`: where it listens (127.0.0.1:9092), the folder of its helper
//! programs (helpers), and for how many seconds a caller may be silent (5) and a helper may compute (5).

mod bot;
mod dialogue;
mod helper;
mod speech_detector;

use std::error::Error;
use std::time::Duration;

use audiosocket::server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place, default| arguments.get(place).map_or(default, String::as_str);
    let seconds = |place| match argument(place, "5").parse() {
        Ok(seconds @ 0.1..=3600.0) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!(
            "invalid seconds '{}': expected 0.1 to 3600",
            arguments[place]
        )),
    };
    let address = argument(0, "127.0.0.1:9092");
    let bot = bot::Bot {
        helpers: argument(1, "helpers").into(),
        silence: seconds(2)?,
        patience: seconds(3)?,
    };
    let server = Server::builder()
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(address)
        .map_err(|error| format!("cannot listen on {address}: {error}; pass another ADDRESS"))?;
    println!("listening on {}", server.local_addr());
    Ok(server.run(|call| bot.answer(call))?)
}
