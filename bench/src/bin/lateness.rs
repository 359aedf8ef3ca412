//! Measures the lateness of playback, and how late the server receives the caller's audio, on 1 to 1000 calls. Servers have one or
//! two threads per call. Callers are first silent, then talk all the time.
//!
//! Run `cargo run --release --bin lateness`. Arguments are the numbers of calls, `-- 1 200`, or first a number of rounds,
//! `-- --rounds 1 200`. With `LATENESS_CALLERS=silent` or `=talking` in the environment, only these callers are measured.
//! `LATENESS_SECONDS` is the length of a call's playback.
//!
//! Two servers in the same run show the limit of the machine. One has a thread per call that only sleeps until the next 20 ms and
//! writes a frame. The other also has a thread per call that reads and wakes up four times per second. A server needs such a thread
//! to notice a hangup from another thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use asterisk_audiosocket_bench::{
    FRAME_TIME, ServerProcess, allow_descriptors, audio_frame, cpu_seconds, uuid_frame,
};
use audiosocket::call::{Call, Event, Lateness, Voice};
use audiosocket::server::Server;
use audiosocket::wire::Message;

const ROUNDS: usize = 3;

fn main() {
    allow_descriptors(8192);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--serve") => serve(&arguments[1], number(&arguments[2])),
        Some("--rounds") => measure(number(&arguments[1]), &arguments[2..]),
        _ => measure(ROUNDS, &arguments),
    }
}

/// Returns the length of each call's playback.
fn seconds() -> u64 {
    let set = std::env::var("LATENESS_SECONDS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(5)
}

fn number(text: &str) -> usize {
    text.parse().expect("a number of calls")
}

fn measure(rounds: usize, arguments: &[String]) {
    let crowds: Vec<usize> = match arguments {
        [] => vec![1, 50, 200, 1000],
        counts => counts.iter().map(|count| number(count)).collect(),
    };
    let kinds = [
        ("silent", listen as fn(&ServerProcess, usize)),
        ("talking", talk),
    ];
    let wanted = std::env::var("LATENESS_CALLERS").ok();
    for (callers, run) in kinds {
        if wanted.as_deref().is_some_and(|wanted| wanted != callers) {
            continue;
        }
        println!(
            "                                  speech late, ms             heard late, ms         CPU"
        );
        println!(
            "calls  callers  server            p50    p99  worst   gaps     p50    p99  worst    cores"
        );
        for calls in &crowds {
            for _ in 0..rounds {
                for mode in ["sleep", "read", "two", "one"] {
                    let server = ServerProcess::start(&["--serve", mode, &calls.to_string()]);
                    run(&server, *calls);
                    print!("{calls:>5}  {callers:<7}  {}", server.last_words());
                }
            }
        }
    }
}

// ---- the callers -----------------------------------------------------------------------------------------------------

fn connect(server: &ServerProcess, calls: usize) -> Vec<TcpStream> {
    let connections = (0..calls).map(|place| {
        let mut stream = TcpStream::connect(server.address).expect("a connection");
        stream.set_nodelay(true).expect("nodelay");
        stream.write_all(&uuid_frame(place)).expect("the UUID");
        stream
            .set_nonblocking(true)
            .expect("one that does not wait");
        stream
    });
    connections.collect()
}

/// Reads all connections five times per second and discards the bytes, until the server closes them.
fn listen(server: &ServerProcess, calls: usize) {
    let mut connections = connect(server, calls);
    let mut forgotten = [0; 65536];
    while !connections.is_empty() {
        thread::sleep(Duration::from_millis(200));
        connections.retain_mut(|stream| match stream.read(&mut forgotten) {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        });
    }
}

/// Sends a frame on every connection every 20 ms, each connection at its own time within the 20 ms. Discards the bytes received.
/// Ends when the server has closed all connections.
fn talk(server: &ServerProcess, calls: usize) {
    let mut connections = connect(server, calls);
    let mut frame = audio_frame();
    let mut forgotten = [0; 4096];
    let started = Instant::now();
    let mut round = 0;
    while !connections.is_empty() {
        let begins = started + FRAME_TIME * round;
        round += 1;
        let mut place = 0;
        connections.retain_mut(|stream| {
            place += 1;
            let due = begins + FRAME_TIME * place / calls as u32;
            let left = due.saturating_duration_since(Instant::now());
            if left > Duration::from_micros(100) {
                thread::sleep(left);
            }
            frame[3..11].copy_from_slice(&microseconds().to_le_bytes());
            if stream.write_all(&frame).is_err() {
                return false;
            }
            while matches!(stream.read(&mut forgotten), Ok(4096)) {}
            true
        });
    }
}

/// Returns the time of a clock that both processes share.
fn microseconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a year after 1970").as_micros() as u64
}

// ---- the servers -----------------------------------------------------------------------------------------------------

/// The measurements of all calls.
#[derive(Default)]
struct Measured {
    said: Lateness,
    heard: Lateness,
    gaps: usize,
}

fn serve(mode: &str, calls: usize) {
    let measured = Arc::new(Mutex::new(Measured::default()));
    let begin = Arc::new(Barrier::new(calls));
    match mode {
        "sleep" | "read" => serve_bare(mode, calls, &measured, &begin),
        _ => serve_calls(mode == "two", calls, &measured, &begin),
    }
    let measured = measured.lock().expect("no panic");
    let of = |lateness: &Lateness| {
        let ms = |late: Option<Duration>| late.map_or(f64::NAN, |late| late.as_secs_f64() * 1000.0);
        let (p50, p99) = (lateness.percentile(50), lateness.percentile(99));
        format!(
            "{:>6.2} {:>6.2} {:>6.1}",
            ms(p50),
            ms(p99),
            ms(lateness.max())
        )
    };
    println!(
        "{:<16} {} {:>6}  {}   {:>6.3}",
        match mode {
            "sleep" => "bare: sleep",
            "read" => "bare: and read",
            "two" => "two threads",
            _ => "one thread",
        },
        of(&measured.said),
        measured.gaps,
        of(&measured.heard),
        cpu_seconds("self") / seconds() as f64,
    );
}

/// The limit of the machine: for each call a thread that sleeps and writes and, in the mode "read", another that reads.
fn serve_bare(mode: &str, calls: usize, measured: &Mutex<Measured>, begin: &Barrier) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!(
        "listening on {}",
        listener.local_addr().expect("an address")
    );
    thread::scope(|scope| {
        for place in 0..calls {
            let (stream, _) = listener.accept().expect("a connection");
            stream.set_nodelay(true).expect("nodelay");
            let stream = Arc::new(stream);
            if mode == "read" {
                let stream = Arc::clone(&stream);
                scope.spawn(move || {
                    let mut received = [0; 323];
                    let mut heard = Lateness::default();
                    stream
                        .set_read_timeout(Some(BETWEEN_LOOKS))
                        .expect("a time-out");
                    if read_whole(&stream, &mut received[..19]) {
                        while read_whole(&stream, &mut received) {
                            heard.record(delay(&received[3..]));
                        }
                    }
                    measured.lock().expect("no panic").heard.merge(&heard);
                });
            }
            scope.spawn(move || {
                let frame = audio_frame();
                let mut said = Lateness::default();
                begin.wait();
                let start = start_of(place, calls);
                for frame_number in 0..frames() {
                    let due = start + FRAME_TIME * frame_number;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    (&*stream).write_all(&frame).expect("room for a frame");
                    said.record(due.elapsed());
                }
                // An error means that the peer has already closed.
                let _ = stream.shutdown(Shutdown::Both);
                measured.lock().expect("no panic").said.merge(&said);
            });
        }
    });
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Fills the buffer, ignoring time-outs. Returns whether the stream lasted until the buffer was full.
fn read_whole(mut stream: &TcpStream, buffer: &mut [u8]) -> bool {
    let mut len = 0;
    while len < buffer.len() {
        match stream.read(&mut buffer[len..]) {
            Ok(0) => return false,
            Ok(count) => len += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
    true
}

fn serve_calls(in_two: bool, calls: usize, measured: &Mutex<Measured>, begin: &Barrier) {
    let server = Server::builder()
        .max_calls(8192)
        .max_pending(8192)
        .bind("127.0.0.1:0")
        .expect("a port");
    println!("listening on {}", server.local_addr());
    let handle = server.handle();
    let left = Mutex::new(calls);
    server
        .run(|call| {
            let place = u128::from_be_bytes(*call.uuid().as_bytes()) as usize;
            begin.wait();
            let heard = if in_two {
                in_two_threads(call, start_of(place, calls))
            } else {
                in_one_thread(call, start_of(place, calls))
            };
            let stats = call.stats();
            let mut measured = measured.lock().expect("no panic");
            measured.said.merge(&stats.lateness);
            measured.heard.merge(&heard);
            measured.gaps += stats.gaps;
            let mut left = left.lock().expect("no panic");
            *left -= 1;
            if *left == 0 {
                handle.shut_down(Duration::ZERO);
            }
            Ok(())
        })
        .expect("threads to begin with");
}

fn in_one_thread(call: &mut Call, start: Instant) -> Lateness {
    let mut heard = Lateness::default();
    let voice = call.voice();
    thread::sleep(start.saturating_duration_since(Instant::now()));
    let mut speech = Speech::begin(&voice);
    while let Some(event) = call.receive() {
        take_in(event, start, &mut heard, &mut speech, &voice);
    }
    heard
}

fn in_two_threads(call: &mut Call, start: Instant) -> Lateness {
    let mut heard = Lateness::default();
    let result = call.with_player(|receiver, voice| -> io::Result<()> {
        thread::sleep(start.saturating_duration_since(Instant::now()));
        let mut speech = Speech::begin(voice);
        while let Some(event) = receiver.receive() {
            take_in(event, start, &mut heard, &mut speech, voice);
        }
        Ok(())
    });
    result.expect("a thread for the player");
    heard
}

fn take_in(
    event: Event<'_>,
    start: Instant,
    heard: &mut Lateness,
    speech: &mut Speech,
    voice: &Voice,
) {
    match event {
        Event::MarkReached(_) => speech.go_on(voice),
        // Frames that waited for the start would count as late.
        Event::Message(Message::Audio(audio)) if start.elapsed() > FRAME_TIME * 5 => {
            heard.record(delay(audio.bytes()));
        }
        _ => {}
    }
}

/// The playback of a call, queued half a second at a time and one second ahead. If a thousand calls queued everything at once, the
/// measurement would include the allocation of that memory.
struct Speech {
    pieces_left: u64,
}

const PIECES_A_SECOND: u64 = 2;

impl Speech {
    fn begin(voice: &Voice) -> Speech {
        let mut speech = Speech {
            pieces_left: seconds() * PIECES_A_SECOND,
        };
        speech.go_on(voice);
        speech.go_on(voice);
        speech
    }

    fn go_on(&mut self, voice: &Voice) {
        static PIECE: [u8; 16_000 / PIECES_A_SECOND as usize] =
            [7; 16_000 / PIECES_A_SECOND as usize];
        match self.pieces_left.checked_sub(1) {
            None => voice.hang_up_after_playback(),
            Some(left) => {
                self.pieces_left = left;
                voice.play(&PIECE).expect("room for it");
                voice.mark();
            }
        }
    }
}

/// The time in which all calls start playback. If a thousand calls started within one frame, the measurement would include the
/// allocation of their memory.
const STARTING: Duration = Duration::from_secs(1);

/// Returns a call's start. The first starts are half a second away, so that all threads are running by then.
///
/// The starts are also spread evenly over each 20 ms. The callers' frames are spread in another order, so the distance between the
/// two differs from call to call.
fn start_of(place: usize, calls: usize) -> Instant {
    let offset = STARTING * (place * 7 % calls) as u32 / calls as u32;
    Instant::now() + Duration::from_millis(500) + offset
}

fn frames() -> u32 {
    seconds() as u32 * 50
}

/// Returns the time since a payload was stamped.
fn delay(payload: &[u8]) -> Duration {
    let stamp = payload
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes));
    Duration::from_micros(microseconds().saturating_sub(stamp))
}
