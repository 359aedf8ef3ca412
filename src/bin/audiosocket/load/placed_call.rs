//! One call of a load. Its own thread connects, receives and hangs up. A thread shared by many calls sends its audio.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{End, Timeout};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::stream::{Filled, FrameReader, FrameWriter, WriteError};
use audiosocket::wire::{Frame, Header, Kind, Message};

use super::echo::Echo;
use super::run::Run;
use super::stamp::{SOUND_LEN, Stamp};
use super::tally::{Check, Tally};
use crate::closed_at_once::end_text;

/// Call that is not placed yet, in progress, or over.
#[derive(Debug, Default)]
pub struct PlacedCall {
    number: u32,
    /// Set when the UUID has been sent.
    stream: OnceLock<TcpStream>,
    sent: AtomicU32,
    /// Why the call could not send all frames.
    failure: OnceLock<ErrorKind>,
    is_over: AtomicBool,
    /// Tally after the last received frames, for readers on other threads.
    received: Mutex<Tally>,
}

/// Result of a call.
#[derive(Debug)]
pub struct Outcome {
    pub tally: Tally,
    pub fault: Option<Fault>,
    /// Kinds of received frames that are neither this tool's audio nor silence.
    pub unexpected: BTreeSet<u8>,
}

/// Fault of a whole call, with its reason.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// The connection failed, or the server ended it before it sent audio.
    Refused(String),
    EndedEarly(String),
    /// The server did not close after the hangup.
    NotClosed,
    /// The server did not close after the hangup, and sent audio all the time.
    StillPlaying,
}

/// Connect timeout, the same as Asterisk's.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Read timeout, which only limits how late silence is noticed. Received bytes are read immediately.
const READ_TIMEOUT: Duration = Duration::from_millis(250);
/// Write timeout. A frame is sent every 20 ms, so a full buffer means that the server has not read for seconds. One thread sends
/// for many calls, so it must not wait long. In effect the timeout is one tick of the kernel.
const WRITE_TIMEOUT: Duration = Duration::from_millis(1);
/// How long to wait for the last frames, and then for the server to close.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server whose last audio is not older than this has not stopped playing.
const STILL_PLAYING: Duration = Duration::from_secs(1);

impl PlacedCall {
    pub fn new(number: u32) -> PlacedCall {
        PlacedCall {
            number,
            ..PlacedCall::default()
        }
    }

    /// Connects and sends the UUID.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        FrameWriter::new(&stream)
            .write_message(&Message::Uuid(SimulatedAsterisk::random_uuid()))
            .map_err(|error| match error {
                WriteError::Io(error) => error,
                other => io::Error::other(other),
            })?;
        // A call connects only once.
        let _ = self.stream.set(stream);
        Ok(())
    }

    /// Sends the next frame, if the call is connected and has a frame left.
    pub fn send_next(&self, run: &Run) {
        let sent = self.sent.load(Ordering::Relaxed);
        let Some(stream) = self.stream.get().filter(|_| !self.has_sent_all(run)) else {
            return;
        };
        let stamp = Stamp {
            run: run.number,
            call: self.number,
            frame: sent,
            sent_at: run.nanoseconds(),
        };
        // Counted before sending, because the echo can arrive before this thread continues.
        self.sent.store(sent + 1, Ordering::Relaxed);
        if let Err(error) = write_audio(stream, &stamp.sound()) {
            self.sent.store(sent, Ordering::Relaxed);
            let _ = self.failure.set(error.kind());
            // Wakes the other thread, which reads the remaining bytes and then the end.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Returns whether all frames have been sent, or no more can be sent.
    pub fn has_sent_all(&self, run: &Run) -> bool {
        self.sent.load(Ordering::Relaxed) >= run.frames_per_call
            || self.failure.get().is_some()
            || self.is_over()
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Returns whether the call is connected and not over.
    pub fn is_under_way(&self) -> bool {
        self.stream.get().is_some() && !self.is_over()
    }

    /// Returns the frames sent and received so far.
    pub fn tally(&self) -> Tally {
        let received = *self.received.lock().unwrap_or_else(PoisonError::into_inner);
        Tally {
            sent: self.sent.load(Ordering::Relaxed) as usize,
            ..received
        }
    }

    /// Connects, unless the call is connected, and receives until the call is over.
    pub fn run(&self, run: &Run) -> Outcome {
        let mut unexpected = BTreeSet::new();
        let fault = match self.connect_in_turn(run) {
            Err(error) => Some(Fault::Refused(reason_not_connected(&error))),
            Ok(None) => None,
            Ok(Some(stream)) => Receiving::new(self, run, stream, &mut unexpected).run(),
        };
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(stream) = self.stream.get() {
            // The stream stays open because the sending thread may be about to write. The shutdown ends the peer's wait.
            let _ = stream.shutdown(Shutdown::Both);
        }
        Outcome {
            tally: self.tally(),
            fault,
            unexpected,
        }
    }

    /// Connects when it is this call's turn. Returns `None` if the run is stopped before that.
    fn connect_in_turn(&self, run: &Run) -> io::Result<Option<&TcpStream>> {
        if self.stream.get().is_none() {
            thread::sleep(run.time_left_to(run.start_of(self.number)));
            if run.is_stopped() {
                return Ok(None);
            }
            self.connect(run.address)?;
        }
        Ok(self.stream.get())
    }
}

fn write_audio(mut stream: &TcpStream, sound: &[u8; SOUND_LEN]) -> io::Result<()> {
    let mut buffer = [0; Header::LEN + SOUND_LEN];
    let bytes = Frame::new(Kind::SLIN, sound)
        .map_err(io::Error::other)?
        .encode(&mut buffer)
        .map_err(io::Error::other)?;
    stream.write_all(bytes)
}

fn reason_not_connected(error: &io::Error) -> String {
    // EMFILE and ENFILE, on every Unix.
    match error.raw_os_error() {
        Some(23 | 24) if cfg!(unix) => {
            format!("{error}: use fewer --calls, or raise the limit with 'ulimit -n'")
        }
        _ => error.to_string(),
    }
}

/// Receiving side of a call.
struct Receiving<'a> {
    call: &'a PlacedCall,
    run: &'a Run,
    stream: &'a TcpStream,
    reader: FrameReader<&'a TcpStream>,
    echo: Echo,
    check: Check,
    /// When the last audio arrived.
    last_audio: Option<Instant>,
    unexpected: &'a mut BTreeSet<u8>,
    /// When to stop waiting, first for the last frames and then for the server to close.
    deadline: Option<Instant>,
    has_hung_up: bool,
    frames_received: usize,
}

impl<'a> Receiving<'a> {
    fn new(
        call: &'a PlacedCall,
        run: &'a Run,
        stream: &'a TcpStream,
        unexpected: &'a mut BTreeSet<u8>,
    ) -> Receiving<'a> {
        Receiving {
            call,
            run,
            stream,
            reader: FrameReader::new(stream),
            echo: Echo::default(),
            check: Check::new(run.number, call.number, run.frames_per_call),
            last_audio: None,
            unexpected,
            deadline: None,
            has_hung_up: false,
            frames_received: 0,
        }
    }

    /// Receives until the call ends, and hangs up when it is time.
    fn run(mut self) -> Option<Fault> {
        let end = loop {
            match self.reader.fill() {
                Ok(Filled::End) => break Some(End::Closed),
                Ok(_) => {}
                Err(error) if error.is_timeout() => {}
                Err(error) => break Some(End::from(error)),
            }
            let is_hung_up = self.process_frames();
            self.publish();
            if is_hung_up {
                break Some(End::RemoteHangup);
            }
            if self.is_time_to_go() {
                if self.has_hung_up {
                    break None;
                }
                self.hang_up();
            }
        };
        if let Some(piece) = self.echo.last(self.run.number) {
            self.check.count(piece);
        }
        let sent = self.call.sent.load(Ordering::Relaxed) as usize;
        self.check.finish(sent);
        self.publish();
        self.fault(end)
    }

    /// Processes the frames that have been read. Returns whether one of them is a hangup.
    fn process_frames(&mut self) -> bool {
        let at = self.run.nanoseconds();
        // The reader accepts frames of every length, so no frame is too long.
        while let Ok(Some(frame)) = self.reader.buffered_frame() {
            self.frames_received += 1;
            let sound = frame.payload();
            match frame.kind() {
                Kind::HANGUP if !self.has_hung_up => return true,
                Kind::HANGUP => {}
                Kind::SLIN => {
                    self.last_audio = Some(Instant::now());
                    let (check, round_trips) = (&mut self.check, &self.run.round_trips);
                    self.echo.add(self.run.number, sound, |piece| {
                        if let Some(stamp) = check.count(piece) {
                            let nanoseconds = at.saturating_sub(stamp.sent_at);
                            round_trips.add(Duration::from_nanos(nanoseconds));
                        }
                    });
                }
                // Silence at another rate, which a server may send on its own.
                kind if kind.sample_rate().is_some() && sound.iter().all(|byte| *byte == 0) => {}
                kind => {
                    self.check.tally.unexpected += 1;
                    self.unexpected.insert(kind.byte());
                }
            }
        }
        false
    }

    fn publish(&self) {
        *self
            .call
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = self.check.tally;
    }

    fn is_time_to_go(&mut self) -> bool {
        let now = Instant::now();
        if self.deadline.is_none() && self.call.has_sent_all(self.run) {
            self.deadline = now.checked_add(PATIENCE);
        }
        let is_too_late = self.deadline.is_some_and(|deadline| now >= deadline);
        let tally = self.check.tally;
        let has_received_all = self.deadline.is_some()
            && tally.right + tally.corrupt >= self.run.frames_per_call as usize;
        is_too_late || !self.has_hung_up && (has_received_all || self.run.is_stopped())
    }

    /// Hangs up so that no bytes in transit are lost.
    fn hang_up(&mut self) {
        // If the send fails, the end of the stream shows the reason.
        let _ = FrameWriter::new(self.stream).write_message(&Message::Hangup);
        let _ = self.stream.shutdown(Shutdown::Write);
        self.has_hung_up = true;
        self.deadline = Instant::now().checked_add(PATIENCE);
    }

    /// Returns the fault of a call that ended with `end`. `None` means that the server did not confirm the end.
    fn fault(&self, end: Option<End>) -> Option<Fault> {
        if self.run.is_stopped() {
            return None;
        }
        let Some(end) = end else {
            let is_playing = self
                .last_audio
                .is_some_and(|at| at.elapsed() < STILL_PLAYING);
            return Some(match is_playing {
                true => Fault::StillPlaying,
                false => Fault::NotClosed,
            });
        };
        // After the hangup, all ends are alike.
        if self.has_hung_up {
            return None;
        }
        let end = match self.call.failure.get() {
            Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => End::TimedOut(Timeout::Write),
            Some(ErrorKind::ConnectionReset) => End::Reset,
            _ => end,
        };
        Some(if self.last_audio.is_some() {
            Fault::EndedEarly(end.to_string())
        } else {
            Fault::Refused(end_text(end, self.frames_received))
        })
    }
}
