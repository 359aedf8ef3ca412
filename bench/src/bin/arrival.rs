//! Measures how a server handles a crowd: one client opens many connections as fast as it can, three times. Also measures the
//! server's memory for idle and for talking calls. `cargo run --release --bin arrival`
//!
//! A std listener has a backlog of 128. A connection that finds it full is delayed by a second, and the kernel counts it in
//! ListenOverflows. Two servers show the limit of the machine: a bare accept loop, and a server with bare threads. In the latter, one
//! thread accepts, another starts a thread for each connection, and those threads echo bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use asterisk_audiosocket_bench::{
    FRAME_TIME, ServerProcess, allow_descriptors, audio_frame, uuid_frame,
};
use audiosocket::server::Server;

const GENERATIONS: usize = 3;
const TALKING: Duration = Duration::from_secs(2);

fn main() {
    // Client and server are separate processes, so each needs one descriptor per connection, and a few more.
    allow_descriptors(8192);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--serve") => serve(),
        Some("--accept") => accept(),
        Some("--threads") => accept_for_threads(),
        _ => measure(&arguments),
    }
}

/// Runs the library's server with an echo.
fn serve() {
    let server = Server::builder()
        .max_calls(8192)
        .max_pending(8192)
        .bind("127.0.0.1:0")
        .expect("a port");
    println!("listening on {}", server.local_addr());
    server
        .run(|call| {
            let voice = call.voice();
            while let Some(event) = call.receive() {
                if let Some(audio) = event.audio() {
                    voice.send_now(audio)?;
                }
            }
            Ok(())
        })
        .expect("threads to begin with");
}

/// Runs the limit: a loop that accepts connections and keeps them.
fn accept() {
    let listener = listen();
    let mut kept = Vec::new();
    while let Ok(connection) = listener.accept() {
        kept.push(connection);
    }
}

/// Runs the limit of a server with a thread for each connection.
fn accept_for_threads() {
    let listener = listen();
    let (accepted, to_start) = mpsc::channel();
    thread::spawn(move || {
        for stream in to_start {
            thread::spawn(move || echo_bytes(stream));
        }
    });
    while let Ok((stream, _)) = listener.accept() {
        accepted.send(stream).expect("a thread that takes it");
    }
}

fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!(
        "listening on {}",
        listener.local_addr().expect("an address")
    );
    listener
}

fn echo_bytes(mut stream: TcpStream) {
    stream.set_nodelay(true).expect("nodelay");
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        if stream.write_all(&bytes[..count]).is_err() {
            return;
        }
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
        "server        calls  gen  overflows  slowest connect  all served  idle KiB/call  talking  threads"
    );
    for calls in crowds {
        for server in [Measured::Accepting, Measured::Threads, Measured::Ours] {
            let crowd = Crowd::of(calls, server);
            for generation in 1..=GENERATIONS {
                crowd.measure_generation(generation);
            }
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Measured {
    Accepting,
    Threads,
    Ours,
}

impl Measured {
    /// Returns this program's option for the server, and the server's name in the table.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Measured::Accepting => ("--accept", "bare accept"),
            Measured::Threads => ("--threads", "bare threads"),
            Measured::Ours => ("--serve", "audiosocket"),
        }
    }
}

struct Crowd {
    calls: usize,
    measured: Measured,
    server: ServerProcess,
    /// The server's memory before the first connection.
    empty_kib: usize,
}

impl Crowd {
    fn of(calls: usize, measured: Measured) -> Crowd {
        let server = ServerProcess::start(&[measured.names().0]);
        Crowd {
            calls,
            measured,
            empty_kib: server.status("VmRSS"),
            server,
        }
    }

    fn measure_generation(&self, generation: usize) {
        let (calls, server) = (self.calls, &self.server);
        let echoes = self.measured != Measured::Accepting;
        let frame = audio_frame();
        let overflows_before = listen_overflows();
        let per_call = |kib: usize| kib.saturating_sub(self.empty_kib) as f64 / calls as f64;
        let started = Instant::now();
        let mut slowest = Duration::ZERO;
        let mut connections = Vec::with_capacity(calls);
        for number in 0..calls {
            let started_at = Instant::now();
            let mut stream = TcpStream::connect(server.address).expect("a connection");
            slowest = slowest.max(started_at.elapsed());
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
        let idle = server.status("VmRSS");
        if echoes {
            talk(&mut connections, &frame);
        }
        let talking = server.status("VmRSS");
        println!(
            "{:<12} {calls:>6} {generation:>4} {:>10} {:>13.1} ms {:>8.3} s {:>14.1} {:>8.1} {:>8}",
            self.measured.names().1,
            listen_overflows() - overflows_before,
            slowest.as_secs_f64() * 1000.0,
            served.as_secs_f64(),
            per_call(idle),
            per_call(talking),
            server.status("Threads"),
        );
        drop(connections);
        if echoes {
            let deadline = Instant::now() + Duration::from_secs(10);
            while server.status("Threads") > 8 && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Reads until the frame has arrived, and discards all bytes ahead of it.
fn wait_for(stream: &mut TcpStream, frame: &[u8]) {
    let mut received = Vec::new();
    let mut piece = [0; 1024];
    while !received.windows(frame.len()).any(|window| window == frame) {
        let count = stream.read(&mut piece).expect("the echo within 20 s");
        assert!(count > 0, "the server has closed the connection");
        received.extend_from_slice(&piece[..count]);
    }
}

/// Sends a frame on every connection every 20 ms, or as often as this single thread can.
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
    // Reading the last echoes avoids a reset when the connections are closed.
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

/// Returns how many connections have found a full backlog since the start of this network namespace.
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
