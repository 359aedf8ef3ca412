//! The playing half of a call.

use core::fmt;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::transport::Transport;
use super::{SendError, Voice};
use crate::stream::Pacer;
use crate::wire::Audio;

/// The playing half of a call, for a thread of its own.
///
/// [`Call::split`](super::Call::split) returns it. [`run`](Player::run) plays the audio queued by [`Voice::play`].
/// [`send_paced`](Player::send_paced) is for a thread that produces each frame at its scheduled time, every 20 ms.
#[doc(alias = "speaker")]
pub struct Player<T = TcpStream> {
    voice: Voice<T>,
    pub(crate) pacer: Pacer,
}

impl<T: Transport> Player<T> {
    pub(crate) const fn new(voice: Voice<T>) -> Player<T> {
        Player {
            voice,
            pacer: Pacer::new(Duration::from_millis(20)),
        }
    }

    /// Plays the queued audio and waits for more, until the call is over or disconnected.
    ///
    /// The receiver reports how the call ended. `run` also keeps a silent call alive, whatever the receiving thread does
    /// meanwhile.
    ///
    /// [`Call::with_player`](super::Call::with_player) starts such a thread and stops it again. If you start a thread yourself,
    /// hang up before you wait for it; [`Voice::hang_up_on_drop`] does so on every path.
    pub fn run(&mut self) {
        let _turn = self.voice.line().hand_over_to_player();
        self.play_in_turn();
    }

    /// Plays the queued audio while it is the player's turn.
    pub(super) fn play_in_turn(&self) {
        let line = self.voice.line();
        while line.has_player() && !line.is_closed_for_sending() {
            line.end_if_over_max_duration();
            match line.play_due().next_due {
                Some(due) => thread::sleep(due.saturating_duration_since(Instant::now())),
                None => line.wait_for_playback(line.keep_alive().min(LONGEST_WAIT)),
            }
        }
    }

    /// Waits until the next frame's scheduled time, then sends the audio and returns its lateness.
    ///
    /// The audio should last 20 ms, because each frame is scheduled 20 ms after the previous one, whatever the
    /// [`frame_duration`](super::CallOptions::frame_duration). The lateness is about 0.1 ms, unless this method is called too
    /// late or the machine is busy.
    ///
    /// # Errors
    ///
    /// [`SendError`], as for [`Voice::send_now`]. After [`SendError::FrameLost`], you can send the next frame.
    pub fn send_paced(&mut self, audio: Audio<'_>) -> Result<Duration, SendError> {
        self.wait();
        self.voice.send_now(audio)?;
        Ok(self.pacer.frame_sent(Instant::now()))
    }

    /// Returns a handle for sending at once and for hanging up.
    pub fn voice(&self) -> Voice<T> {
        self.voice.clone()
    }

    pub(crate) fn wait(&self) {
        thread::sleep(self.pacer.delay(Instant::now()));
    }
}

/// The longest time between two checks of the call's duration. All timeouts of a call are kept to this precision.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

impl<T> fmt::Debug for Player<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player")
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}
