//! Asks the caller for a number and collects its digits: up to six, or ended by `#`. Keys pressed during the prompt stop it and
//! count (type-ahead). Both DTMF dialects. One thread for each call.
//!
//! `cargo run --example menu -- prompt.wav [ADDRESS]`, and in the dialplan: `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, Event, KeyEvent, KeyEvents, PlayError};
use audiosocket::server::Server;
use audiosocket::wav::Wav;
use audiosocket::wire::Digit;

const TO_FIRST_DIGIT: Duration = Duration::from_secs(10);
const BETWEEN_DIGITS: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which prompt? prompt.wav, say")?;
    let prompt = Wav::open(path)?;
    let server = Server::builder()
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());

    server.run(|call| {
        let mut keypad = Keypad::default();
        let number = keypad.ask(call, &prompt, 6)?;
        println!("{}: {number}", call.uuid());
        // Returning hangs up, and the dialplan goes on.
        Ok(())
    })?;
    Ok(())
}

/// The keys that a caller presses. Kept for the whole call, so that what is typed ahead counts for the next question.
#[derive(Default)]
struct Keypad {
    events: KeyEvents,
    typed: VecDeque<Digit>,
}

impl Keypad {
    /// Says the prompt and collects digits until there are enough, `#` comes, or nothing comes for too long.
    fn ask(&mut self, call: &mut Call, prompt: &Wav, count: usize) -> Result<String, PlayError> {
        let voice = call.voice();
        voice.set_rate(prompt.rate())?;
        voice.play(prompt.bytes())?;
        let said = voice.mark();

        let mut digits = String::new();
        let mut patience_ends = None;
        loop {
            while let Some(digit) = self.typed.pop_front() {
                voice.clear();
                if digit.to_char() == '#' {
                    return Ok(digits);
                }
                digits.push(digit.to_char());
                if digits.len() == count {
                    return Ok(digits);
                }
                patience_ends = Some(Instant::now() + BETWEEN_DIGITS);
            }
            let wait_until = patience_ends
                .into_iter()
                .chain(self.events.deadline())
                .min();
            let event = match wait_until {
                Some(time) => call.receive_until(time),
                None => call.receive(),
            };
            let now = Instant::now();
            match event {
                None => return Ok(digits),
                Some(Event::MarkReached(mark)) if mark == said => {
                    patience_ends = Some(now + TO_FIRST_DIGIT)
                }
                Some(event) => {
                    if let Some(signal) = event.dtmf() {
                        self.events.push(signal, now);
                    }
                }
            }
            while let Some(event) = self.events.pop(now) {
                match event {
                    KeyEvent::Press { digit, .. } => self.typed.push_back(digit),
                    // A key is down; its digit follows.
                    _ => patience_ends = None,
                }
            }
            if self.typed.is_empty() && patience_ends.is_some_and(|ends| ends <= now) {
                return Ok(digits);
            }
        }
    }
}
