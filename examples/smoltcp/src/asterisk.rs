//! Asterisk's end of the call. It sends a caller's frames and checks the frames that it receives.

use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{
    Audio, Decoded, Digit, Dtmf, Frame, FrameBuffer, Message, SampleRate, Uuid,
};
use smoltcp::socket::tcp::Socket;
use smoltcp::time::{Duration, Instant};

const RATE: SampleRate = SampleRate::Hz8000;
const PERIOD: Duration = Duration::from_millis(20);

type Samples = [i16; 160];

/// What Asterisk does in one tick of 20 ms.
enum Tick {
    Talk,
    /// A key is held, so Asterisk sends no audio (measured with 22.10).
    Hold,
    Sign(Dtmf),
    Tone(Box<Samples>),
}

pub struct Asterisk {
    uuid: Option<Uuid>,
    ticks: std::vec::IntoIter<Tick>,
    next_tick: Instant,
    sent: Vec<Samples>,
    buffer: FrameBuffer<[u8; Frame::MAX_LEN]>,
    received: Vec<Samples>,
    hung_up: Option<Instant>,
    ended: bool,
}

impl Asterisk {
    pub fn new(uuid: Uuid) -> Asterisk {
        Asterisk {
            uuid: Some(uuid),
            ticks: ticks().into_iter(),
            next_tick: Instant::ZERO,
            sent: Vec::new(),
            buffer: FrameBuffer::new([0; Frame::MAX_LEN]),
            received: Vec::new(),
            hung_up: None,
            ended: false,
        }
    }

    /// Sends the frame scheduled for `now`, if there is one, and reads all bytes received.
    pub fn poll(&mut self, now: Instant, socket: &mut Socket<'_>) {
        if !socket.may_send() {
            return;
        }
        if let Some(uuid) = self.uuid.take() {
            send(socket, Message::Uuid(uuid));
            self.next_tick = now;
        }
        if self.hung_up.is_none() && now >= self.next_tick {
            self.next_tick += PERIOD;
            match self.ticks.next().unwrap_or(Tick::Talk) {
                Tick::Talk => self.talk(socket, speech(self.sent.len())),
                Tick::Hold => {}
                Tick::Sign(dtmf) => send(socket, Message::Dtmf(dtmf)),
                Tick::Tone(samples) => self.talk(socket, *samples),
            }
        }
        while socket.can_recv() {
            let count = socket.recv_slice(self.buffer.spare()).expect("it is open");
            self.buffer.commit(count);
            self.take_frames(now);
        }
        if !socket.may_recv() {
            self.ended = true;
            socket.close();
        }
    }

    fn talk(&mut self, socket: &mut Socket<'_>, samples: Samples) {
        let mut bytes = [0; 320];
        let audio = Audio::from_samples(RATE, &samples, &mut bytes).expect("20 ms of audio");
        send(socket, Message::Audio(audio));
        self.sent.push(samples);
    }

    fn take_frames(&mut self, now: Instant) {
        loop {
            match self.buffer.next_frame() {
                Decoded::Frame(frame) => match frame.message() {
                    Ok(Message::Audio(audio)) if self.hung_up.is_none() => {
                        assert_eq!(audio.samples().len(), 160);
                        let mut samples = [0; 160];
                        samples
                            .iter_mut()
                            .zip(audio.samples())
                            .for_each(|(to, from)| *to = from);
                        self.received.push(samples);
                    }
                    Ok(Message::Hangup) if self.hung_up.is_none() => self.hung_up = Some(now),
                    other => panic!("Asterisk ends a call on {other:?}"),
                },
                Decoded::TooLong(header) => panic!("{header} does not fit"),
                Decoded::Incomplete { .. } => return,
            }
        }
    }

    /// Checks the whole call and returns a summary. Panics if anything is wrong.
    pub fn judge(&self) -> String {
        let hung_up = self.hung_up.expect("a hangup at the end");
        assert!(
            self.ended && self.buffer.is_empty(),
            "the end is between two frames"
        );

        let (greeting, answers) = self.received.split_first().expect("a greeting");
        assert_eq!(*greeting, [0; 160]);
        // The endpoint sends one frame for each frame, and the hangup for the last.
        assert_eq!(answers.len() + 1, self.sent.len(), "a frame for a frame");
        let echoed = answers
            .iter()
            .zip(&self.sent)
            .filter(|(received, sent)| received == sent)
            .count();
        let with_tones = answers.len() - echoed;
        // Each digit is 100 ms of tone and 100 ms of pause.
        assert_eq!(with_tones, DIGITS.len() * 10);

        let mut detector = Detector::new(RATE);
        let signals = detector.feed(self.received.as_flattened());
        let digits: String = signals
            .filter_map(|signal| match signal {
                Signal::Stop { digit, .. } => Some(digit.to_char()),
                _ => None,
            })
            .collect();
        assert_eq!(digits, DIGITS);
        format!(
            "{} frames sent: {echoed} came back unchanged, {with_tones} with tones, 1 with the hangup\n\
             digits pressed: {DIGITS}, in two dialects and as tones; digits received as tones: {digits}\n\
             hung up after {hung_up}, then the end of the stream",
            self.sent.len(),
        )
    }
}

const DIGITS: &str = "427#";

/// Returns the ticks of a call: half a second of speech ahead of each digit.
fn ticks() -> Vec<Tick> {
    let [first, second, third, last] =
        [b'4', b'2', b'7', b'#'].map(|code| Digit::from_ascii(code).expect("a digit"));
    let talk = || std::iter::repeat_with(|| Tick::Talk).take(25);
    let hold = || std::iter::repeat_with(|| Tick::Hold).take(4);
    let sound: Vec<i16> = Generator::new(RATE)
        .with_lengths(100, 0)
        .digits([third])
        .collect();
    let (tones, _) = sound.as_chunks();

    let mut ticks: Vec<Tick> = talk().collect();
    ticks.push(Tick::Sign(Dtmf::Start(first)));
    ticks.extend(hold());
    ticks.push(Tick::Sign(Dtmf::Stop {
        digit: first,
        duration_ms: 100,
    }));
    ticks.extend(talk().chain(hold()));
    ticks.push(Tick::Sign(Dtmf::Digit(second)));
    ticks.extend(talk());
    ticks.extend(tones.iter().map(|samples| Tick::Tone(Box::new(*samples))));
    ticks.extend(talk().chain(hold()));
    ticks.push(Tick::Sign(Dtmf::Digit(last)));
    ticks
}

/// Returns a frame that differs from its neighbours. It is too faint for the detector to find a digit in it.
fn speech(frame: usize) -> Samples {
    std::array::from_fn(|place| ((frame * 37 + place * 11) % 301) as i16 - 150)
}

fn send(socket: &mut Socket<'_>, message: Message<'_>) {
    let mut room = [0; 323];
    let frame = message.encode(&mut room).expect("20 ms at most");
    assert_eq!(
        socket.send_slice(frame),
        Ok(frame.len()),
        "the endpoint keeps up"
    );
}
