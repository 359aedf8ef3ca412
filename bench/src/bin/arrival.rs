//! How a server takes a crowd: many connections as fast as one client can open them, three times over, and what memory it
//! holds for them idle and talking. `cargo run --release --bin arrival`
//!
//! A listener of std has a backlog of 128. A connection that finds it full costs its caller a second, and the kernel counts it
//! (ListenOverflows). A bare accept loop, which does nothing else, shows what can be had on this machine.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::Server;

const GENERATIONS: usize = 3;
const FRAME_TIME: Duration = Duration::from_millis(20);
const TALKING: Duration = Duration::from_secs(2);

fn main() {
    // Two descriptors a connection where client and server are one process; here they are two, with some to spare.
    rlimit::increase_nofile_limit(8192).expect("a limit on descriptors that can be read");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--serve") => serve(),
        Some("--accept") => accept(),
        _ => measure(&arguments),
    }
}

/// The library's server, echoing.
fn serve() {
    let server = Server::builder()
        .max_calls(8192)
        .max_pending(8192)
        .bind("127.0.0.1:0")
        .expect("a port");
    println!("listening on {}", server.local_address());
    server
        .run(|call| {
            let voice = call.voice();
            while let Some(event) = call.receive() {
                if let Some(audio) = event.audio() {
                    voice.send(audio)?;
                }
            }
            Ok(())
        })
        .expect("threads to begin with");
}

/// The limit: accepts, keeps, and does nothing else.
fn accept() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!(
        "listening on {}",
        listener.local_addr().expect("an address")
    );
    let mut kept = Vec::new();
    while let Ok(connection) = listener.accept() {
        kept.push(connection);
    }
}

fn measure(arguments: &[String]) {
    let crowds: Vec<usize> = match arguments {
        [] => vec![1000, 2000],
        counts => counts
            .iter()
            .map(|count| count.parse().expect("a number of connections"))
            .collect(),
    };
    println!(
        "server      calls  gen  overflows  slowest connect  all served  idle KiB/call  talking  threads"
    );
    for calls in crowds {
        for mode in ["--accept", "--serve"] {
            let server = ServerProcess::start(mode);
            for generation in 1..=GENERATIONS {
                server.measure_generation(mode, calls, generation);
            }
        }
    }
}

struct ServerProcess {
    child: Child,
    address: SocketAddr,
    /// Its memory before the first connection.
    empty_kib: usize,
}

impl ServerProcess {
    fn start(mode: &str) -> ServerProcess {
        let program = std::env::current_exe().expect("this program's path");
        let mut child = Command::new(program)
            .arg(mode)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process for the server");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("its first line");
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .and_then(|text| text.parse().ok());
        let mut server = ServerProcess {
            child,
            address: address.expect("its address"),
            empty_kib: 0,
        };
        server.empty_kib = server.status("VmRSS");
        server
    }

    fn measure_generation(&self, mode: &str, calls: usize, generation: usize) {
        let echoes = mode == "--serve";
        let frame = audio_frame();
        let overflows_before = listen_overflows();
        let per_call = |kib: usize| kib.saturating_sub(self.empty_kib) as f64 / calls as f64;
        let started = Instant::now();
        let mut slowest = Duration::ZERO;
        let mut connections = Vec::with_capacity(calls);
        for number in 0..calls {
            let begun = Instant::now();
            let mut stream = TcpStream::connect(self.address).expect("a connection");
            slowest = slowest.max(begun.elapsed());
            stream.set_nodelay(true).expect("nodelay");
            let mut hello = uuid_frame(number);
            hello.extend_from_slice(&frame);
            stream.write_all(&hello).expect("the UUID and a frame");
            connections.push(stream);
        }
        if echoes {
            for stream in &mut connections {
                stream
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .expect("a time-out");
                wait_for(stream, &frame);
            }
        }
        let served = started.elapsed();
        thread::sleep(Duration::from_millis(200));
        let idle = self.status("VmRSS");
        if echoes {
            talk(&mut connections, &frame);
        }
        let talking = self.status("VmRSS");
        println!(
            "{:<10} {calls:>6} {generation:>4} {:>10} {:>13.1} ms {:>8.3} s {:>14.1} {:>8.1} {:>8}",
            if echoes { "audiosocket" } else { "bare accept" },
            listen_overflows() - overflows_before,
            slowest.as_secs_f64() * 1000.0,
            served.as_secs_f64(),
            per_call(idle),
            per_call(talking),
            self.status("Threads"),
        );
        drop(connections);
        if echoes {
            let deadline = Instant::now() + Duration::from_secs(10);
            while self.status("Threads") > 8 && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// A number of /proc/PID/status: kilobytes, or a count.
    fn status(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("the server is alive");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("the field");
        let digits = line
            .trim_start_matches(':')
            .split_whitespace()
            .next()
            .expect("a number");
        digits.parse().expect("a number")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn uuid_frame(number: usize) -> Vec<u8> {
    let mut frame = vec![0x01, 0, 16];
    frame.extend_from_slice(&(number as u128).to_be_bytes());
    frame
}

fn audio_frame() -> Vec<u8> {
    let mut frame = vec![0x10, 0x01, 0x40];
    frame.extend((0..320).map(|place| (place % 251) as u8));
    frame
}

/// Reads until the frame has come, whatever came before it.
fn wait_for(stream: &mut TcpStream, frame: &[u8]) {
    let mut received = Vec::new();
    let mut piece = [0; 1024];
    while !received.windows(frame.len()).any(|window| window == frame) {
        let count = stream.read(&mut piece).expect("the echo within 20 s");
        assert!(count > 0, "the server has closed the connection");
        received.extend_from_slice(&piece[..count]);
    }
}

/// A frame each way on every connection every 20 ms, or as often as this one thread manages.
fn talk(connections: &mut [TcpStream], frame: &[u8]) {
    for stream in connections.iter() {
        stream
            .set_nonblocking(true)
            .expect("a socket that does not wait");
    }
    let started = Instant::now();
    let mut due = started;
    let mut forgotten = [0; 4096];
    while started.elapsed() < TALKING {
        for stream in connections.iter_mut() {
            stream.write_all(frame).expect("room for a frame");
            while matches!(stream.read(&mut forgotten), Ok(count) if count > 0) {}
        }
        due += FRAME_TIME;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    // What is under way is taken in, so that the connections can be closed without a reset.
    thread::sleep(Duration::from_millis(100));
    for stream in connections.iter_mut() {
        loop {
            match stream.read(&mut forgotten) {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
    }
}

/// How many connections in this network namespace found a full backlog since it began.
fn listen_overflows() -> usize {
    let text = std::fs::read_to_string("/proc/net/netstat").expect("the kernel's counts");
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    names
        .split_whitespace()
        .zip(values.split_whitespace())
        .find_map(|(name, value)| (name == "ListenOverflows").then(|| value.parse().ok())?)
        .expect("ListenOverflows")
}
