//! Serves the bot.
//!
//! `cargo run --release -- [OPTION...]`, and in the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`
//!
//! ```text
//! --listen ADDRESS        default 127.0.0.1:9092
//! --recognizer PROGRAM    default helpers/recognize
//! --synthesizer PROGRAM   default helpers/speak
//! --result PROGRAM        default helpers/leave_result
//! --patience SECONDS      how long a helper may take after the end of its input; default 5
//! --silence SECONDS       how long a caller may be silent; default 5
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use audiosocket::server::Server;
use voice_bot::{Bot, Program};

const OPTIONS: [(&str, &str); 6] = [
    ("--listen", "127.0.0.1:9092"),
    ("--recognizer", "helpers/recognize"),
    ("--synthesizer", "helpers/speak"),
    ("--result", "helpers/leave_result"),
    ("--patience", "5"),
    ("--silence", "5"),
];

fn main() {
    if let Err(error) = serve() {
        eprintln!("voice_bot: {error}");
        std::process::exit(1);
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let mut values: HashMap<&str, String> =
        OPTIONS.map(|(name, value)| (name, value.into())).into();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = values.get_mut(&*name).ok_or_else(|| {
            let known = OPTIONS.map(|(name, _)| name).join(", ");
            format!("unknown option '{name}': expected {known}")
        })?;
        *value = arguments
            .next()
            .ok_or_else(|| format!("missing value for {name}"))?;
    }
    let seconds = |option: &str| match values[option].parse() {
        Ok(seconds @ 0.1..=3600.0) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!(
            "invalid value '{}' for {option}: expected 0.1 to 3600",
            values[option]
        )),
    };
    let patience = seconds("--patience")?;
    let helper = |role, option: &str| Program {
        role,
        path: values[option].clone(),
        patience,
    };
    let bot = Bot {
        recognizer: helper("recognizer", "--recognizer"),
        synthesizer: helper("synthesizer", "--synthesizer"),
        result: helper("result program", "--result"),
        silence: seconds("--silence")?,
        log: |line| println!("{line}"),
    };
    let listen = &values["--listen"];
    let server = Server::builder()
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(listen)
        .map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    println!("listening on {}", server.local_addr());
    server.run(|call| bot.answer(call))?;
    Ok(())
}
