//! A server on a thread, and a record of its connections, for tests of what a server does for its calls.

// Each test program uses a part of this file.
#![allow(dead_code)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallStats, End, Event, Mark};
use audiosocket::server::{Incident, ServerBuilder, ServerHandle};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::{Audio, Message, SampleRate, Uuid};

/// When a test gives up. A test that passes takes far less time.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A hangup frame. A refused connection receives nothing else.
pub const HANGUP: [u8; 3] = [0, 0, 0];

/// An audio frame of one sample.
pub const SAMPLE: [u8; 5] = [0x10, 0x00, 0x02, 0x05, 0x06];

pub type HandlerResult = Result<(), Box<dyn Error + Send + Sync>>;

/// A call whose handler has returned.
#[derive(Clone, Debug)]
pub struct Ended {
    pub uuid: Uuid,
    pub peer: SocketAddr,
    /// `None` if the handler returned during the call.
    pub end: Option<End>,
    pub stats: CallStats,
}

/// What a server has reported about its connections so far.
#[derive(Default)]
pub struct Said {
    pub ended: Vec<Ended>,
    /// The refused peers, each with the name of its `Refusal`.
    pub refused: Vec<(SocketAddr, String)>,
    /// All other incidents, as text.
    pub incidents: Vec<String>,
}

pub struct Served {
    pub address: SocketAddr,
    pub handle: ServerHandle,
    said: Arc<Mutex<Said>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Served {
    pub fn start(
        builder: ServerBuilder,
        handler: impl Fn(&mut Call) -> HandlerResult + Send + Sync + 'static,
    ) -> Served {
        let said = Arc::new(Mutex::new(Said::default()));
        let (incidents, ends) = (Arc::clone(&said), Arc::clone(&said));
        let server = builder
            .on_incident(move |incident| {
                let mut said = incidents.lock().unwrap();
                match incident {
                    Incident::Refused { peer, refusal, .. } => {
                        said.refused.push((*peer, format!("{refusal:?}")));
                    }
                    other => said.incidents.push(other.to_string()),
                }
            })
            .bind("127.0.0.1:0")
            .unwrap();
        let (address, handle) = (server.local_addr(), server.handle());
        let thread = thread::spawn(move || {
            server.run(|call| {
                let result = handler(call);
                ends.lock().unwrap().ended.push(Ended {
                    uuid: call.uuid(),
                    peer: call.peer_addr().unwrap(),
                    end: call.end(),
                    stats: call.stats(),
                });
                result
            })
        });
        Served {
            address,
            handle,
            said,
            thread,
        }
    }

    /// A connection that has sent nothing yet.
    pub fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// A connection that has sent its UUID.
    pub fn connect_as(&self, uuid: Uuid) -> TcpStream {
        connect_as(self.address, uuid)
    }

    pub fn simulate(&self, uuid: Uuid) -> SimulatedAsterisk {
        SimulatedAsterisk::connect(self.address, uuid).unwrap()
    }

    /// Waits until the handler of a connection returns.
    #[track_caller]
    pub fn end_of(&self, stream: &TcpStream) -> Ended {
        self.end_of_peer(stream.local_addr().unwrap())
    }

    #[track_caller]
    pub fn end_of_peer(&self, peer: SocketAddr) -> Ended {
        eventually("an end", || {
            let said = self.said.lock().unwrap();
            said.ended.iter().find(|ended| ended.peer == peer).cloned()
        })
    }

    /// Waits until a connection is refused, and returns the name of the reason.
    #[track_caller]
    pub fn refusal_of(&self, stream: &TcpStream) -> String {
        let peer = stream.local_addr().unwrap();
        eventually("a refusal", || {
            let said = self.said.lock().unwrap();
            let refused = said.refused.iter().find(|refused| refused.0 == peer)?;
            Some(refused.1.clone())
        })
    }

    /// Removes and returns the ends so far.
    pub fn forget_the_ended(&self) -> Vec<Ended> {
        core::mem::take(&mut self.said.lock().unwrap().ended)
    }

    #[track_caller]
    pub fn incident(&self) -> String {
        eventually("an incident", || self.said.lock().unwrap().incidents.pop())
    }

    #[track_caller]
    pub fn wait_for_calls(&self, calls: usize) {
        eventually(&format!("{calls} calls"), || {
            // A call is listed until it has ended, and counted until its place is free.
            let counts = (self.handle.calls().len(), self.handle.stats().calls);
            (counts == (calls, calls)).then_some(())
        });
    }

    #[track_caller]
    pub fn wait_for_pending(&self, pending: usize) {
        eventually(&format!("{pending} pending"), || {
            (self.handle.stats().pending == pending).then_some(())
        });
    }

    /// Waits for `run` to return. Another part of the test must have started the shutdown.
    #[track_caller]
    pub fn wait(self) -> Said {
        self.thread.join().unwrap().unwrap();
        core::mem::take(&mut *self.said.lock().unwrap())
    }

    #[track_caller]
    pub fn stop(self) -> Said {
        self.handle.shut_down(Duration::ZERO);
        self.wait()
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub fn connect_as(address: SocketAddr, uuid: Uuid) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(&uuid_frame(uuid)).unwrap();
    stream
}

/// Accepts a connection for a test that closes it.
///
/// On Windows, a program that another test starts inherits every accepted connection and keeps it open. It inherits no clone.
pub fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().unwrap().0.try_clone().unwrap()
}

/// Repeats the question until it has a result.
#[track_caller]
pub fn eventually<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(answer) = answer() {
            return answer;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("waited for {what} in vain");
}

/// Sends a piece at each interval and returns the bytes received, until the end of the stream. A reset is a failure, even after
/// that end, because a sender may notice the end late.
#[track_caller]
pub fn read_while_sending(mut stream: &TcpStream, piece: &[u8], pause: Duration) -> Vec<u8> {
    let started = Instant::now();
    let mut not_yet_over = started;
    let mut answer = Vec::new();
    stream.set_nonblocking(true).unwrap();
    while started.elapsed() < PATIENCE {
        let now = Instant::now();
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(0) => {
                talk_after_the_end(stream, not_yet_over);
                return answer;
            }
            Ok(count) => answer.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                not_yet_over = now;
                match stream.write(piece) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => panic!("sending failed: {error}"),
                }
                thread::sleep(pause);
            }
            Err(error) => panic!("reading failed: {error}"),
        }
    }
    panic!("no end of the stream after {} bytes", answer.len());
}

/// Sends a little more after the server's hangup. If the server had closed, it would reset the connection at the first piece, and
/// the second could not be sent. A server waits 2 s for its peer to close. If that time may be over, the test proves nothing.
#[track_caller]
pub fn talk_after_the_end(mut stream: &TcpStream, not_yet_over: Instant) {
    for _ in 0..3 {
        if let Err(error) = stream.write_all(&SAMPLE) {
            let may_be_over = not_yet_over.elapsed() > Duration::from_millis(1500);
            assert!(may_be_over, "the server stopped reading too early: {error}");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads to the end of the stream and fails at a reset.
#[track_caller]
pub fn read_to_end(mut stream: &TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// Sends one sample and waits for its echo, which shows that the call is alive.
#[track_caller]
pub fn hear_an_echo(mut stream: &TcpStream) {
    let mut echo = [0; SAMPLE.len()];
    stream.write_all(&SAMPLE).unwrap();
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(echo, SAMPLE);
}

pub fn echo(call: &mut Call) -> HandlerResult {
    let voice = call.voice();
    while let Some(event) = call.receive() {
        if let Some(audio) = event.audio() {
            voice.send_now(audio)?;
        }
    }
    Ok(())
}

pub fn uuid(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

pub fn uuid_frame(uuid: Uuid) -> [u8; 19] {
    let mut frame = [0; 19];
    Message::Uuid(uuid).encode(&mut frame).unwrap();
    frame
}

pub fn audio(bytes: &[u8]) -> Audio<'_> {
    Audio::new(SampleRate::Hz8000, bytes).unwrap()
}

/// Whether an event is this mark. Fails the test if the call ends first.
#[track_caller]
pub fn is_mark_next(event: Option<Event<'_>>, mark: Mark) -> bool {
    matches!(event.expect("the call continues"), Event::MarkReached(reached) if reached == mark)
}

/// Reads a frame of silence: 20 ms at 8 kHz.
#[track_caller]
pub fn read_silence(mut stream: &TcpStream) {
    let mut frame = [0xff; 323];
    stream.read_exact(&mut frame).unwrap();
    let (header, samples) = frame.split_at(3);
    assert_eq!(header, [0x10, 0x01, 0x40]);
    assert!(samples.iter().all(|byte| *byte == 0));
}
