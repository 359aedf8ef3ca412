//! What answers the call: audio goes back as it came, and a digit is answered with its tones.

use core::option;

use audiosocket::tone::{Detector, Generator, Signal, Tones};
use audiosocket::wire::{Audio, Decoded, Digit, Dtmf, FrameBuffer, Message, SampleRate, Uuid};
use smoltcp::socket::tcp::{RecvError, SendError, Socket, State};

const RATE: SampleRate = SampleRate::Hz8000;
const SAMPLES: usize = 160;
const FRAME_LEN: usize = 323;

/// One end of one call. All the memory it has is in it.
pub struct Endpoint {
    received: FrameBuffer<[u8; FRAME_LEN]>,
    answer: Answer,
}

impl Default for Endpoint {
    fn default() -> Endpoint {
        Endpoint {
            received: FrameBuffer::new([0; FRAME_LEN]),
            answer: Answer::new(),
        }
    }
}

impl Endpoint {
    /// The UUID of the call, once it is known.
    pub fn uuid(&self) -> Option<Uuid> {
        self.answer.uuid
    }

    /// Sets a socket up as a call needs it: no frame waits in it for others to come along.
    pub fn prepare(socket: &mut Socket<'_>) {
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
    }

    /// Takes what has come and says what is due; to be called whenever the stack has been polled.
    pub fn poll(&mut self, socket: &mut Socket<'_>) -> Result<(), Error> {
        let Endpoint { received, answer } = self;
        // A frame is taken when there is room for the answer to it. Until then it waits here, what follows it waits in the
        // socket, and what does not fit there waits on the other side: that is the flow control of TCP.
        while socket.may_send() && socket.send_capacity() - socket.send_queue() >= FRAME_LEN {
            match received.next_frame() {
                Decoded::Frame(frame) => {
                    // If its payload is wrong for its kind, the next frame is still where it should be.
                    if let Ok(message) = frame.message() {
                        answer.hear(message, socket)?;
                    }
                }
                // Nothing that Asterisk sends at this rate. It is skipped, and what follows it is heard.
                Decoded::TooLong(_) => {}
                Decoded::Incomplete { .. } if socket.can_recv() => {
                    let count = socket.recv(|bytes: &mut [u8]| {
                        let spare = received.spare();
                        let count = spare.len().min(bytes.len());
                        spare[..count].copy_from_slice(&bytes[..count]);
                        (count, count)
                    })?;
                    received.commit(count);
                }
                Decoded::Incomplete { .. } => break,
            }
        }
        if answer.is_over && socket.can_recv() {
            // What is still coming is read, or else Asterisk would meet a reset instead of an end.
            socket.recv(|bytes| (bytes.len(), ()))?;
        } else if socket.state() == State::CloseWait && !socket.can_recv() {
            socket.close();
        }
        Ok(())
    }
}

/// The socket was not open.
#[derive(Debug)]
pub enum Error {
    Receive(RecvError),
    Send(SendError),
}

impl From<RecvError> for Error {
    fn from(error: RecvError) -> Error {
        Error::Receive(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Error {
        Error::Send(error)
    }
}

/// What is to be said.
struct Answer {
    uuid: Option<Uuid>,
    detector: Detector,
    pressed: Pressed,
    sounding: Option<(Digit, Tones<option::IntoIter<Digit>>)>,
    is_over: bool,
}

impl Answer {
    fn new() -> Answer {
        Answer {
            uuid: None,
            detector: Detector::new(RATE),
            pressed: Pressed::default(),
            sounding: None,
            is_over: false,
        }
    }

    fn hear(&mut self, message: Message<'_>, socket: &mut Socket<'_>) -> Result<(), SendError> {
        match message {
            Message::Uuid(uuid) => {
                self.uuid = Some(uuid);
                // Some of Asterisk's ways to call say nothing before they hear something.
                say(socket, &[0; SAMPLES])
            }
            Message::Audio(audio) => {
                for signal in self.detector.feed(audio.samples()) {
                    if let Signal::Start { digit, .. } = signal {
                        self.pressed.push(digit);
                    }
                }
                self.answer(audio, socket)
            }
            Message::Dtmf(Dtmf::Stop { digit, .. } | Dtmf::Digit(digit)) => {
                self.pressed.push(digit);
                Ok(())
            }
            Message::Hangup => self.hang_up(socket),
            _ => Ok(()),
        }
    }

    /// A frame for a frame: the caller's audio is the clock of what is said, so no timer is needed.
    fn answer(&mut self, audio: Audio<'_>, socket: &mut Socket<'_>) -> Result<(), SendError> {
        if self.sounding.is_none() {
            let tones = |digit| (digit, Generator::new(RATE).digits(Some(digit)));
            self.sounding = self.pressed.pop().map(tones);
        }
        let Some((digit, tones)) = &mut self.sounding else {
            return send(socket, Message::Audio(audio));
        };
        let mut samples = [0; SAMPLES];
        if tones.fill(&mut samples) > 0 {
            return say(socket, &samples);
        }
        let is_last = digit.to_char() == '#';
        self.sounding = None;
        if is_last {
            return self.hang_up(socket);
        }
        send(socket, Message::Audio(audio))
    }

    /// In the way upon which Asterisk goes on in its dialplan: the hangup, then the end of this side, and what is still coming
    /// is read.
    fn hang_up(&mut self, socket: &mut Socket<'_>) -> Result<(), SendError> {
        send(socket, Message::Hangup)?;
        self.is_over = true;
        socket.close();
        Ok(())
    }
}

fn say(socket: &mut Socket<'_>, samples: &[i16]) -> Result<(), SendError> {
    match Audio::from_samples(RATE, samples, &mut [0; 2 * SAMPLES]) {
        Ok(audio) => send(socket, Message::Audio(audio)),
        Err(_) => Ok(()),
    }
}

/// A frame whole or not at all: Asterisk ends a call on one that comes in parts. `poll` has made sure of the room for one.
fn send(socket: &mut Socket<'_>, message: Message<'_>) -> Result<(), SendError> {
    let room = socket.send_capacity() - socket.send_queue();
    match message.encode(&mut [0; FRAME_LEN]) {
        Ok(frame) if frame.len() <= room => socket.send_slice(frame).map(drop),
        _ => {
            debug_assert!(false, "`poll` makes sure of the room");
            Ok(())
        }
    }
}

/// Digits that were pressed while others sounded, oldest first; more than fit are not answered.
#[derive(Default)]
struct Pressed([Option<Digit>; 8]);

impl Pressed {
    fn push(&mut self, digit: Digit) {
        if let Some(place) = self.0.iter_mut().find(|place| place.is_none()) {
            *place = Some(digit);
        }
    }

    fn pop(&mut self) -> Option<Digit> {
        self.0.rotate_left(1);
        self.0.last_mut()?.take()
    }
}
