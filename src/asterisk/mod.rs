//! The behaviour of each version of Asterisk towards a server, and a judge that applies it.
//!
//! Asterisk's rules for a server differ from one release to the next, and most violations end the call. No other document seems
//! to list these rules. [`TABLE`] has one row for each range of releases that behave alike, and one for the start-stop fork. The
//! facts were read in the source of every release and measured with 22.10. [`Rule`] names the faults of a server.
//! `audiosocket call --asterisk list` prints both.
//!
//! A [`Judge`] receives a server's bytes and reports [`Violation`]s.
//! [`SimulatedAsterisk::connect_judged`](super::SimulatedAsterisk::connect_judged) runs a judge beside the call and acts on its
//! verdict.
//! [`TestCall`](super::TestCall) does this for a test in a few lines.
//!
//! # Limits of detection
//!
//! The judge works at the other end of a connection and sees what a real Asterisk sees there, with these limits. Every fault that
//! it reports did happen, however busy the machine.
//!
//! | rule | detected |
//! |---|---|
//! | `empty-audio`, `forbidden-kind`, `unknown-rate`, `odd-length`, `truncated`, `no-hangup` | always |
//! | `split-payload` where Asterisk waits 5 ms | at 5.6 ms and more, never at up to 4.7 ms (50 of 50 and 0 of 50, measured on an idle machine); on a busy machine the pause may have to be longer |
//! | `split-header` where Asterisk waits | at 20 ms and more, the duration of a frame; it is reported because Asterisk sends no caller audio meanwhile |
//! | `stalled-header` | within 0.06 s after 2 s |
//! | `split-header`, `split-payload` where Asterisk does not wait | if the parts are read apart, which is chance when they are written one right after the other. A real Asterisk of these versions has the same chance |
//! | `too-fast` | from 1 s ahead of real time. A server that stalls for less and then catches up causes no violation |
//! | `queue-overflow` | from a burst of 103 frames; the queue has 96 |
//! | `idle` | within 0.06 s, if the caller is silent, too: a caller that talks is traffic |
//! | `reset` | whenever there is one. A server that closes without having read everything sends a reset only if audio is unread at that moment. So send it audio, and place more than one call |
//! | `not-reading` | when the buffers of both kernels are full: about 4 MB, which takes minutes at 8 kHz and 15 s at 192 kHz |
//!
//! Two writes may arrive as one because a kernel combines them. It does so if both are done before the first is read, or while
//! earlier data is unacknowledged (Nagle's algorithm). Over a network, frames of more than about 1,400 bytes (44.1 kHz and up)
//! arrive in several packets. A lost packet is a pause of 200 ms or more. The judge checks the bytes as they arrive, like a real
//! Asterisk.

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
