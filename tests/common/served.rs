//! A server on a thread, and what it made of its connections; for the tests of what a server owes its calls.

// Each test program uses its part of this.
#![allow(dead_code)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallStats, End, Event, Mark};
use audiosocket::server::{Incident, ServerBuilder, ServerHandle};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::{Audio, Message, SampleRate, Uuid};

/// When a test gives up. Nothing that goes well comes near it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A hangup frame, which is all a connection reads that is refused.
pub const HANGUP: [u8; 3] = [0, 0, 0];

/// An audio frame of one sample.
pub const SAMPLE: [u8; 5] = [0x10, 0x00, 0x02, 0x05, 0x06];

pub type HandlerResult = Result<(), Box<dyn Error + Send + Sync>>;

/// A call whose handler has returned.
#[derive(Clone, Debug)]
pub struct Ended {
    pub uuid: Uuid,
    pub peer: SocketAddr,
    /// `None` if the handler left while the call went on.
    pub end: Option<End>,
    pub stats: CallStats,
}

/// What a server has said of its connections so far.
#[derive(Default)]
pub struct Said {
    pub ended: Vec<Ended>,
    /// The peers refused, and `Refusal` by name.
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

    /// Waits for the handler of a connection to return.
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

    /// Waits for a connection to be refused, and answers with what name.
    #[track_caller]
    pub fn refusal_of(&self, stream: &TcpStream) -> String {
        let peer = stream.local_addr().unwrap();
        eventually("a refusal", || {
            let said = self.said.lock().unwrap();
            let refused = said.refused.iter().find(|refused| refused.0 == peer)?;
            Some(refused.1.clone())
        })
    }

    /// Answers the ends so far, and keeps none.
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

    /// Waits for `run` to return, which somebody has to have asked for.
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

/// Asks again and again, until there is an answer.
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

/// Sends a piece every so often and answers what was read meanwhile, until the end of the stream. A reset is a failure, also one
/// that comes after the end: who talks notices the end only after a while.
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

/// Says a little more after the server's hangup. The first of it would be answered with a reset by a server that has closed, the
/// next could not be sent then. A server waits for 2 s for its peer to close; if that may be over, nothing is learned.
#[track_caller]
pub fn talk_after_the_end(mut stream: &TcpStream, not_yet_over: Instant) {
    for _ in 0..3 {
        if let Err(error) = stream.write_all(&SAMPLE) {
            let may_be_over = not_yet_over.elapsed() > Duration::from_millis(1500);
            assert!(
                may_be_over,
                "the server does not take what is under way: {error}"
            );
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads to the end of the stream, which is to be no reset.
#[track_caller]
pub fn read_to_end(mut stream: &TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// Says one sample and waits for its echo: the call is alive.
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

/// Whether an event is this mark; a call that ends first fails the test.
#[track_caller]
pub fn is_mark_next(event: Option<Event<'_>>, mark: Mark) -> bool {
    matches!(event.expect("the call goes on"), Event::MarkReached(reached) if reached == mark)
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
