//! A server, and the test that no version of Asterisk objects to it: `cargo test --example test_your_server`.

use std::error::Error;

use audiosocket::call::{Call, Event, Server};
use audiosocket::wire::Message;

fn main() -> std::io::Result<()> {
    Server::bind("127.0.0.1:9092")?.run(answer)
}

/// Says something for each key, and goodbye at the hash.
fn answer(call: &mut Call) -> Result<(), Box<dyn Error + Send + Sync>> {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        if let Event::Message(Message::Dtmf(dtmf)) = event {
            if dtmf.digit().to_char() == '#' {
                break;
            }
            // Half a second at 8 kHz.
            voice.say_samples(&[0; 4000])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use audiosocket::call::TestCall;

    use super::*;

    #[test]
    fn no_asterisk_objects() -> Result<(), Box<dyn Error>> {
        let call = TestCall::new()
            .press("12")?
            .talk(Duration::from_secs(1))
            .press("#")?;
        let report = call.call_handler(answer)?;
        assert!(report.is_fine(), "{report}");
        Ok(())
    }
}
