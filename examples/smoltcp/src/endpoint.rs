//! The endpoint that answers the call. It sends audio back unchanged, and for each digit it sends the digit's tones.

use core::option;

use audiosocket::tone::{Detector, Generator, Signal, Tones};
use audiosocket::wire::{Audio, Decoded, Digit, Dtmf, FrameBuffer, Message, SampleRate, Uuid};
use smoltcp::socket::tcp::{RecvError, SendError, Socket, State};

const RATE: SampleRate = SampleRate::Hz8000;
const SAMPLES: usize = 160;
const FRAME_LEN: usize = 323;

/// One end of one call. It uses no memory outside this struct.
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
    /// Returns the UUID of the call, once it is known.
    pub fn uuid(&self) -> Option<Uuid> {
        self.answer.uuid
    }

    /// Sets up a socket for a call: it sends each frame at once, without waiting for more data.
    pub fn prepare(socket: &mut Socket<'_>) {
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
    }

    /// Reads the bytes received and sends the answers. Call it after each poll of the TCP stack.
    pub fn poll(&mut self, socket: &mut Socket<'_>) -> Result<(), Error> {
        let Endpoint { received, answer } = self;
        // This takes a frame only when the socket has room for the answer. Until then the frame stays in the buffer, and TCP's
        // flow control holds back the bytes after it.
        while socket.may_send() && socket.send_capacity() - socket.send_queue() >= FRAME_LEN {
            match received.next_frame() {
                Decoded::Frame(frame) => {
                    // A payload that is wrong for its kind does no harm: the next frame is still in step.
                    if let Ok(message) = frame.message() {
                        answer.hear(message, socket)?;
                    }
                }
                // Asterisk sends no frame this long at this rate. The buffer skips it and stays in step.
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
            // Unread bytes would turn the end of the connection into a reset.
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

/// The state of the endpoint's side of the call.
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
                // Some of Asterisk's ways to call send no audio until they receive some.
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

    /// Sends one frame for each frame received. The caller's audio is the clock, so no timer is needed.
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

    /// Sends the hangup, then closes this side. `poll` reads the remaining bytes, so the dialplan continues.
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

/// Sends a whole frame or nothing, because Asterisk ends a call when a frame arrives in parts. `poll` ensures that there is room.
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

/// The digits pressed while another digit's tones were sent, oldest first. Digits that do not fit get no answer.
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
