//! The speaking half of a call, with a clock.

use core::fmt;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::transport::Transport;
use super::{SendError, Voice};
use crate::stream::Pacer;
use crate::wire::Audio;

/// The speaking half of a call, for a thread of its own: it keeps the 20 ms clock by sleeping.
///
/// From [`Call::split`](super::Call::split).
pub struct Speaker<T = TcpStream> {
    voice: Voice<T>,
    pub(super) pacer: Pacer,
}

impl<T: Transport> Speaker<T> {
    pub(super) const fn new(voice: Voice<T>) -> Speaker<T> {
        Speaker {
            voice,
            pacer: Pacer::new(Duration::from_millis(20)),
        }
    }

    /// Waits until the next frame is due, 20 ms after the one before, then sends the audio, which should last 20 ms. Answers how
    /// late the frame was: about 0.1 ms, unless the thread came late or the machine is busy.
    ///
    /// # Errors
    ///
    /// [`SendError`], as for [`Voice::send`].
    pub fn send_paced(&mut self, audio: Audio<'_>) -> Result<Duration, SendError> {
        self.wait();
        self.voice.send(audio)?;
        Ok(self.pacer.frame_sent(Instant::now()))
    }

    /// A handle to the same voice, for sending at once and for hanging up.
    pub fn voice(&self) -> Voice<T> {
        self.voice.clone()
    }

    pub(super) fn wait(&self) {
        thread::sleep(self.pacer.delay(Instant::now()));
    }
}

impl<T> fmt::Debug for Speaker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speaker")
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}
