//! A simulated Asterisk, controlled step by step.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::SimulatedConnection;
use super::live_judge::LiveJudge;
use crate::asterisk::{Judge, Rules, Violation};
use crate::call::{
    Call, CallOptions, CallReceiver, CallStats, Direction, End, Event, Incoming, Line, PATIENCE,
    Player, SendError,
};
use crate::stream::{FrameReader, FrameWriter, WriteError};
use crate::wire::{Audio, Digit, Dtmf, DtmfDialect, Message, Uuid};

/// A simulated Asterisk that calls a server.
///
/// It connects, sends the UUID, audio and digits, and receives the server's frames. It is for tests of a server in any language,
/// without a telephone system.
///
/// It behaves like a real Asterisk (measured with 22.10). It sends the UUID first, then audio every 20 ms in real time. While a
/// key is held, it sends no audio. It sends the digit when the key comes up. It sends no hangup frame.
///
/// ```no_run
/// use std::time::Duration;
/// use audiosocket::simulator::SimulatedAsterisk;
/// use audiosocket::wire::{Audio, Digit, SampleRate};
///
/// let mut asterisk = SimulatedAsterisk::connect("127.0.0.1:9092", SimulatedAsterisk::random_uuid())?;
/// for _ in 0..50 {
///     asterisk.caller().send_frame(Audio::new(SampleRate::Hz8000, &[0; 320])?)?;
/// }
/// asterisk.caller().press(Digit::try_from('5')?, Duration::from_millis(100))?;
/// if let Some(event) = asterisk.receive() {
///     println!("{event:?}");
/// }
/// asterisk.hang_up();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`connect_judged`](SimulatedAsterisk::connect_judged) makes one that reports violations, by the rules of a version of Asterisk.
#[derive(Debug)]
pub struct SimulatedAsterisk {
    /// Dropped first, because its thread shares the connection.
    live_judge: Option<LiveJudge>,
    call: Call<SimulatedConnection>,
    caller: SimulatedCaller,
    started: Instant,
}

impl SimulatedAsterisk {
    /// Connects to a server and sends the UUID. Like Asterisk, it waits up to 2 s for the connection.
    ///
    /// # Errors
    ///
    /// Returns the connection's error after trying each address, or [`TimedOut`](io::ErrorKind::TimedOut) after 2 s.
    pub fn connect(address: impl ToSocketAddrs, uuid: Uuid) -> io::Result<SimulatedAsterisk> {
        let stream = connect_in_time(address)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        FrameWriter::new(&stream)
            .write_message(&Message::Uuid(uuid))
            .map_err(|error| match error {
                WriteError::Io(error) => error,
                other => io::Error::other(other),
            })?;
        let started = Instant::now();
        let peer_addr = stream.peer_addr().ok();
        let connection = Arc::new(SimulatedConnection::new(stream));
        let reader = FrameReader::new(Incoming::new(Arc::clone(&connection)));
        // Asterisk sends no silence, neither at the start nor during a silence of the caller.
        let options = CallOptions::default()
            .initial_silence(false)
            .keep_alive(None);
        let call = Call::begin(
            reader,
            Line::new(connection, uuid, peer_addr, options).without_hangup(),
            options,
        )
        .without_hangup_on_drop();
        let player = Player::new(call.voice());
        Ok(SimulatedAsterisk {
            live_judge: None,
            call,
            caller: SimulatedCaller {
                player,
                dialect: Some(DtmfDialect::default()),
            },
            started,
        })
    }

    /// Connects like [`connect`](SimulatedAsterisk::connect), and judges the server by the rules of a version.
    ///
    /// This Asterisk behaves like that version. When a violation ends the call in that version, it also ends this call, and
    /// [`end`](SimulatedAsterisk::end) returns [`End::LocalHangup`]. Digits are sent in the version's dialect, or not at all if
    /// the version sends no digits. A [`Version`](crate::asterisk::Version) as `rules` means its application, `AudioSocket()`, or
    /// the channel driver of the start-stop fork. [`Rules`] can choose the channel driver of any version.
    ///
    /// The rules depend on milliseconds. So a thread reads the connection without delay, even if the test does not
    /// [receive](SimulatedAsterisk::receive). It keeps up to 4 MiB until they are received, which is 4 minutes of audio at 8 kHz.
    /// Bytes beyond that are judged, but not kept: a test that receives later gets the kept bytes and then [`End::Failed`].
    ///
    /// ```
    /// use audiosocket::asterisk::{Rule, Version};
    /// use audiosocket::simulator::SimulatedAsterisk;
    ///
    /// # use std::io::{Read, Write};
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// # let server = std::thread::spawn(move || {
    /// #     let mut stream = listener.accept().unwrap().0;
    /// #     stream.write_all(&[3, 0, 1, b'5']).unwrap();
    /// #     let _ = stream.read_to_end(&mut Vec::new());
    /// # });
    /// // With a server that sends a DTMF digit:
    /// let uuid = SimulatedAsterisk::random_uuid();
    /// let mut asterisk = SimulatedAsterisk::connect_judged(address, uuid, Version::REFERENCE)?;
    /// while asterisk.receive().is_some() {}
    /// let violations = asterisk.hang_up();
    /// assert_eq!(violations[0].rule, Rule::ForbiddenKind);
    /// # server.join().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`connect`](SimulatedAsterisk::connect), and the system's error if it cannot start the thread.
    pub fn connect_judged(
        address: impl ToSocketAddrs,
        uuid: Uuid,
        rules: impl Into<Rules>,
    ) -> io::Result<SimulatedAsterisk> {
        let mut asterisk = SimulatedAsterisk::connect(address, uuid)?;
        let judge = Judge::new(rules, asterisk.started);
        asterisk.caller.dialect = judge.rules().consequences().digits;
        let voice = asterisk.call.voice();
        let connection = &voice.line().transport;
        let live_judge = LiveJudge::call(Arc::clone(connection.stream()), judge)?;
        connection.read_from(live_judge.reading());
        asterisk.live_judge = Some(live_judge);
        Ok(asterisk)
    }

    /// Sets the dialect of the digits. The default is [`DtmfDialect::Asterisk`].
    #[must_use]
    pub const fn with_dialect(mut self, dialect: DtmfDialect) -> SimulatedAsterisk {
        self.caller.dialect = Some(dialect);
        self
    }

    /// Waits for the next event from the server. Returns `None` when the call is over. See [`Call::receive`].
    ///
    /// A server built with this crate first sends a frame of silence
    /// ([`initial_silence`](crate::call::CallOptions::initial_silence)). It sends another one whenever there has been no traffic
    /// for a second.
    pub fn receive(&mut self) -> Option<Event<'_>> {
        self.call.receive()
    }

    /// Waits for the next event from the server until the given time. See [`CallReceiver::receive_until`].
    pub fn receive_until(&mut self, time: Instant) -> Option<Event<'_>> {
        self.call.receive_until(time)
    }

    /// Returns the caller, which sends audio and presses keys.
    pub const fn caller(&mut self) -> &mut SimulatedCaller {
        &mut self.caller
    }

    /// Splits the call into its receiver and its caller, for use on two threads.
    pub fn split(&mut self) -> (&mut CallReceiver<SimulatedConnection>, &mut SimulatedCaller) {
        (self.call.split().0, &mut self.caller)
    }

    /// Sets a hook that receives all audio of the call from now on. See [`Call::set_audio_hook`].
    pub fn set_audio_hook(&self, hook: impl FnMut(Direction, Audio<'_>, Instant) + Send + 'static) {
        self.call.set_audio_hook(hook);
    }

    /// Returns how the call ended; `None` while it continues.
    ///
    /// The call ends here only when all events before its end have been received.
    pub fn end(&self) -> Option<End> {
        self.call.end()
    }

    /// Returns the statistics of the call so far. The UUID is not counted.
    pub fn stats(&self) -> CallStats {
        self.call.stats()
    }

    /// Returns the violations found so far, if the call is [judged](SimulatedAsterisk::connect_judged).
    ///
    /// Each rule appears once, in the order in which violations were found.
    pub fn violations(&self) -> Vec<Violation> {
        self.call.voice().line().transport.violations()
    }

    /// Hangs up as Asterisk does: closes the connection, without a hangup frame.
    ///
    /// If some of the server's bytes were not received, the kernel resets the connection instead, as it does for Asterisk.
    ///
    /// Returns the violations, if the call is [judged](SimulatedAsterisk::connect_judged). If the server has hung up, this waits up
    /// to 2 s for it to close, because its close is judged, too.
    pub fn hang_up(mut self) -> Vec<Violation> {
        // No shutdown before the close, because it would send the end of the stream ahead of the reset. Dropping this value closes
        // the connection, because nothing else owns it.
        self.live_judge
            .take()
            .map(LiveJudge::dismiss)
            .unwrap_or_default()
    }

    /// Returns a random UUID (version 4), which is unlikely to be in use.
    ///
    /// Do not use it for secrets, because its randomness is that of a hash map's keys.
    pub fn random_uuid() -> Uuid {
        let random = || RandomState::new().build_hasher().finish();
        let value = u128::from(random()) << 64 | u128::from(random());
        let version_and_variant = value & !(0xf << 76 | 0b11 << 62) | 0x4 << 76 | 0b10 << 62;
        Uuid::from_bytes(version_and_variant.to_be_bytes())
    }
}

impl CallReceiver<SimulatedConnection> {
    /// Returns the violations found so far. See [`SimulatedAsterisk::violations`].
    pub fn violations(&self) -> Vec<Violation> {
        self.line().transport.violations()
    }
}

/// The caller of a [`SimulatedAsterisk`]: sends audio in real time, presses keys, or stays silent.
#[derive(Debug)]
pub struct SimulatedCaller {
    player: Player<SimulatedConnection>,
    /// `None` for an Asterisk that sends no digits.
    dialect: Option<DtmfDialect>,
}

impl SimulatedCaller {
    /// Waits until the next frame's scheduled time, then sends the audio and returns its lateness.
    ///
    /// The audio should last 20 ms, because each frame is scheduled 20 ms after the previous one. See [`Player::send_paced`].
    ///
    /// # Errors
    ///
    /// Returns a [`SendError`] if the call is over or the server has disconnected.
    pub fn send_frame(&mut self, audio: Audio<'_>) -> Result<Duration, SendError> {
        self.player.send_paced(audio)
    }

    /// Holds a key, and sends its digit when the key comes up.
    ///
    /// As with Asterisk, no audio is sent while the key is held. In the start-stop dialect, a start frame is also sent when the
    /// key goes down.
    ///
    /// # Errors
    ///
    /// Returns a [`SendError`] if the call is over or the server has disconnected.
    pub fn press(&mut self, digit: Digit, held: Duration) -> Result<(), SendError> {
        self.player.wait();
        let voice = self.player.voice();
        let send = |dtmf| voice.line().send(&Message::Dtmf(dtmf)).map(|_| ());
        if self.dialect == Some(DtmfDialect::StartStop) {
            send(Dtmf::Start(digit))?;
        }
        thread::sleep(held);
        match self.dialect {
            None => {}
            Some(DtmfDialect::Asterisk) => send(Dtmf::Digit(digit))?,
            Some(DtmfDialect::StartStop) => {
                let duration_ms = u32::try_from(held.as_millis()).unwrap_or(u32::MAX);
                send(Dtmf::Stop { digit, duration_ms })?;
            }
        }
        self.player.pacer.restart();
        Ok(())
    }

    /// Returns whether the call is known to be over.
    pub(super) fn has_ended(&self) -> bool {
        self.player.voice().line().end().is_some()
    }

    /// Sends nothing for the given time, as Asterisk does when the caller is silent. Audio after it starts a new schedule.
    pub fn keep_silent(&mut self, duration: Duration) {
        self.player.wait();
        thread::sleep(duration);
        self.player.pacer.restart();
    }
}

fn connect_in_time(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let deadline = Instant::now().checked_add(PATIENCE);
    let mut last_error = io::Error::new(
        io::ErrorKind::InvalidInput,
        "the server's name has no address: use another name or an IP address",
    );
    for address in address.to_socket_addrs()? {
        match connect_until(address, deadline) {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn connect_until(address: SocketAddr, deadline: Option<Instant>) -> io::Result<TcpStream> {
    let left = deadline.map_or(PATIENCE, |at| at.saturating_duration_since(Instant::now()));
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    TcpStream::connect_timeout(&address, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_uuids_differ_and_are_of_version_4() {
        let uuids: Vec<Uuid> = (0..100).map(|_| SimulatedAsterisk::random_uuid()).collect();
        for (place, uuid) in uuids.iter().enumerate() {
            assert!(!uuids[..place].contains(uuid));
            assert_eq!(uuid.as_bytes()[6] >> 4, 4);
            assert_eq!(uuid.as_bytes()[8] >> 6, 0b10);
        }
    }
}
