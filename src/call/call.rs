//! One call, from its UUID to its end.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::hangup::{PATIENCE, drain, hang_up};
use super::line::Line;
use super::transport::{Incoming, Outgoing, Transport, at_least_a_millisecond, first_send_timeout};
use super::{
    CallOptions, CallReceiver, CallStats, Direction, End, Event, Gather, Gathered, HangUpOnDrop,
    Mark, PlayError, PlayOutcome, Player, Prompt, Refusal, SendError, Unplayed, Voice,
};
use crate::stream::{Filled, FrameReader, FrameWriter, ReadError};
use crate::wav::Wav;
use crate::wire::{Audio, Frame, Kind, Message, SampleRate, Uuid};

/// `AST_CONTROL_ANSWER`, in the dialect of the fork's later commits.
const CONTROL_ANSWER: u8 = 4;

/// A call on one connection: the messages received and the audio sent back.
///
/// A [`Server`](crate::server::Server) passes one to its handler for each connection. [`Call::accept`] makes a call of any other
/// connection that implements [`Transport`].
///
/// ```no_run
/// use audiosocket::call::{Call, Event};
/// use audiosocket::wire::Message;
///
/// fn handle(call: &mut Call) {
///     while let Some(event) = call.receive() {
///         match event {
///             Event::Message(Message::Audio(audio)) => println!("{} samples", audio.samples().len()),
///             Event::Message(Message::Dtmf(dtmf)) => println!("digit {}", dtmf.digit()),
///             other => println!("{other:?}"),
///         }
///     }
///     if let Some(end) = call.end() {
///         println!("{}: {end}", call.uuid());
///     }
/// }
/// ```
pub struct Call<T: Transport = TcpStream> {
    listener: CallReceiver<T>,
    speaker: Player<T>,
    voice: Voice<T>,
    /// Whether dropping the call ends the connection. A server or a simulated Asterisk ends it in its own way.
    hangs_up_on_drop: bool,
}

impl<T: Transport> Call<T> {
    /// Waits for the UUID, which starts a call.
    ///
    /// The whole UUID has to arrive within [`uuid_timeout`](CallOptions::uuid_timeout).
    ///
    /// Dropping the call hangs up and waits up to 0.25 s for the peer to close; [`close`](Call::close) waits up to 2 s. If another
    /// thread is sending to a peer that does not read, both first wait for that thread, up to the
    /// [`write_timeout`](CallOptions::write_timeout).
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the connection does not start with a UUID. The connection has then been ended cleanly, which can take 2 s
    /// more.
    pub fn accept(transport: T, options: CallOptions) -> Result<Call<T>, Refusal> {
        let transport = Arc::new(transport);
        let peer_addr = transport.remote_addr();
        let opened = Call::open(Arc::clone(&transport), peer_addr, options, || None);
        if opened.is_err() {
            let outgoing = Outgoing::new(Arc::clone(&transport), options.write_timeout);
            hang_up(&mut FrameWriter::new(outgoing), &*transport);
            drain(&*transport, PATIENCE);
        }
        if let Ok(call) = &opened {
            call.greet(options);
        }
        opened
    }

    /// Waits for the UUID like [`accept`](Call::accept), but leaves greeting, and ending a refused connection, to its caller.
    ///
    /// `dismissed` is called a few times a second. It returns a [`Refusal`] to give up waiting.
    pub(crate) fn open(
        transport: Arc<T>,
        peer_addr: Option<SocketAddr>,
        options: CallOptions,
        dismissed: impl Fn() -> Option<Refusal>,
    ) -> Result<Call<T>, Refusal> {
        transport
            .set_send_timeout(first_send_timeout(options.write_timeout))
            .map_err(Refusal::Io)?;
        let incoming = Incoming::new(Arc::clone(&transport));
        let mut reader =
            FrameReader::with_max_payload_len(incoming, options.max_payload_len.max(Uuid::LEN));
        let uuid = read_uuid(&mut reader, &*transport, options.uuid_timeout, dismissed)?;
        let line = Line::new(transport, uuid, peer_addr, options);
        Ok(Call::begin(reader, line, options))
    }

    pub(crate) fn begin(
        reader: FrameReader<Incoming<T>>,
        line: Arc<Line<T>>,
        options: CallOptions,
    ) -> Call<T> {
        let voice = Voice::new(Arc::clone(&line));
        Call {
            listener: CallReceiver::new(reader, line, options),
            speaker: Player::new(voice.clone()),
            voice,
            hangs_up_on_drop: true,
        }
    }

    /// Returns the call without its hangup on drop. The calling function ends the connection.
    pub(crate) fn without_hangup_on_drop(mut self) -> Call<T> {
        self.hangs_up_on_drop = false;
        self
    }

    /// Sends the first frames that the options ask for: the one that answers, and silence.
    pub(crate) fn greet(&self, options: CallOptions) {
        if options.sends_answer {
            if let Ok(answer) = Frame::new(Kind::DTMF_DIGIT, &[CONTROL_ANSWER]) {
                // If it cannot be sent, the receiver soon finds the call's end.
                let _ = self.voice.line().send(&Message::Unknown(answer));
            }
        }
        if options.initial_silence {
            self.voice.line().send_silence();
        }
    }

    /// Returns the UUID of the call, which its dialplan chose.
    pub fn uuid(&self) -> Uuid {
        self.voice.uuid()
    }

    /// Returns the peer's address, if the transport knows it; a TCP connection does.
    ///
    /// An IPv4 peer has an IPv4 address, even if the listener is for both families and the system prints `::ffff:192.0.2.1`.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.voice.line().peer_addr
    }

    /// Waits for the next event; returns `None` when the call is over.
    ///
    /// [`end`](Call::end) then returns how it ended.
    ///
    /// A malformed or unknown frame is an event like any other. Only the end of the call ends the events.
    pub fn receive(&mut self) -> Option<Event<'_>> {
        self.listener.receive()
    }

    /// Waits for the next event until the given time, then returns [`Event::TimeUp`].
    ///
    /// After that time, it keeps returning [`Event::TimeUp`], so a loop has to end there or set a new time. See
    /// [`CallReceiver::receive_until`].
    pub fn receive_until(&mut self, time: Instant) -> Option<Event<'_>> {
        self.listener.receive_until(time)
    }

    /// Returns a handle for sending on the call.
    ///
    /// The handle can be used from other threads and while an event is borrowed.
    pub fn voice(&self) -> Voice<T> {
        self.voice.clone()
    }

    /// Sets a hook that receives all audio of the call from now on.
    ///
    /// The hook receives both directions, with the time at which the audio was read or had been sent. Use it to measure or
    /// forward the audio of a call. A call has one hook; setting another replaces it.
    ///
    /// The hook runs on the thread that receives or sends, between two frames, so a slow hook makes the next frame late. It must
    /// not send on the same call, because that would deadlock.
    ///
    /// ```no_run
    /// use audiosocket::call::{Call, Direction};
    ///
    /// fn measure(call: &Call) {
    ///     call.set_audio_hook(|direction, audio, _at| {
    ///         let loudest = audio.samples().map(i16::unsigned_abs).max().unwrap_or(0);
    ///         println!("{direction:?}: up to {loudest}");
    ///     });
    /// }
    /// ```
    pub fn set_audio_hook(&self, hook: impl FnMut(Direction, Audio<'_>, Instant) + Send + 'static) {
        self.voice.line().audio_hook.set(Box::new(hook));
    }

    /// Removes the audio hook and drops it.
    ///
    /// Both `clear_audio_hook` and [`set_audio_hook`](Call::set_audio_hook) may be called from inside the hook, and take effect
    /// with the next frame. Called from elsewhere, they wait for a frame that the hook is handling on another thread.
    pub fn clear_audio_hook(&self) {
        self.voice.line().audio_hook.clear();
    }

    /// Returns how the call ended; `None` while it continues.
    pub fn end(&self) -> Option<End> {
        self.voice.end()
    }

    /// Plays a prompt until it ends or the caller presses one of `stop_keys`.
    ///
    /// The prompt is a [`Wav`], samples with their rate, or the [`Unplayed`] rest of another prompt. It is played after audio that
    /// is queued already, and may be longer than [`max_queued`](CallOptions::max_queued). `stop_keys` has the digits of the keys,
    /// such as `"#"` or `"0123456789*#"`. If it is empty, no key stops the prompt. Other keys are kept for the next
    /// `play_and_wait` or [`gather`](Call::gather) (type-ahead), up to 256, as with Asterisk's AGI command `STREAM FILE`. A stop
    /// key that was typed ahead stops the prompt before it starts.
    ///
    /// Received audio and other events are dropped. [`play_and_wait_with`](Call::play_and_wait_with) passes them to a closure. The
    /// audio hook and recordings receive all audio.
    ///
    /// ```no_run
    /// use audiosocket::call::{Call, PlayOutcome};
    /// use audiosocket::wav::Wav;
    ///
    /// fn handle(call: &mut Call, news: &Wav) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     match call.play_and_wait(news, "*#")? {
    ///         PlayOutcome::Finished => println!("played to the end"),
    ///         PlayOutcome::Stopped { digit, unplayed, .. } => {
    ///             println!("{digit} stopped it, {:?} before its end", unplayed.duration());
    ///         }
    ///         PlayOutcome::CallEnded => println!("the call ended"),
    ///         _ => println!("another thread cleared the queue"),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlayError::RateMismatch`] while audio of another rate is queued, and [`PlayError::InvalidDigit`] if `stop_keys` has a
    /// character that is not a digit. The end of the call is not an error.
    pub fn play_and_wait<'a>(
        &mut self,
        prompt: impl Into<Prompt<'a>>,
        stop_keys: &str,
    ) -> Result<PlayOutcome, PlayError> {
        self.listener.play_and_wait(prompt, stop_keys)
    }

    /// Plays a prompt like [`play_and_wait`](Call::play_and_wait), and passes all events except digits to `on_event`.
    ///
    /// # Errors
    ///
    /// As for [`play_and_wait`](Call::play_and_wait).
    pub fn play_and_wait_with<'a>(
        &mut self,
        prompt: impl Into<Prompt<'a>>,
        stop_keys: &str,
        on_event: impl FnMut(&Event<'_>),
    ) -> Result<PlayOutcome, PlayError> {
        self.listener
            .play_and_wait_with(prompt, stop_keys, on_event)
    }

    /// Asks the caller a question and collects the digits of the answer.
    ///
    /// It accepts digits of either dialect. [`Gather`] has the settings. Digits beyond the answer are kept for the next question
    /// (type-ahead). If [`receive`](Call::receive) has returned the start of a key press, that press is not collected. Received
    /// audio and other events are dropped. [`gather_with`](Call::gather_with) passes them to a closure.
    ///
    /// ```no_run
    /// use audiosocket::call::{Call, Gather, GatherEnd};
    /// use audiosocket::wav::Wav;
    ///
    /// fn handle(call: &mut Call, menu: &Wav) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     let choice = call.gather(Gather::new().prompt(menu).max_digits(1).tries(3))?;
    ///     match choice.digits.as_str() {
    ///         "1" => println!("sales"),
    ///         "2" => println!("support"),
    ///         _ if choice.end == GatherEnd::TimedOut => println!("no answer"),
    ///         _ => println!("the operator"),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlayError::RateMismatch`] while audio of another rate is queued. The end of the call is not an error.
    pub fn gather(&mut self, gather: Gather<'_>) -> Result<Gathered, PlayError> {
        self.listener.gather(gather)
    }

    /// Collects digits like [`gather`](Call::gather), and passes all events except digits to `on_event`.
    ///
    /// # Errors
    ///
    /// As for [`gather`](Call::gather).
    pub fn gather_with(
        &mut self,
        gather: Gather<'_>,
        on_event: impl FnMut(&Event<'_>),
    ) -> Result<Gathered, PlayError> {
        self.listener.gather_with(gather, on_event)
    }

    /// Calls `f` while another thread plays the queued audio.
    ///
    /// Use it if the handler computes, or waits for something other than the call, such as a speech service. Playback continues
    /// meanwhile. When `f` returns, the thread stops within one frame. [`receive`](Call::receive) or the next `with_player` then
    /// plays the audio that is still queued. No frame is lost or sent twice.
    ///
    /// If `f` returns an error or panics, the call is hung up, so the handler never waits for the caller. After `Ok` the call
    /// stays usable.
    ///
    /// ```no_run
    /// use audiosocket::call::Call;
    ///
    /// fn handle(call: &mut Call, greeting: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     call.with_player(|receiver, voice| {
    ///         voice.play(greeting)?;
    ///         while let Some(event) = receiver.receive() {
    ///             if event.dtmf().is_some() {
    ///                 voice.clear();
    ///             }
    ///         }
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `f`, or the [`io::Error`] of a thread that cannot be started. The call was hung up in both cases.
    pub fn with_player<R, E: From<io::Error>>(
        &mut self,
        f: impl FnOnce(&mut CallReceiver<T>, &Voice<T>) -> Result<R, E>,
    ) -> Result<R, E> {
        let (receiver, player, voice) = (&mut self.listener, &mut self.speaker, &self.voice);
        let turn = voice.line().hand_over_to_player();
        let hangs_up = voice.hang_up_on_drop();
        thread::scope(|scope| {
            // Moved here, so that both are dropped before the scope waits for the thread, even in a panic.
            let (hangs_up, turn) = (hangs_up, turn);
            let playing =
                thread::Builder::new()
                    .name("player".into())
                    .spawn_scoped(scope, || {
                        let hangs_up = player.voice().hang_up_on_drop();
                        player.play_in_turn();
                        hangs_up.disarm();
                    })?;
            let result = f(receiver, voice);
            if result.is_ok() {
                hangs_up.disarm();
            } else {
                drop(hangs_up);
            }
            drop(turn);
            match playing.join() {
                Ok(()) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Splits the call into a receiver and a player, for a thread that makes each frame.
    ///
    /// One thread then receives while another sends with [`Player::send_paced`], on its own clock. For queued audio,
    /// [`with_player`](Call::with_player) is simpler. After a split, the receiver still plays queued audio while it waits for
    /// events, unless [`Player::run`] is running.
    ///
    /// ```no_run
    /// use audiosocket::call::Call;
    /// use audiosocket::wire::{Audio, SampleRate};
    ///
    /// fn handle(call: &mut Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     let (receiver, player) = call.split();
    ///     std::thread::scope(|scope| {
    ///         scope.spawn(move || {
    ///             let silence = Audio::new(SampleRate::Hz8000, &[0; 320]).expect("160 samples");
    ///             while player.send_paced(silence).is_ok() {}
    ///         });
    ///         while let Some(event) = receiver.receive() {
    ///             println!("{event:?}");
    ///         }
    ///     });
    ///     Ok(())
    /// }
    /// ```
    pub fn split(&mut self) -> (&mut CallReceiver<T>, &mut Player<T>) {
        (&mut self.listener, &mut self.speaker)
    }

    /// Ends the call so that the dialplan continues, and returns how the call ended.
    ///
    /// It sends the hangup frame, closes our direction, and waits up to 2 s for the peer to close as well.
    ///
    /// A server does this itself after the handler has returned, failed or panicked.
    pub fn close(mut self) -> End {
        let end = self.hang_up_and_wait();
        drain(&*self.voice.line().transport, PATIENCE);
        end
    }

    /// Performs the first half of [`close`](Call::close).
    ///
    /// The second half, waiting for the peer to close, is left to the calling function.
    pub(crate) fn hang_up_and_wait(&mut self) -> End {
        self.hangs_up_on_drop = false;
        let line = self.voice.line();
        line.hang_up_and_wait();
        line.end().unwrap_or(End::LocalHangup)
    }
}

/// The methods of [`Voice`], for the thread that has the call. While an event is borrowed, use [`voice`](Call::voice) instead.
impl<T: Transport> Call<T> {
    /// Queues audio for playback. See [`Voice::play`].
    ///
    /// # Errors
    ///
    /// As for [`Voice::play`].
    pub fn play(&self, bytes: &[u8]) -> Result<(), PlayError> {
        self.voice.play(bytes)
    }

    /// Queues samples for playback. See [`Voice::play_samples`].
    ///
    /// # Errors
    ///
    /// As for [`Voice::play_samples`].
    pub fn play_samples(&self, samples: &[i16]) -> Result<(), PlayError> {
        self.voice.play_samples(samples)
    }

    /// Queues a WAV file's audio for playback at its own rate. See [`Voice::play_wav`].
    ///
    /// # Errors
    ///
    /// As for [`Voice::play_wav`].
    pub fn play_wav(&self, wav: &Wav) -> Result<(), PlayError> {
        self.voice.play_wav(wav)
    }

    /// Queues DTMF digits in the form that suits the peer. See [`Voice::send_digits`].
    ///
    /// # Errors
    ///
    /// As for [`Voice::send_digits`].
    pub fn send_digits(&self, digits: &str) -> Result<(), PlayError> {
        self.voice.send_digits(digits)
    }

    /// Sets a mark at the end of the playback queue. See [`Voice::mark`].
    pub fn mark(&self) -> Mark {
        self.voice.mark()
    }

    /// Stops playback and returns all audio that was still queued. See [`Voice::clear`].
    pub fn clear(&self) -> Unplayed {
        self.voice.clear()
    }

    /// Returns how long the queued audio lasts. See [`Voice::queued`].
    pub fn queued(&self) -> Duration {
        self.voice.queued()
    }

    /// Returns the sample rate at which audio is played. See [`Voice::rate`].
    pub fn rate(&self) -> SampleRate {
        self.voice.rate()
    }

    /// Sets the rate of the audio queued from now on. See [`Voice::set_rate`].
    ///
    /// # Errors
    ///
    /// As for [`Voice::set_rate`].
    pub fn set_rate(&self, rate: SampleRate) -> Result<(), PlayError> {
        self.voice.set_rate(rate)
    }

    /// Sends audio at once, as one frame, bypassing the playback queue. See [`Voice::send_now`].
    ///
    /// # Errors
    ///
    /// As for [`Voice::send_now`].
    pub fn send_now(&self, audio: Audio<'_>) -> Result<(), SendError> {
        self.voice.send_now(audio)
    }

    /// Hangs up when the playback queue is empty and its last frame has finished playing. See [`Voice::hang_up_after_playback`].
    pub fn hang_up_after_playback(&self) {
        self.voice.hang_up_after_playback();
    }

    /// Returns a guard that hangs up when it is dropped. See [`Voice::hang_up_on_drop`].
    #[must_use = "the call is hung up as soon as it is dropped"]
    pub fn hang_up_on_drop(&self) -> HangUpOnDrop<T> {
        self.voice.hang_up_on_drop()
    }

    /// Ends the call from this side. See [`Voice::hang_up`].
    pub fn hang_up(&self) {
        self.voice.hang_up();
    }

    /// Returns the statistics of the call so far. See [`Voice::stats`].
    pub fn stats(&self) -> CallStats {
        self.voice.stats()
    }

    /// Returns the sample rate of the last audio received; `None` before the first. See [`Voice::received_rate`].
    pub fn received_rate(&self) -> Option<SampleRate> {
        self.voice.received_rate()
    }
}

/// Hangs up, unless the call was closed or its server ends it.
///
/// It sends the hangup frame, closes our direction, and waits up to 0.25 s for the peer to close. Closing at once, with unread
/// audio, would reset the connection, and Asterisk would hang up the caller (measured with 22.10).
impl<T: Transport> Drop for Call<T> {
    fn drop(&mut self) {
        if self.hangs_up_on_drop {
            self.hang_up_and_wait();
            drain(&*self.voice.line().transport, PATIENCE_OF_DROP);
        }
    }
}

/// How long a dropped call waits for the peer to close.
const PATIENCE_OF_DROP: Duration = Duration::from_millis(250);

impl<T: Transport> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("voice", &self.voice)
            .field("listener", &self.listener)
            .finish()
    }
}

/// Reads the first frame, which must be the UUID.
///
/// The timeout applies to the whole frame. If it applied to each read, a peer that sends a byte at a time would have nineteen
/// times as long.
fn read_uuid<T: Transport>(
    reader: &mut FrameReader<Incoming<T>>,
    transport: &T,
    uuid_timeout: Duration,
    dismissed: impl Fn() -> Option<Refusal>,
) -> Result<Uuid, Refusal> {
    let started = Instant::now();
    loop {
        // The header is checked before the function waits for a payload or makes room for it.
        if let Some(header) = reader.header() {
            if header.kind() != Kind::UUID || header.payload_len() != Uuid::LEN {
                return Err(Refusal::FirstFrame(header));
            }
            if let Ok(Some(frame)) = reader.buffered_frame() {
                if let Ok(Message::Uuid(uuid)) = frame.message() {
                    return Ok(uuid);
                }
            }
        }
        let received = reader.buffered_len();
        let left = uuid_timeout.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(Refusal::TimedOut { received });
        }
        let timeout = at_least_a_millisecond(left.min(BETWEEN_QUESTIONS));
        transport.set_recv_timeout(timeout).map_err(Refusal::Io)?;
        match reader.fill() {
            Ok(Filled::End) => return Err(Refusal::NothingSent),
            Ok(_) => {}
            Err(error) if error.is_timeout() => {}
            Err(ReadError::Io(error))
                if received == 0 && error.kind() == io::ErrorKind::ConnectionReset =>
            {
                return Err(Refusal::NothingSent);
            }
            Err(ReadError::Io(error)) => return Err(Refusal::Io(error)),
            Err(_) => return Err(Refusal::Truncated { received }),
        }
        // A connection whose first frame is complete is not dismissed: the frame is examined first.
        if reader.needed() > 0 {
            if let Some(refusal) = dismissed() {
                return Err(refusal);
            }
        }
    }
}

/// The longest time before a connection without a UUID notices that it has been dismissed.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(250);
