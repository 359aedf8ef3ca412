//! Measures the CPU time of an echo, in memory and over loopback: 8 connections at full speed, in bursts, and one frame at a time.
//!
//! Run `cargo run --release --bin streams`. The arguments are the number of rounds, the seconds of each, and other programs that
//! echo: `-- 3 1.5 ./go-echo`
//!
//! - `raw` is the limit: a loop that reads bytes and writes them back, with a buffer of 4 KiB like the library's.
//! - `raw-64k` is that loop with a buffer of 64 KiB.
//! - `std` reads header and payload with `read_exact` and writes both together.
//! - `frames` uses `FrameReader` and `FrameWriter`.
//! - `batch` uses them with a batch for all frames of one read.
//! - `call` is the guide's echo on the call layer.
//!
//! `-- --serve KIND CONNECTIONS` and `-- --load ADDRESS KIND CONNECTIONS WINDOW FRAMES` run only one of the two sides, for a tool that
//! counts system calls. With `paced` as the last argument, the load sends a window every 20 ms.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use asterisk_audiosocket_bench::{FRAME_TIME, ServerProcess, audio_frame, spread, uuid_frame};
use audiosocket::call::{Call, CallOptions, Transport};
use audiosocket::server::Server;
use audiosocket::stream::{Filled, FrameReader, FrameWriter};

const KINDS: [&str; 6] = ["raw", "raw-64k", "std", "frames", "batch", "call"];
const CONNECTIONS: usize = 8;
/// The number of frames sent before the load waits for their echoes. 0 means that it does not wait.
const WINDOWS: [usize; 4] = [1, 12, 50, 0];
const ROUNDS: usize = 3;
const SECONDS: f64 = 1.5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--serve", kind, connections] => serve(kind, number(connections)),
        [
            "--load",
            address,
            kind,
            connections,
            window,
            frames,
            ref pace @ ..,
        ] => {
            let load = Load {
                address: address.parse().expect("an address"),
                greeting_len: greeting_len(kind),
                window: number(window),
                frames: number(frames),
                is_paced: pace == ["paced"],
            };
            println!("{}", load.run(number(connections), Duration::MAX));
        }
        [rounds, seconds, ref programs @ ..] => {
            measure(number(rounds), seconds.parse().expect("seconds"), programs);
        }
        _ => measure(ROUNDS, SECONDS, &[]),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

fn measure(rounds: usize, seconds: f64, programs: &[&str]) {
    println!("where     window  server        frames/s    us/frame     p10     p90");
    measure_in_memory(rounds * 10);
    for window in WINDOWS {
        measure_loopback(window, rounds, seconds, programs);
    }
}

// ---- the echoes ------------------------------------------------------------------------------------------------------

type Echoed = Result<(), Box<dyn Error>>;

fn echo(kind: &str, reader: impl Read, writer: impl Write) -> Echoed {
    match kind {
        "raw" => echo_raw(reader, writer, &mut [0; 4096]),
        "raw-64k" => echo_raw(reader, writer, &mut [0; 65_536]),
        "std" => echo_std(reader, writer),
        "frames" => echo_frames(reader, writer),
        "batch" => echo_batches(reader, writer),
        other => panic!("no kind of server: {other}"),
    }
}

fn echo_raw(mut reader: impl Read, mut writer: impl Write, buffer: &mut [u8]) -> Echoed {
    loop {
        match reader.read(buffer)? {
            0 => return Ok(()),
            count => writer.write_all(&buffer[..count])?,
        }
    }
}

fn echo_std(mut reader: impl Read, mut writer: impl Write) -> Echoed {
    let mut frame = vec![0; 65_538];
    loop {
        match reader.read_exact(&mut frame[..3]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            result => result?,
        }
        let len = 3 + usize::from(u16::from_be_bytes([frame[1], frame[2]]));
        reader.read_exact(&mut frame[3..len])?;
        writer.write_all(&frame[..len])?;
    }
}

fn echo_frames(reader: impl Read, writer: impl Write) -> Echoed {
    let (mut reader, mut writer) = (FrameReader::new(reader), FrameWriter::new(writer));
    while let Some(frame) = reader.read_frame()? {
        writer.write_frame(frame)?;
    }
    Ok(())
}

fn echo_batches(reader: impl Read, writer: impl Write) -> Echoed {
    let (mut reader, mut writer) = (FrameReader::new(reader), FrameWriter::new(writer));
    while reader.fill()? != Filled::End {
        let mut batch = writer.batch();
        while let Some(frame) = reader.buffered_frame()? {
            batch.add_frame(frame);
        }
        batch.write()?;
    }
    Ok(())
}

fn echo_call<T: Transport>(call: &mut Call<T>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        if let Some(audio) = event.audio() {
            voice.send_now(audio)?;
        }
    }
    Ok(())
}

/// Returns the number of bytes that a server sends ahead of the first echo. A call sends a frame of silence, the other servers here
/// send the UUID, and other programs send nothing.
fn greeting_len(server: &str) -> usize {
    match server {
        "call" => 323,
        _ if KINDS.contains(&server) => 19,
        _ => 0,
    }
}

// ---- in memory -------------------------------------------------------------------------------------------------------

const FRAMES_IN_MEMORY: usize = 20_000;

/// A connection in memory. Its peer has sent a UUID and many frames, and accepts all bytes.
struct Memory {
    sent: Vec<u8>,
    read: AtomicUsize,
    taken: Mutex<Vec<u8>>,
    keeps_all: bool,
}

impl Memory {
    fn of(frames: usize, keeps_all: bool) -> Memory {
        let mut sent = uuid_frame(1);
        for _ in 0..frames {
            sent.extend_from_slice(&audio_frame());
        }
        Memory {
            sent,
            read: AtomicUsize::new(0),
            taken: Mutex::new(Vec::new()),
            keeps_all,
        }
    }

    fn echo(&self, kind: &str) -> Duration {
        let start = Instant::now();
        echo(kind, self, self).expect("nothing fails in memory");
        start.elapsed()
    }
}

impl Transport for Memory {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = self.read.load(Ordering::Relaxed);
        let count = buffer.len().min(self.sent.len() - start);
        buffer[..count].copy_from_slice(&self.sent[start..start + count]);
        self.read.store(start + count, Ordering::Relaxed);
        Ok(count)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.taken.lock().expect("no panic");
        if !self.keeps_all {
            taken.clear();
        }
        taken.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_send_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) {}
}

impl Read for &Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Transport::recv(*self, buffer)
    }
}

impl Write for &Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Transport::send(*self, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn echo_in_memory(kind: &str, memory: &Arc<Memory>) -> Duration {
    if kind != "call" {
        return memory.echo(kind);
    }
    let mut call = Call::accept(Arc::clone(memory), CallOptions::default()).expect("a UUID");
    let start = Instant::now();
    echo_call(&mut call).expect("nothing fails in memory");
    start.elapsed()
}

fn measure_in_memory(rounds: usize) {
    let mut figures = KINDS.map(|_| Vec::new());
    for kind in KINDS {
        let memory = Arc::new(Memory::of(50, true));
        echo_in_memory(kind, &memory);
        let taken = memory.taken.lock().expect("no panic");
        let echoes = &taken[greeting_len(kind)..];
        // The end of a call sends a hangup frame.
        let echoes = match kind {
            "call" => echoes.strip_suffix(&[0, 0, 0]).expect("a hangup"),
            _ => echoes,
        };
        assert_eq!(echoes, audio_frame().repeat(50), "{kind}: another answer");
    }
    for _ in 0..rounds {
        for (kind, figures) in KINDS.iter().zip(&mut figures) {
            let memory = Arc::new(Memory::of(FRAMES_IN_MEMORY, false));
            let spent = echo_in_memory(kind, &memory).as_secs_f64();
            figures.push(spent * 1e6 / FRAMES_IN_MEMORY as f64);
        }
    }
    for (kind, figures) in KINDS.iter().zip(figures) {
        let [median, p10, p90] = spread(figures);
        println!(
            "memory         -  {kind:<9} {:>12.0} {median:>11.3} {p10:>7.3} {p90:>7.3}",
            1e6 / median
        );
    }
}

// ---- over loopback ---------------------------------------------------------------------------------------------------

/// Serves this number of connections, then ends.
fn serve(kind: &str, connections: usize) {
    if kind == "call" {
        return serve_calls(connections);
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!(
        "listening on {}",
        listener.local_addr().expect("an address")
    );
    thread::scope(|scope| {
        for _ in 0..connections {
            let (stream, _) = listener.accept().expect("a connection");
            stream.set_nodelay(true).expect("nodelay");
            // An error means that the measurement is over and the peer has closed.
            scope.spawn(move || drop(echo(kind, &stream, &stream)));
        }
    });
}

fn serve_calls(connections: usize) {
    let server = Server::bind("127.0.0.1:0").expect("a port");
    println!("listening on {}", server.local_addr());
    let (handle, left) = (server.handle(), AtomicUsize::new(connections));
    server
        .run(|call| {
            let result = echo_call(call);
            if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                handle.shut_down(Duration::from_secs(1));
            }
            result
        })
        .expect("threads to begin with");
}

fn measure_loopback(window: usize, rounds: usize, seconds: f64, programs: &[&str]) {
    let servers: Vec<&str> = KINDS.iter().chain(programs).copied().collect();
    let mut figures = vec![(Vec::new(), Vec::new()); servers.len()];
    for _ in 0..rounds {
        for (name, (speeds, costs)) in servers.iter().zip(&mut figures) {
            let server = if KINDS.contains(name) {
                ServerProcess::start(&["--serve", name, "1000"])
            } else {
                ServerProcess::of(&mut Command::new(name))
            };
            let load = Load {
                address: server.address,
                greeting_len: greeting_len(name),
                window,
                frames: usize::MAX,
                is_paced: false,
            };
            let cpu_before = server.cpu_seconds();
            let start = Instant::now();
            let echoed = load.run(CONNECTIONS, Duration::from_secs_f64(seconds)) as f64;
            speeds.push(echoed / start.elapsed().as_secs_f64());
            costs.push((server.cpu_seconds() - cpu_before) * 1e6 / echoed);
        }
    }
    for (name, (speeds, costs)) in servers.iter().zip(figures) {
        let name = name.rsplit('/').next().unwrap_or_default();
        let ([speed, ..], [median, p10, p90]) = (spread(speeds), spread(costs));
        println!(
            "loopback {:>6}  {name:<9} {speed:>12.0} {median:>11.3} {p10:>7.3} {p90:>7.3}",
            if window == 0 {
                "full".to_owned()
            } else {
                window.to_string()
            }
        );
    }
}

/// The client's side of the connections.
struct Load {
    address: SocketAddr,
    greeting_len: usize,
    window: usize,
    frames: usize,
    is_paced: bool,
}

impl Load {
    /// Returns the number of frames echoed. Panics if an echo differs from its frame.
    fn run(&self, connections: usize, time: Duration) -> usize {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..connections)
                .map(|place| {
                    scope.spawn({
                        let is_over = &is_over;
                        move || {
                            self.run_one(place, is_over)
                                .expect("a connection that lasts")
                        }
                    })
                })
                .collect();
            if time < Duration::MAX {
                thread::sleep(time);
                is_over.store(true, Ordering::Relaxed);
            }
            threads
                .into_iter()
                .map(|thread| thread.join().expect("its frames"))
                .sum()
        })
    }

    fn run_one(&self, place: usize, is_over: &AtomicBool) -> io::Result<usize> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.write_all(&uuid_frame(place))?;
        stream.read_exact(&mut vec![0; self.greeting_len])?;
        let echoed = match self.window {
            0 => echo_without_end(&stream, is_over)?,
            _ => self.echo_windows(&stream, is_over)?,
        };
        stream.read_to_end(&mut Vec::new())?;
        Ok(echoed)
    }

    fn echo_windows(&self, mut stream: &TcpStream, is_over: &AtomicBool) -> io::Result<usize> {
        let frames = audio_frame().repeat(self.window);
        let mut received = vec![0; frames.len()];
        let (mut due, mut echoed) = (Instant::now(), 0);
        while echoed < self.frames && !is_over.load(Ordering::Relaxed) {
            if self.is_paced {
                due += FRAME_TIME;
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            stream.write_all(&frames)?;
            stream.read_exact(&mut received)?;
            assert_eq!(received, frames, "another answer");
            echoed += self.window;
        }
        stream.shutdown(Shutdown::Write)?;
        Ok(echoed)
    }
}

/// One thread writes until `is_over`, and the other reads all echoes.
fn echo_without_end(mut stream: &TcpStream, is_over: &AtomicBool) -> io::Result<usize> {
    const TOGETHER: usize = 48;
    let frames = &audio_frame().repeat(TOGETHER);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = stream;
            while !is_over.load(Ordering::Relaxed) && stream.write_all(frames).is_ok() {}
            // The reader meets the same error.
            let _ = stream.shutdown(Shutdown::Write);
        });
        let (mut received, mut echoed) = (vec![0; frames.len()], 0);
        while stream.read_exact(&mut received).is_ok() {
            assert_eq!(&received, frames, "another answer");
            echoed += TOGETHER;
        }
        Ok(echoed)
    })
}
