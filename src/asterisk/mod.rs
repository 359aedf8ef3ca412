//! The behaviour of each version of Asterisk towards a server, and a judge that applies it.
//!
//! Asterisk's rules for a server differ from one release to the next, and most violations end the call. No other document seems
//! to list these rules. [`TABLE`] has one row for each range of releases that behave alike, and one for the start-stop fork: an
//! Asterisk with modules of the dialect in the document "AudioSocket with DTMF". The facts were read in the source of every release
//! and measured with 22.10. [`Rule`] names the faults of a server. `audiosocket call --asterisk list` prints both.
//!
//! A [`Judge`] receives a server's bytes and reports [`Violation`]s. A
//! [`TestCall`](super::TestCall) tests a server with a judge in a few lines.
//! [`SimulatedAsterisk::connect_judged`](super::SimulatedAsterisk::connect_judged) makes a single judged call.
//!
//! # Limits of detection
//!
//! Every fault that the judge reports did happen, even on a busy machine. It works at the other end of the connection, like a real
//! Asterisk, so it cannot detect every fault:
//!
//! | rule | detected |
//! |---|---|
//! | `empty-audio`, `forbidden-kind`, `unknown-rate`, `odd-length`, `truncated`, `no-hangup` | always |
//! | `split-payload` if Asterisk waits 5 ms | pauses of 5.6 ms and more, none up to 4.7 ms (50 of 50 and 0 of 50, measured on an idle machine); on a busy machine the pause may have to be longer |
//! | `split-header` if Asterisk waits | pauses of 20 ms and more, the duration of a frame, because Asterisk sends no caller audio meanwhile |
//! | `stalled-header` | within 0.06 s after 2 s |
//! | `split-header`, `split-payload` if Asterisk does not wait | if the parts are read apart. This is chance if they are written one right after the other, for the judge as for a real Asterisk |
//! | `too-fast` | from 1 s ahead of real time. A server that stalls for less and then catches up causes no violation |
//! | `queue-overflow` | from a burst of 103 frames; from 97, one more than the queue has, if the connection was empty just before |
//! | `idle` | within 0.06 s, if the caller is silent too, because a caller's audio is traffic |
//! | `reset` | always. But a server that closes without reading everything resets only if audio is unread at that moment. So send it audio, and place more than one call |
//! | `not-reading` | when the buffers of both kernels are full: about 4 MB, which takes minutes at 8 kHz and 15 s at 192 kHz |
//!
//! Two writes may arrive as one because a kernel combines them. It does so if both are done before the first is read, or while
//! earlier data is unacknowledged (Nagle's algorithm). Over a network, frames of more than about 1,400 bytes (44.1 kHz and up)
//! arrive in several packets. A lost packet causes a pause of 200 ms or more.

mod behaviour;
mod frame_under_way;
mod judge;
mod pace;
mod rule;
mod rules;
mod version;
mod violation;
mod way;

pub use behaviour::{Behaviour, Consequences, OtherFrames, TABLE};
pub use judge::{CallState, Judge, Received};
pub use rule::{Consequence, Rule};
pub use rules::Rules;
pub use version::{ParseVersionError, Version};
pub use violation::Violation;
pub use way::{ParseWayError, Way};
