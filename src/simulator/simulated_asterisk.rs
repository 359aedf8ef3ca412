//! Asterisk's part of a call, played by us.

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

/// Plays Asterisk's part: connects to a server, sends the UUID, then audio in real time and digits, and hears what comes back.
///
/// For tests of a server in any language, without a telephone system. It does what a real Asterisk was seen to do (measured
/// with 22.10): the UUID first, audio every 20 ms, none while a digit is held, the digit when it comes up, no hangup frame.
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
/// [`judged_by`](SimulatedAsterisk::judged_by) makes it take offence at what a version of Asterisk takes offence at.
#[derive(Debug)]
pub struct SimulatedAsterisk {
    /// Goes first when it is dropped: its thread has the connection, too.
    live_judge: Option<LiveJudge>,
    call: Call<SimulatedConnection>,
    caller: SimulatedCaller,
    started: Instant,
}

impl SimulatedAsterisk {
    /// Connects to a server and sends the UUID. Asterisk gives a server 2 s for that, and so does this.
    ///
    /// # Errors
    ///
    /// The connection's, with each address tried; [`TimedOut`](io::ErrorKind::TimedOut) after 2 s.
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
        // Asterisk sends nothing by itself, neither at once nor to fill a silence.
        let options = CallOptions::default()
            .initial_silence(false)
            .keep_alive(None);
        let call = Call::begin(
            reader,
            Line::new(connection, uuid, peer_addr, options).without_hangup(),
            options,
        )
        .without_hangup_on_drop();
        let speaker = Player::new(call.voice());
        Ok(SimulatedAsterisk {
            live_judge: None,
            call,
            caller: SimulatedCaller {
                speaker,
                dialect: Some(DtmfDialect::default()),
            },
            started,
        })
    }

    /// The same Asterisk, judging what the server sends by the rules of a version, in the application unless they say otherwise,
    /// and doing what that version does: at what ends its calls it ends this one, and [`end`](SimulatedAsterisk::end) is then
    /// [`End::LocalHangup`]. Digits go out in that version's dialect; none do if it sends none.
    ///
    /// A thread reads the connection from now on, at once and whether anybody [receives](SimulatedAsterisk::receive) or not,
    /// since the rules are about milliseconds. What it has read and nobody has received is kept up to 4 MB, 4 minutes at 8 kHz;
    /// beyond that the rest is judged and not kept, and who receives after all gets to [`End::Failed`] in the end.
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
    /// // With a server that answers with a DTMF digit:
    /// let mut asterisk = SimulatedAsterisk::connect(address, SimulatedAsterisk::random_uuid())?
    ///     .judged_by(Version::REFERENCE)?;
    /// while asterisk.receive().is_some() {}
    /// let violations = asterisk.hang_up();
    /// assert_eq!(violations[0].rule, Rule::ForbiddenKind);
    /// # server.join().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The system's, if it has no thread for it; [`InvalidInput`](io::ErrorKind::InvalidInput) if it is judged already or
    /// something has been received: a call is judged from its beginning.
    pub fn judged_by(mut self, rules: impl Into<Rules>) -> io::Result<SimulatedAsterisk> {
        let (listener, _) = self.call.split();
        if self.live_judge.is_some() || listener.has_read() {
            let message = "a call is judged by one version, and from its beginning";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let judge = Judge::new(rules, self.started);
        self.caller.dialect = judge.rules().behaviour().digits;
        let voice = self.call.voice();
        let connection = &voice.line().transport;
        let live_judge = LiveJudge::call(Arc::clone(connection.stream()), judge)?;
        connection.read_from(live_judge.reading());
        self.live_judge = Some(live_judge);
        Ok(self)
    }

    /// The same Asterisk with digits in the given dialect; by default, [`DtmfDialect::Asterisk`].
    #[must_use]
    pub const fn with_dialect(mut self, dialect: DtmfDialect) -> SimulatedAsterisk {
        self.caller.dialect = Some(dialect);
        self
    }

    /// Waits for what the server sends next; `None` when the call is over. See [`Call::receive`].
    ///
    /// From a server of this crate a frame of silence comes first
    /// ([`initial_silence`](crate::call::CallOptions::initial_silence)), and more whenever nothing has moved for a second.
    pub fn receive(&mut self) -> Option<Event<'_>> {
        self.call.receive()
    }

    /// The same, but waits no longer than to the given time. See [`CallReceiver::receive_until`].
    pub fn receive_until(&mut self, time: Instant) -> Option<Event<'_>> {
        self.call.receive_until(time)
    }

    /// The caller, who talks and presses keys.
    pub const fn caller(&mut self) -> &mut SimulatedCaller {
        &mut self.caller
    }

    /// The ears and the mouth of the caller, for a thread each.
    pub fn split(&mut self) -> (&mut CallReceiver<SimulatedConnection>, &mut SimulatedCaller) {
        (self.call.split().0, &mut self.caller)
    }

    /// Tells a hook of all audio of the call from now on. See [`Call::set_audio_hook`].
    pub fn set_audio_hook(&self, hook: impl FnMut(Direction, Audio<'_>, Instant) + Send + 'static) {
        self.call.set_audio_hook(hook);
    }

    /// How the call ended; `None` as long as it goes on, for all that has been received so far.
    pub fn end(&self) -> Option<End> {
        self.call.end()
    }

    /// What has been counted on the call so far; the UUID does not count.
    pub fn stats(&self) -> CallStats {
        self.call.stats()
    }

    /// What the server has been found to do wrong so far, if it is [judged](SimulatedAsterisk::judged_by): each rule once, in the
    /// order in which it was found.
    pub fn violations(&self) -> Vec<Violation> {
        self.call.voice().line().transport.violations()
    }

    /// Hangs up as Asterisk does: by closing the connection, without a hangup frame. If the server has sent something that was
    /// not received, the kernel resets the connection instead, as Asterisk's does.
    ///
    /// Answers what the server has been found to do wrong, if it is [judged](SimulatedAsterisk::judged_by). If it has hung up
    /// itself, how it then closes is part of that, and waited for up to 2 s.
    pub fn hang_up(mut self) -> Vec<Violation> {
        // No shutdown before the close: it would send the end of the stream ahead of the reset. All that holds the connection is
        // in here, and nothing hands out more than a reference to it.
        self.live_judge
            .take()
            .map(LiveJudge::dismiss)
            .unwrap_or_default()
    }

    /// A UUID that nobody else is likely to use (version 4). Not for secrets: its randomness is that of a hash map's keys.
    pub fn random_uuid() -> Uuid {
        let random = || RandomState::new().build_hasher().finish();
        let value = u128::from(random()) << 64 | u128::from(random());
        let version_and_variant = value & !(0xf << 76 | 0b11 << 62) | 0x4 << 76 | 0b10 << 62;
        Uuid::from_bytes(version_and_variant.to_be_bytes())
    }
}

impl CallReceiver<SimulatedConnection> {
    /// What the server has been found to do wrong so far. See [`SimulatedAsterisk::violations`].
    pub fn violations(&self) -> Vec<Violation> {
        self.line().transport.violations()
    }
}

/// The caller behind a [`SimulatedAsterisk`]: talks in real time, presses keys, or keeps silent.
#[derive(Debug)]
pub struct SimulatedCaller {
    speaker: Player<SimulatedConnection>,
    /// `None` for an Asterisk that sends no digits.
    dialect: Option<DtmfDialect>,
}

impl SimulatedCaller {
    /// Says audio of 20 ms when it is due, and answers how late that was. See [`Player::send_paced`].
    ///
    /// # Errors
    ///
    /// [`SendError`] if the server takes no more.
    pub fn send_frame(&mut self, audio: Audio<'_>) -> Result<Duration, SendError> {
        self.speaker.send_paced(audio)
    }

    /// Holds a key. As with Asterisk no audio goes out meanwhile, and the digit is sent when the key comes up, in the
    /// start-stop dialect also when it goes down.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the server takes no more.
    pub fn press(&mut self, digit: Digit, held: Duration) -> Result<(), SendError> {
        self.speaker.wait();
        let voice = self.speaker.voice();
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
        self.speaker.pacer.restart();
        Ok(())
    }

    /// Says nothing for a while. Asterisk sends nothing then; audio after it starts a new schedule.
    pub fn keep_silent(&mut self, duration: Duration) {
        self.speaker.wait();
        thread::sleep(duration);
        self.speaker.pacer.restart();
    }
}

fn connect_in_time(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let deadline = Instant::now().checked_add(PATIENCE);
    let mut last_error = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
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
