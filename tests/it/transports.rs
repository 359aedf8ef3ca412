//! Calls over transports other than TCP: one that hides its bytes, and one that fails at every byte.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{
    Call, CallOptions, End, Event, PlayOutcome, Refusal, SendError, Transport,
};
use audiosocket::wire::{
    Audio, Digit, Dtmf, DtmfDialect, Frame, Frames, Message, SampleRate, Uuid,
};

const UUID: Uuid = Uuid::from_bytes([7; 16]);

/// Without the library's frames of silence, so that every byte sent is known.
fn quiet() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

fn encoded(messages: &[Message<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        let mut buffer = vec![0; Frame::MAX_LEN];
        bytes.extend_from_slice(message.encode(&mut buffer).unwrap());
    }
    bytes
}

/// A stand-in for TLS. In each direction, the bytes on the wire depend on all bytes sent before. A lock guards that state only
/// while it changes.
struct Masked {
    stream: TcpStream,
    received: Mutex<u8>,
    sent: Mutex<u8>,
}

impl Masked {
    fn new(stream: TcpStream) -> Masked {
        Masked {
            stream,
            received: Mutex::new(1),
            sent: Mutex::new(1),
        }
    }

    fn mask(state: &mut u8, byte: u8) -> u8 {
        let masked = byte ^ *state;
        *state = state.wrapping_mul(5).wrapping_add(3);
        masked
    }
}

impl Transport for Masked {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = Read::read(&mut &self.stream, buffer)?;
        let mut state = self.received.lock().unwrap();
        for byte in &mut buffer[..count] {
            *byte = Masked::mask(&mut state, *byte);
        }
        Ok(count)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        // A call writes one frame at a time, so the order holds without the lock, which must not be held while waiting.
        let masked: Vec<u8> = {
            let mut state = self.sent.lock().unwrap();
            bytes
                .iter()
                .map(|byte| Masked::mask(&mut state, *byte))
                .collect()
        };
        Write::write_all(&mut &self.stream, &masked)?;
        Ok(bytes.len())
    }

    fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(timeout))
    }

    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.set_write_timeout(Some(timeout))
    }

    fn finish(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    fn abort(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

#[test]
fn custom_transport_carries_a_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let transport = Masked::new(listener.accept().unwrap().0);
        let mut call = Call::accept(transport, quiet()).unwrap();
        assert_eq!((call.uuid(), call.peer_addr()), (UUID, None));
        let voice = call.voice();
        while let Some(event) = call.receive() {
            voice.send_now(event.audio().unwrap()).unwrap();
        }
        assert_eq!(call.stats().frames_sent, 3);
        call.close()
    });
    let caller = Masked::new(TcpStream::connect(address).unwrap());
    caller.send(&encoded(&[Message::Uuid(UUID)])).unwrap();
    for number in 0..3 {
        let frame = [number; 320];
        let sent = encoded(&[Message::Audio(
            Audio::new(SampleRate::Hz8000, &frame).unwrap(),
        )]);
        caller.send(&sent).unwrap();
        let mut back = Vec::new();
        let mut piece = [0; 500];
        while back.len() < sent.len() {
            let count = Transport::recv(&caller, &mut piece).unwrap();
            back.extend_from_slice(&piece[..count]);
        }
        assert_eq!(back, sent);
    }
    caller.finish().unwrap();
    let mut hangup = [0; 10];
    assert_eq!(Transport::recv(&caller, &mut hangup).unwrap(), 3);
    assert_eq!(hangup[..3], [0, 0, 0]);
    drop(caller);
    assert_eq!(server.join().unwrap(), End::Closed);
}

#[test]
fn playback_keeps_time_without_try_recv() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let transport = Masked::new(listener.accept().unwrap().0);
        let mut call = Call::accept(transport, quiet()).unwrap();
        let voice = call.voice();
        let other = thread::spawn(move || {
            // By now the call waits with its longest time-out.
            thread::sleep(Duration::from_millis(50));
            voice.play_samples(&[1; 160 * 50]).unwrap();
            voice.hang_up_after_playback();
        });
        while call.receive().is_some() {}
        other.join().unwrap();
        let stats = call.stats();
        assert_eq!(stats.lateness.count(), 50);
        // If each frame took a quarter of a second, all of them would be gaps.
        assert!(stats.gaps < 25, "{stats:?}");
        call.close()
    });
    let caller = Masked::new(TcpStream::connect(address).unwrap());
    caller.send(&encoded(&[Message::Uuid(UUID)])).unwrap();
    let mut received = 0;
    let mut piece = [0; 500];
    while let Ok(count @ 1..) = Transport::recv(&caller, &mut piece) {
        received += count;
    }
    assert_eq!(received, 50 * 323 + 3);
    drop(caller);
    assert_eq!(server.join().unwrap(), End::LocalHangup);
}

#[derive(Clone, Copy)]
enum Step {
    Byte(u8),
    Fault(ErrorKind),
}

/// Returns one byte per read, with errors between them, and then the end of the stream.
struct Scripted {
    steps: Mutex<VecDeque<Step>>,
    written: Arc<Mutex<Vec<u8>>>,
    is_shut_down: Arc<Mutex<bool>>,
}

impl Scripted {
    fn new(steps: impl IntoIterator<Item = Step>) -> Scripted {
        Scripted {
            steps: Mutex::new(steps.into_iter().collect()),
            written: Arc::default(),
            is_shut_down: Arc::default(),
        }
    }
}

impl Transport for Scripted {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.steps.lock().unwrap().pop_front() {
            None => Ok(0),
            Some(Step::Fault(kind)) => Err(kind.into()),
            Some(Step::Byte(byte)) => {
                buffer[0] = byte;
                Ok(1)
            }
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn set_recv_timeout(&self, timeout: Duration) -> io::Result<()> {
        assert!(!timeout.is_zero());
        Ok(())
    }

    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
        assert!(!timeout.is_zero());
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        *self.is_shut_down.lock().unwrap() = true;
        Ok(())
    }

    fn abort(&self) {}
}

/// Returns the UUID and then some frames of audio for each read, as if the caller never stopped sending.
#[derive(Default)]
struct Talking {
    frames_per_read: usize,
    has_started: AtomicBool,
    /// The number of reads that might have waited.
    reads: AtomicUsize,
    sends: AtomicUsize,
}

impl Talking {
    fn new(frames_per_read: usize) -> Talking {
        Talking {
            frames_per_read,
            ..Talking::default()
        }
    }
}

impl Transport for Talking {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.try_recv(buffer)
    }

    fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let audio = Audio::new(SampleRate::Hz8000, &[7; 320]).unwrap();
        let frame = match self.has_started.swap(true, Ordering::Relaxed) {
            false => encoded(&[Message::Uuid(UUID)]),
            true => encoded(&vec![Message::Audio(audio); self.frames_per_read]),
        };
        buffer[..frame.len()].copy_from_slice(&frame);
        Ok(frame.len())
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.sends.fetch_add(1, Ordering::Relaxed);
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

#[test]
fn near_deadline_shortens_the_wait() {
    let transport = Arc::new(Talking::new(1));
    let mut call = Call::accept(Arc::clone(&transport), quiet()).unwrap();
    let reads_before = transport.reads.load(Ordering::Relaxed);
    let mut frames = 0;
    for _ in 0..20 {
        // A read that waits would be 4 to 8 ms late.
        let near = Instant::now() + Duration::from_millis(5);
        frames += usize::from(
            call.receive_until(near)
                .is_some_and(|event| event.audio().is_some()),
        );
    }
    assert!(frames > 0, "audio already received is returned");
    assert_eq!(transport.reads.load(Ordering::Relaxed), reads_before);
}

#[test]
fn marks_after_each_frame_do_not_hide_the_caller() {
    let mut call = Call::accept(Talking::new(1), quiet()).unwrap();
    let voice = call.voice();
    for _ in 0..20 {
        voice.play(&[7; 320]).unwrap();
        voice.mark();
    }
    voice.hang_up_after_playback();
    let mut frames = 0;
    while let Some(event) = call.receive() {
        frames += usize::from(event.audio().is_some());
    }
    // One per frame played, except when this thread was so late that the next frame had to be sent first.
    assert!(frames > 5, "{frames} frames received while 20 were played");
}

#[test]
fn end_of_a_prompt_drops_at_most_one_frame() {
    let transport = Arc::new(Talking::new(10));
    let mut call = Call::accept(Arc::clone(&transport), quiet()).unwrap();
    let samples = [7; 3 * 160];
    let mut dropped = 0;
    let outcome = call.play_and_wait_with((&samples[..], SampleRate::Hz8000), "", |event| {
        let all_sent = transport.sends.load(Ordering::Relaxed) >= 3;
        dropped += usize::from(all_sent && event.audio().is_some());
    });
    assert_eq!(outcome.unwrap(), PlayOutcome::Finished);
    // One, if the call owed its caller a turn before the mark.
    assert!(dropped <= 1, "{dropped} frames dropped after the last send");
}

/// A UUID, a digit, and two frames of audio. The first has an odd length.
fn call_bytes() -> Vec<u8> {
    let mut bytes = encoded(&[Message::Uuid(UUID)]);
    bytes.extend_from_slice(&[0x03, 0, 1, b'5', 0x10, 0, 3, 1, 2, 3, 0x10, 0, 2, 8, 9]);
    bytes
}

/// The offsets at which `call_bytes` may end between two frames.
const BORDERS: [usize; 4] = [19, 23, 29, 34];

/// Returns the results of a call for a script: its events, abbreviated, and its end.
fn events_and_end(
    steps: impl IntoIterator<Item = Step>,
) -> Result<(Vec<&'static str>, End), Refusal> {
    let mut call = Call::accept(Scripted::new(steps), quiet())?;
    let mut events = Vec::new();
    while let Some(event) = call.receive() {
        events.push(match event {
            Event::Message(Message::Dtmf(_)) => "digit",
            Event::Message(Message::Audio(_)) => "audio",
            Event::Malformed { .. } => "malformed",
            _ => "other",
        });
    }
    let end = call.end().unwrap();
    assert_eq!(call.close(), end);
    Ok((events, end))
}

#[test]
fn time_outs_and_interruptions_lose_nothing() {
    for fault in [
        ErrorKind::WouldBlock,
        ErrorKind::TimedOut,
        ErrorKind::Interrupted,
    ] {
        let steps = call_bytes()
            .into_iter()
            .flat_map(|byte| [Step::Fault(fault), Step::Byte(byte)]);
        let (events, end) = events_and_end(steps).unwrap();
        assert_eq!(
            (events, end),
            (vec!["digit", "malformed", "audio"], End::Closed)
        );
    }
}

#[test]
fn end_or_failure_at_every_byte_has_its_name() {
    let bytes = call_bytes();
    for cut in 0..=bytes.len() {
        let whole = |fault: Option<ErrorKind>| {
            let steps = bytes[..cut].iter().map(|byte| Step::Byte(*byte));
            events_and_end(steps.chain(fault.map(Step::Fault)))
        };
        let is_border = BORDERS.contains(&cut);
        match whole(None) {
            Err(Refusal::NothingSent) => assert_eq!(cut, 0),
            Err(Refusal::Truncated { received, .. }) => assert!(cut < 19 && received == cut),
            Ok((_, End::Closed)) => assert!(is_border, "{cut}"),
            Ok((_, End::Truncated { needed, .. })) => {
                assert!(!is_border && (1..=3).contains(&needed), "{cut}: {needed}");
            }
            other => panic!("{cut}: {other:?}"),
        }
        for (fault, end) in [
            (ErrorKind::ConnectionReset, End::Reset),
            (ErrorKind::ConnectionAborted, End::Reset),
            (ErrorKind::Other, End::Failed(ErrorKind::Other)),
        ] {
            match whole(Some(fault)) {
                Err(Refusal::NothingSent) => {
                    assert!(cut == 0 && fault == ErrorKind::ConnectionReset)
                }
                Err(Refusal::Io(error)) => assert!(cut < 19 && error.kind() == fault),
                Ok((events, met)) => {
                    assert_eq!(met, end);
                    assert_eq!(
                        events.len(),
                        BORDERS.iter().filter(|border| **border <= cut).count() - 1
                    );
                }
                other => panic!("{cut}: {other:?}"),
            }
        }
    }
}

#[test]
fn call_always_ends_with_hangup_and_half_close() {
    for steps in [vec![], vec![Step::Byte(0x10), Step::Byte(0), Step::Byte(0)]] {
        let transport = Scripted::new(steps);
        let (written, is_shut_down) = (
            Arc::clone(&transport.written),
            Arc::clone(&transport.is_shut_down),
        );
        assert!(Call::accept(transport, quiet()).is_err());
        assert_eq!(
            (&**written.lock().unwrap(), *is_shut_down.lock().unwrap()),
            (&[0, 0, 0][..], true)
        );
    }
    let transport = Scripted::new(call_bytes().into_iter().map(Step::Byte));
    let (written, is_shut_down) = (
        Arc::clone(&transport.written),
        Arc::clone(&transport.is_shut_down),
    );
    let call = Call::accept(transport, quiet()).unwrap();
    assert_eq!(call.close(), End::LocalHangup);
    assert_eq!(
        (&**written.lock().unwrap(), *is_shut_down.lock().unwrap()),
        (&[0, 0, 0][..], true)
    );
}

#[test]
fn boxed_and_borrowed_transports_carry_calls() {
    let uuid = encoded(&[Message::Uuid(UUID)]);
    let boxed: Box<dyn Transport> = Box::new(Scripted::new(uuid.iter().copied().map(Step::Byte)));
    let mut call = Call::accept(boxed, quiet()).unwrap();
    assert_eq!(call.receive(), None);
    assert_eq!(call.end(), Some(End::Closed));
    let transport = Scripted::new(uuid.into_iter().map(Step::Byte));
    let mut call = Call::accept(&transport, quiet()).unwrap();
    assert_eq!(call.receive(), None);
    assert_eq!(call.uuid(), UUID);
}

/// Methods of std keep their meaning when the trait is in scope.
#[test]
fn std_methods_of_a_stream_are_not_shadowed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    stream
        .set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
    let mut reading = &*stream;
    assert!(reading.read(&mut [0; 1]).is_err(), "a time-out");
    assert_eq!(reading.write(&[1]).unwrap(), 1);
}

#[test]
fn audio_hook_may_clear_itself() {
    let transport = Talking::new(1);
    let call = Arc::new(Call::accept(transport, quiet()).unwrap());
    let frames = Arc::new(AtomicUsize::new(0));
    let (counted, inner) = (Arc::clone(&frames), Arc::downgrade(&call));
    call.set_audio_hook(move |_, _, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        if let Some(call) = inner.upgrade() {
            call.clear_audio_hook();
        }
    });
    let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
    for _ in 0..3 {
        call.voice().send_now(audio).unwrap();
    }
    assert_eq!(frames.load(Ordering::Relaxed), 1);
}

/// Returns the results of a script when asked to send, and accepts everything after it. It receives the UUID and then nothing.
struct FailingToSend {
    received: Scripted,
    results: Mutex<VecDeque<Result<usize, ErrorKind>>>,
    sent: Mutex<Vec<u8>>,
}

impl FailingToSend {
    fn new(results: impl IntoIterator<Item = Result<usize, ErrorKind>>) -> Arc<FailingToSend> {
        let uuid = encoded(&[Message::Uuid(UUID)]);
        let silence = std::iter::repeat_n(Step::Fault(ErrorKind::WouldBlock), 500);
        Arc::new(FailingToSend {
            received: Scripted::new(uuid.into_iter().map(Step::Byte).chain(silence)),
            results: Mutex::new(results.into_iter().collect()),
            sent: Mutex::default(),
        })
    }
}

impl Transport for FailingToSend {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.received.recv(buffer)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.results.lock().unwrap().pop_front() {
            Some(result) => result?,
            None => bytes.len(),
        };
        self.sent.lock().unwrap().extend_from_slice(&bytes[..count]);
        Ok(count)
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

fn frame_of(sample: i16) -> [u8; 5] {
    let [low, high] = sample.to_le_bytes();
    [0x10, 0, 2, low, high]
}

#[test]
fn send_now_after_passing_error_sends_again() {
    let transport = FailingToSend::new([Err(ErrorKind::OutOfMemory)]);
    let mut call = Call::accept(Arc::clone(&transport), quiet()).unwrap();
    let voice = call.voice();
    let audio = |bytes| Audio::new(SampleRate::Hz8000, bytes).unwrap();
    assert_eq!(
        voice.send_now(audio(&[1, 0])),
        Err(SendError::FrameLost(ErrorKind::OutOfMemory))
    );
    assert_eq!(voice.send_now(audio(&[2, 0])), Ok(()));
    assert_eq!(transport.sent.lock().unwrap()[..], frame_of(2));
    assert_eq!(call.receive(), None);
    assert_eq!(call.end(), Some(End::Closed));
}

#[test]
fn playback_after_passing_error_continues() {
    let options = quiet().frame_duration(Duration::from_millis(10));
    let lost = Err(ErrorKind::OutOfMemory);
    let transport = FailingToSend::new([lost, Ok(163), lost]);
    let mut call = Call::accept(Arc::clone(&transport), options).unwrap();
    let voice = call.voice();
    let samples: Vec<i16> = (1..=3).flat_map(|number| [number; 80]).collect();
    voice.play_samples(&samples).unwrap();
    let played = voice.mark();
    assert_eq!(call.receive(), Some(Event::MarkReached(played)));
    let sent = transport.sent.lock().unwrap();
    let first_samples: Vec<u8> = sent.chunks(163).map(|frame| frame[3]).collect();
    assert_eq!(first_samples, [2], "the first and the last frame are lost");
    assert!(call.stats().gaps >= 2);
}

#[test]
fn digit_signals_after_passing_error_are_repeated() {
    let options = quiet().dialect(Some(DtmfDialect::StartStop));
    let transport = FailingToSend::new([Err(ErrorKind::OutOfMemory)]);
    let mut call = Call::accept(Arc::clone(&transport), options).unwrap();
    let voice = call.voice();
    voice.send_digits("5").unwrap();
    voice.hang_up_after_playback();
    while call.receive().is_some() {}
    let sent = transport.sent.lock().unwrap();
    let signals: Vec<Dtmf> = Frames::new(&sent)
        .filter_map(|frame| match frame.message() {
            Ok(Message::Dtmf(dtmf)) => Some(dtmf),
            _ => None,
        })
        .collect();
    let digit = Digit::try_from('5').unwrap();
    assert!(
        matches!(signals[..], [Dtmf::Start(start), Dtmf::Stop { digit: stop, .. }]
            if (start, stop) == (digit, digit)),
        "{signals:?}"
    );
}

#[test]
fn send_error_inside_frame_ends_call() {
    let transport = FailingToSend::new([Ok(2), Err(ErrorKind::OutOfMemory)]);
    let mut call = Call::accept(Arc::clone(&transport), quiet()).unwrap();
    let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
    let end = End::Failed(ErrorKind::OutOfMemory);
    assert_eq!(call.voice().send_now(audio), Err(SendError::CallEnded(end)));
    assert_eq!(call.receive(), None);
    assert_eq!(call.end(), Some(end));
}

// On Windows a send that fails with a reset may also follow a normal close.
#[cfg(not(windows))]
#[test]
fn reset_met_by_sender_is_the_end() {
    for (kind, end) in [
        (ErrorKind::ConnectionReset, End::Reset),
        // The peer had already closed.
        (ErrorKind::BrokenPipe, End::Closed),
    ] {
        let transport = FailingToSend::new([Err(kind)]);
        let mut call = Call::accept(transport, quiet()).unwrap();
        let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
        for _ in 0..2 {
            assert_eq!(call.voice().send_now(audio), Err(SendError::Disconnected));
        }
        assert_eq!(call.receive(), None);
        assert_eq!(call.end(), Some(end));
    }
}

#[test]
fn sink_that_accepts_nothing_is_disconnected() {
    let transport = FailingToSend::new([Ok(0)]);
    let call = Call::accept(transport, quiet()).unwrap();
    let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
    for _ in 0..2 {
        assert_eq!(call.voice().send_now(audio), Err(SendError::Disconnected));
    }
}

#[test]
fn reset_met_by_sender_on_socket_is_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = listener.accept().unwrap().0;
    peer.write_all(&encoded(&[Message::Uuid(UUID)])).unwrap();
    let mut call = Call::accept(stream, quiet()).unwrap();
    let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
    call.voice().send_now(audio).unwrap();
    let mut unread = [0; 1];
    assert_eq!(peer.peek(&mut unread).unwrap(), 1);
    // Dropped with unread bytes, so the kernel sends a reset.
    drop(peer);
    let deadline = Instant::now() + Duration::from_secs(20);
    for _ in 0..2 {
        while call.voice().send_now(audio).is_ok() {
            assert!(Instant::now() < deadline, "no reset arrives");
        }
    }
    assert_eq!(call.receive(), None);
    assert_eq!(call.end(), Some(End::Reset));
}

/// Cannot read without waiting. During each read, it makes another thread send a frame.
struct SendingMeanwhile {
    has_started: AtomicBool,
    send: mpsc::Sender<()>,
    sent: Mutex<mpsc::Receiver<()>>,
}

impl Transport for SendingMeanwhile {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.has_started.swap(true, Ordering::Relaxed) {
            let uuid = encoded(&[Message::Uuid(UUID)]);
            buffer[..uuid.len()].copy_from_slice(&uuid);
            return Ok(uuid.len());
        }
        self.send.send(()).unwrap();
        let sent = self.sent.lock().unwrap();
        sent.recv_timeout(Duration::from_secs(20))
            .expect("a sender that does not wait for the read");
        Err(ErrorKind::WouldBlock.into())
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
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

#[test]
fn read_that_waits_holds_up_no_sender() {
    let (send, asked) = mpsc::channel();
    let (answer, sent) = mpsc::channel();
    let transport = SendingMeanwhile {
        has_started: AtomicBool::new(false),
        send,
        sent: Mutex::new(sent),
    };
    let mut call = Call::accept(transport, quiet()).unwrap();
    let voice = call.voice();
    thread::spawn(move || {
        let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
        for () in asked {
            // After the call has ended, its drop still reads.
            let _ = voice.send_now(audio);
            answer.send(()).unwrap();
        }
    });
    for _ in 0..5 {
        // So soon that the call prefers a read that does not wait.
        let event = call.receive_until(Instant::now() + Duration::from_millis(5));
        assert_eq!(event, Some(Event::TimeUp));
    }
    assert!(call.stats().frames_sent >= 5);
}

/// A silent caller on a transport whose timeouts are never shorter than 500 ms, as documented for Windows. It counts the reads
/// that wait for a timeout.
struct Coarse {
    first: Mutex<Vec<u8>>,
    timed_reads: AtomicUsize,
    looks: AtomicUsize,
    sent: Mutex<Vec<Instant>>,
}

impl Transport for Coarse {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.try_recv(buffer) {
            Ok(count) => Ok(count),
            Err(_) => {
                self.timed_reads.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(500));
                Err(ErrorKind::TimedOut.into())
            }
        }
    }

    fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let first = std::mem::take(&mut *self.first.lock().unwrap());
        if first.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        buffer[..first.len()].copy_from_slice(&first);
        Ok(first.len())
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.lock().unwrap().push(Instant::now());
        Ok(bytes.len())
    }

    fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn has_fine_timeouts(&self) -> bool {
        false
    }

    fn set_send_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) {}
}

#[test]
fn playback_makes_no_timed_read_on_coarse_timeouts() {
    let transport = Arc::new(Coarse {
        first: Mutex::new(encoded(&[Message::Uuid(UUID)])),
        timed_reads: AtomicUsize::default(),
        looks: AtomicUsize::default(),
        sent: Mutex::default(),
    });
    let mut call = Call::accept(Arc::clone(&transport), quiet()).unwrap();
    let voice = call.voice();
    voice.play(&[7; 50 * 320]).unwrap();
    let played = voice.mark();
    let looks_before = transport.looks.load(Ordering::Relaxed);
    let event = call.receive().unwrap();
    assert!(matches!(event, Event::MarkReached(mark) if mark == played));
    assert_eq!(transport.timed_reads.load(Ordering::Relaxed), 0);
    let looks = transport.looks.load(Ordering::Relaxed) - looks_before;
    assert!(looks >= 10, "{looks} looks at a caller during 1 s");
    assert_eq!(transport.sent.lock().unwrap().len(), 50);
    // Without audio the call waits in a read again.
    let until = Instant::now() + Duration::from_secs(2);
    assert!(matches!(call.receive_until(until), Some(Event::TimeUp)));
    assert!(transport.timed_reads.load(Ordering::Relaxed) > 0);
}
