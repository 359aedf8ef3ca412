//! Calls over TCP: a server for them, and an Asterisk that is played by us.
//!
//! [`Server`] gives each connection a thread and its handler a [`Call`]. A call is received as [`Event`]s and spoken on through
//! a [`Voice`], in one thread or, after [`Call::split`], in two. [`SimulatedAsterisk`] is the other side, for tests; what a
//! version of Asterisk takes offence at it knows from [`asterisk`], and [`TestCall`] is a test in a few lines.
//!
//! ```
//! use audiosocket::call::{Server, SimulatedAsterisk};
//! use audiosocket::wire::{Audio, SampleRate};
//!
//! let server = Server::bind("127.0.0.1:0")?;
//! let (address, handle) = (server.local_address(), server.handle());
//! let running = std::thread::spawn(move || {
//!     server.run(|call| {
//!         let voice = call.voice();
//!         while let Some(event) = call.receive() {
//!             if let Some(audio) = event.audio() {
//!                 voice.send(audio)?;
//!             }
//!         }
//!         Ok(())
//!     })
//! });
//!
//! let mut asterisk = SimulatedAsterisk::connect(address, SimulatedAsterisk::random_uuid())?;
//! let audio = Audio::new(SampleRate::Hz8000, &[7; 320])?;
//! asterisk.caller().say(audio)?;
//! let silence = asterisk.receive().and_then(|event| event.audio());
//! assert!(silence.is_some_and(|audio| audio.samples().all(|sample| sample == 0)), "the server's greeting");
//! assert_eq!(asterisk.receive().and_then(|event| event.audio()), Some(audio));
//! asterisk.hang_up();
//!
//! handle.shut_down(std::time::Duration::from_secs(1));
//! running.join().expect("no panic gets out of a server")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod asterisk;
mod builder;
mod byte_rate;
// The house has one file a noun, and the noun of this one is the call.
#[allow(clippy::module_inception)]
mod call;
mod call_options;
mod connections;
mod direction;
mod dtmf_events;
mod end;
mod event;
mod handle;
mod hooks;
mod incident;
mod incoming;
mod lateness;
mod line;
mod lingering;
mod listener;
mod outgoing;
mod overhearing;
mod playout;
mod reception;
mod refusal;
mod say_error;
mod server;
mod serving;
mod simulated_connection;
mod simulator;
mod speaker;
mod speech_queue;
mod stats;
mod test_call;
mod transport;
mod unsaid;
mod voice;
mod witness;

pub use builder::{Builder, Caller};
pub use call::Call;
pub use call_options::CallOptions;
pub use direction::Direction;
pub use dtmf_events::{DtmfEvent, DtmfEvents};
pub use end::{Deadline, End};
pub use event::Event;
pub use handle::{Counts, Handle, LiveCall};
pub use incident::Incident;
pub use lateness::Lateness;
pub use listener::Listener;
pub use refusal::Refusal;
pub use say_error::{SayError, SendError};
pub use server::Server;
pub use simulated_connection::SimulatedConnection;
pub use simulator::{SimulatedAsterisk, SimulatedCaller};
pub use speaker::Speaker;
pub use stats::Stats;
pub use test_call::{TestCall, TestReport, TestedCall};
pub use transport::Transport;
pub use unsaid::Unsaid;
pub use voice::{HangUpOnDrop, Mark, Voice};
