//! One call: its events, its audio, and its end.
//!
//! A *call* is one AudioSocket connection. To *hang up* means to end that connection, not the telephone call: the caller stays
//! connected, and the dialplan continues (Asterisk since 20.14, 21.9, 22.4 and 23.0).
//!
//! A [`Call`] returns the peer's messages as [`Event`]s and plays audio through its [`Voice`], in one thread, or in two with
//! [`Call::with_player`] or [`Call::split`]. A [`Server`](crate::server::Server) makes a call of each connection;
//! [`Call::accept`] makes one of any [`Transport`].
//!
//! ```
//! use audiosocket::server::Server;
//! use audiosocket::simulator::SimulatedAsterisk;
//! use audiosocket::wire::{Audio, SampleRate};
//!
//! let server = Server::bind("127.0.0.1:0")?;
//! let (address, handle) = (server.local_addr(), server.handle());
//! let running = std::thread::spawn(move || {
//!     server.run(|call| {
//!         let voice = call.voice();
//!         while let Some(event) = call.receive() {
//!             if let Some(audio) = event.audio() {
//!                 voice.send_now(audio)?;
//!             }
//!         }
//!         Ok(())
//!     })
//! });
//!
//! let mut asterisk = SimulatedAsterisk::connect(address, SimulatedAsterisk::random_uuid())?;
//! let audio = Audio::new(SampleRate::Hz8000, &[7; 320])?;
//! asterisk.caller().send_frame(audio)?;
//! let silence = asterisk.receive().and_then(|event| event.audio());
//! assert!(silence.is_some_and(|audio| audio.samples().all(|sample| sample == 0)), "the server's greeting");
//! assert_eq!(asterisk.receive().and_then(|event| event.audio()), Some(audio));
//! asterisk.hang_up();
//!
//! handle.shut_down(std::time::Duration::from_secs(1));
//! running.join().expect("no panic gets out of a server")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audio_hook;
// Each file in this crate is named after its type, and here that name is also the module's.
#[allow(clippy::module_inception)]
mod call;
mod call_options;
mod call_receiver;
mod call_recording;
mod call_recording_error;
mod call_stats;
mod end;
mod event;
mod gather;
mod hangup;
mod key_events;
mod keypad;
mod line;
mod play_error;
mod playback_queue;
mod player;
mod prompt;
mod recording_queue;
mod recording_target;
mod recording_writer;
mod refusal;
mod sample_queue;
mod transport;
mod voice;

pub use audio_hook::Direction;
pub use call::Call;
pub use call_options::CallOptions;
pub use call_receiver::CallReceiver;
pub use call_recording::CallRecording;
pub use call_recording_error::{CallRecordingError, CallRecordingErrorReason};
pub use call_stats::{CallStats, Lateness};
pub use end::{End, Timeout};
pub use event::Event;
pub use gather::{Gather, GatherEnd, Gathered};
pub use key_events::{KeyEvent, KeyEvents};
pub use play_error::{PlayError, SendError};
pub use player::Player;
pub use prompt::{PlayOutcome, Prompt};
pub use recording_target::RecordingTarget;
pub use recording_writer::RecordingWriter;
pub use refusal::Refusal;
pub use transport::Transport;
pub use voice::{HangUpOnDrop, Mark, Unplayed, Voice};

pub(crate) use end::EndedLocally;
pub(crate) use hangup::{PATIENCE, discard, hang_up, hang_up_all};
pub(crate) use line::Line;
pub(crate) use transport::{Incoming, canonical, is_reset_at_send, is_timeout};
