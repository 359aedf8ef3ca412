//! A server with its tests. One test checks that no version of Asterisk reports a violation, the other checks the audio that the
//! caller receives.
//!
//! Run `cargo test --example test_your_server` for the tests, or `cargo run --example test_your_server [ADDRESS]` for the server. In
//! the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use std::error::Error;

use audiosocket::call::Call;
use audiosocket::server::Server;
use audiosocket::wire::Dtmf;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let server = Server::bind(address.as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());
    server.run(answer)
}

/// Plays a short sound for each key and hangs up on `#`.
fn answer(call: &mut Call) -> Result<(), Box<dyn Error + Send + Sync>> {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        match event.dtmf() {
            // The start-stop dialect sends a start and a stop for each key. The stop counts.
            None | Some(Dtmf::Start(_)) => {}
            Some(dtmf) if dtmf.digit().to_char() == '#' => break,
            // 800 samples are 0.1 s at 8 kHz.
            Some(dtmf) => voice.play_samples(&[i16::from(dtmf.digit().to_ascii()); 800])?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use audiosocket::asterisk::Version;
    use audiosocket::call::End;
    use audiosocket::simulator::{SimulatedAsterisk, TestCall};
    use audiosocket::wire::Digit;

    use super::*;

    #[test]
    fn every_version_accepts_this_server() -> Result<(), Box<dyn Error>> {
        let call = TestCall::new()
            .press("12")?
            .tone(Duration::from_secs(1))
            .press("#")?;
        let report = call.run(answer)?;
        assert!(report.passed(), "{report}");
        Ok(())
    }

    /// Controls the call step by step and checks the audio that the caller receives.
    #[test]
    fn a_key_is_answered_and_the_hash_ends_the_call() -> Result<(), Box<dyn Error>> {
        let server = Server::bind("127.0.0.1:0")?;
        let address = server.local_addr();
        // The thread ends with the test program.
        thread::spawn(|| server.run(answer));

        let uuid = SimulatedAsterisk::random_uuid();
        let mut asterisk = SimulatedAsterisk::connect_judged(address, uuid, Version::REFERENCE)?;
        let key_down = Duration::from_millis(100);
        asterisk.caller().press(Digit::try_from('7')?, key_down)?;
        let mut heard = Vec::new();
        while heard.len() < 800 {
            let event = asterisk.receive().ok_or("the call ended")?;
            let samples = event.audio().into_iter().flat_map(|audio| audio.samples());
            heard.extend(samples.filter(|sample| *sample != 0));
        }
        asterisk.caller().press(Digit::try_from('#')?, key_down)?;
        while asterisk.receive().is_some() {}
        assert_eq!(asterisk.end(), Some(End::RemoteHangup));
        assert_eq!(heard, [i16::from(b'7'); 800]);
        assert_eq!(asterisk.hang_up(), []);
        Ok(())
    }
}
