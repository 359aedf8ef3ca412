//! Records callers like an answering machine: beeps, then records until `#`, a hangup, or 5 minutes. The file is stereo, with the
//! caller on the left. Run `cargo run --example recorder -- FOLDER [ADDRESS]`; in the dialplan, which continues after `#`:
//! `same => n,AudioSocket(${UUID()},127.0.0.1:9092)`

use audiosocket::call::{CallOptions, RecordingTarget};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("missing folder for recordings")?;
    let longest = Some(std::time::Duration::from_secs(5 * 60));
    let server = audiosocket::Server::builder()
        .call_options(CallOptions::default().max_duration(longest))
        .on_incident(|incident| eprintln!("{incident}"))
        .bind(arguments.next().as_deref().unwrap_or("127.0.0.1:9092"))?;
    println!("listening on {}", server.local_addr());
    server.run(|call| {
        let target = RecordingTarget::numbered(&folder, call.uuid().to_string());
        let recording = call.record(target)?;
        // A beep: 0.3 s of 1000 Hz.
        call.play_samples(&[0, 5657, 8000, 5657, 0, -5657, -8000, -5657].repeat(300))?;
        while let Some(event) = call.receive() {
            if event.dtmf().is_some_and(|it| it.digit().to_char() == '#') {
                call.hang_up();
            }
        }
        println!("{}", recording.finish()?.display());
        Ok(())
    })?;
    Ok(())
}
