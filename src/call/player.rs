//! The sending half of a call, with a clock.

use core::fmt;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::transport::Transport;
use super::{SendError, Voice};
use crate::stream::Pacer;
use crate::wire::Audio;

/// The sending half of a call, for a thread of its own: it keeps the 20 ms clock by sleeping.
///
/// From [`Call::split`](super::Call::split). [`run`](Player::run) says what is queued by [`Voice::play`];
/// [`send_paced`](Player::send_paced) is for a thread that makes each frame when it is due.
#[doc(alias = "speaker")]
pub struct Player<T = TcpStream> {
    voice: Voice<T>,
    pub(crate) pacer: Pacer,
    /// To cut frames of speech into.
    frame: Vec<u8>,
}

impl<T: Transport> Player<T> {
    pub(crate) const fn new(voice: Voice<T>) -> Player<T> {
        Player {
            voice,
            pacer: Pacer::new(Duration::from_millis(20)),
            frame: Vec::new(),
        }
    }

    /// Says what voices have queued, and waits for more, until the call is over or nothing more can be sent; the listener knows
    /// how it ended. It also keeps a silent call alive, whatever the listening thread does meanwhile.
    ///
    /// ```no_run
    /// use audiosocket::call::Call;
    ///
    /// fn handle(call: &mut Call, greeting: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     let voice = call.voice();
    ///     let (listener, speaker) = call.split();
    ///     std::thread::scope(|scope| {
    ///         scope.spawn(|| speaker.run());
    ///         // Without it an error or a panic below would wait for the speaker, and so for the caller.
    ///         let _hangs_up = voice.hang_up_on_drop();
    ///         voice.play(greeting)?;
    ///         while let Some(event) = listener.receive() {
    ///             if event.dtmf().is_some() {
    ///                 voice.clear();
    ///             }
    ///         }
    ///         Ok(())
    ///     })
    /// }
    /// ```
    pub fn run(&mut self) {
        let line = self.voice.line();
        while !line.is_closed_for_sending() {
            line.watch_over_length();
            match line.play_due(&mut self.frame).next_due {
                Some(due) => thread::sleep(due.saturating_duration_since(Instant::now())),
                None => line.wait_for_playback(line.keep_alive().min(LONGEST_WAIT)),
            }
        }
    }

    /// Waits until the next frame is due, 20 ms after the one before, then sends the audio, which should last 20 ms. Answers how
    /// late the frame was: about 0.1 ms, unless the thread came late or the machine is busy.
    ///
    /// # Errors
    ///
    /// [`SendError`], as for [`Voice::send_now`].
    pub fn send_paced(&mut self, audio: Audio<'_>) -> Result<Duration, SendError> {
        self.wait();
        self.voice.send_now(audio)?;
        Ok(self.pacer.frame_sent(Instant::now()))
    }

    /// A handle to the same voice, for sending at once and for hanging up.
    pub fn voice(&self) -> Voice<T> {
        self.voice.clone()
    }

    pub(crate) fn wait(&self) {
        thread::sleep(self.pacer.delay(Instant::now()));
    }
}

/// In which the length of a call is watched over, to a quarter of a second like all its times.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

impl<T> fmt::Debug for Player<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player")
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}
