//! Calls through TLS, with the commands and configurations of the guide's chapter on security. If stunnel or openssl is missing,
//! the test prints this and is skipped, unless `AUDIOSOCKET_EVERY_LANGUAGE` is set, as in .ci/run.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::served::{HandlerResult, Served};
use audiosocket::asterisk::Version;
use audiosocket::call::Call;
use audiosocket::server::Server;
use audiosocket::simulator::{SimulatedAsterisk, TestCall};

const GUIDE: &str = include_str!("../../src/guide/security.rs");
/// The name in Debian.
const STUNNEL: &str = "stunnel4";
/// A program that has not started by then is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the lines of the guide's block that starts with `first`, with the changes for the test.
fn block(first: &str, changes: &[(&str, &str)]) -> String {
    let text: Vec<&str> = GUIDE
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let begin = text.iter().position(|line| line.starts_with(first));
    let lines = text[begin.unwrap()..].iter();
    let mut block: String = lines
        .take_while(|line| !line.starts_with("```"))
        .map(|line| format!("{line}\n"))
        .collect();
    for (old, new) in changes {
        assert!(block.contains(old), "{old} in the guide");
        block = block.replace(old, new);
    }
    block
}

/// A running stunnel in a folder.
struct Stunnel(Child);

impl Drop for Stunnel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stunnel {
    fn start(folder: &Path, name: &str, configuration: &str) -> Stunnel {
        fs::write(folder.join(name), configuration).unwrap();
        let log = fs::File::create(folder.join(format!("{name}.log"))).unwrap();
        let mut command = Command::new(STUNNEL);
        command.arg(name).current_dir(folder).stdin(Stdio::null());
        let child = command.stderr(log).stdout(Stdio::null()).spawn().unwrap();
        Stunnel(child)
    }
}

/// A free address on loopback. The test must choose the port because stunnel cannot report a port chosen by the system.
fn free_address() -> String {
    // The system gives the freed ports of 127.0.0.1 to other tests. Other systems have no further loopback address.
    let own = match cfg!(target_os = "linux") {
        true => "127.0.8.1:0",
        false => "127.0.0.1:0",
    };
    let listener = TcpListener::bind(own).unwrap();
    listener.local_addr().unwrap().to_string()
}

#[track_caller]
fn wait_for(address: &str) {
    let give_up = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < give_up, "nothing listens on {address}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn is_missing(program: &str) -> bool {
    let found = Command::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    let must_be_there = std::env::var_os("AUDIOSOCKET_EVERY_LANGUAGE").is_some();
    assert!(found || !must_be_there, "{program} is not installed");
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    !found
}

/// A folder with the keys of the guide, and a folder with those of a stranger.
fn folder_with_keys() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tls");
    fs::create_dir_all(&folder).unwrap();
    let commands = block("openssl req", &[]);
    let stranger = commands.replace("asterisk", "stranger");
    for line in commands.lines().chain(stranger.lines().take(1)) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut openssl = Command::new(words[0]);
        let output = openssl.args(&words[1..]).current_dir(&folder).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    folder
}

/// Forwards connections from one address to another, and keeps the bytes sent to the second.
fn capture(to: String) -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let captured = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&captured);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let near = Arc::new(stream.unwrap());
            let far = Arc::new(TcpStream::connect(&to).unwrap());
            let kept = Arc::clone(&kept);
            let (back_from, back_to) = (Arc::clone(&far), Arc::clone(&near));
            thread::spawn(move || pass_on(&near, &far, |bytes| kept.lock().unwrap().extend(bytes)));
            thread::spawn(move || pass_on(&back_from, &back_to, |_| {}));
        }
    });
    (address, captured)
}

fn pass_on(mut from: &TcpStream, mut to: &TcpStream, keep: impl Fn(&[u8])) {
    let mut buffer = [0; 4096];
    let _ = to.set_nodelay(true);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        keep(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn echo(call: &mut Call) -> HandlerResult {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        if let Some(audio) = event.audio() {
            // Paced: a handshake can take more than a second on a busy machine, and then all audio arrives at once.
            voice.play(audio.bytes())?;
        }
    }
    Ok(())
}

#[test]
fn calls_go_through_tls_as_the_guide_sets_it_up() {
    // Both are checked, so that each missing program is named.
    if [is_missing(STUNNEL), is_missing("openssl")].contains(&true) {
        return;
    }
    let folder = folder_with_keys();
    let server = Served::start(Server::builder(), echo);
    let (encrypted, plain, strangers) = (free_address(), free_address(), free_address());
    let (between, captured) = capture(encrypted.clone());

    let of_server = block(
        "; server.conf",
        &[
            ("0.0.0.0:9443", &encrypted),
            ("127.0.0.1:9092", &server.address.to_string()),
        ],
    );
    let of_asterisk = block(
        "; asterisk.conf",
        &[
            ("127.0.0.1:9092", &plain),
            ("server.example.com:9443", &between),
        ],
    );
    let of_stranger = of_asterisk
        .replace("= asterisk.", "= stranger.")
        .replace(&plain, &strangers);
    let _programs = [
        Stunnel::start(&folder, "server.conf", &of_server),
        Stunnel::start(&folder, "asterisk.conf", &of_asterisk),
        Stunnel::start(&folder, "stranger.conf", &of_stranger),
    ];
    for address in [&encrypted, &plain, &strangers] {
        wait_for(address);
    }

    // One call at a time, because eight handshakes at once take seconds on a busy machine.
    // A TLS record may end inside a frame, so a version that does not wait for the rest ends the call when the machine is busy.
    let waits = |version: &&Version| !version.behaviour().payload_wait.is_zero();
    let versions: Vec<&Version> = Version::REPRESENTATIVES.iter().filter(waits).collect();
    for &version in &versions {
        let call = TestCall::new()
            .versions([*version])
            .tone(Duration::from_secs(2));
        let report = call.run_against(plain.as_str()).unwrap();
        assert!(report.passed(), "{report}");
        // Out of the greeting and 100 echoed frames.
        assert!(report.calls()[0].frames_received > 25, "{report:?}");
    }
    let calls = versions.len();
    // Some of the 16 samples of the caller's tone.
    let tone = 500_i16.to_le_bytes().repeat(8);
    // A copy, because more bytes will follow.
    let captured = captured.lock().unwrap().clone();
    assert!(captured.len() > calls * 100 * 320);
    assert!(!captured.windows(tone.len()).any(|bytes| bytes == tone));

    let before = server.handle.stats().calls_started;
    assert_eq!(before, calls);
    let uuid = SimulatedAsterisk::random_uuid();
    let mut stranger = SimulatedAsterisk::connect(strangers.as_str(), uuid).unwrap();
    while let Some(event) = stranger.receive() {
        assert_eq!(event.audio(), None, "the stranger has got through");
    }
    assert_eq!(server.handle.stats().calls_started, before);
}
