//! What each version of Asterisk does with what a server sends, and a judge who goes by it.
//!
//! Nobody else seems to have written it down: what Asterisk takes from a server differs from one release to the next, and most of
//! what it does not take ends the call. [`TABLE`] has a row for each range of releases that behave alike, read in the source of
//! every release and measured with 22.10, and one for the start-stop fork; [`Rule`] names what a server may do wrong.
//! `audiosocket call --asterisk list` prints both.
//!
//! A [`Judge`] is told what a server sends and answers with [`Violation`]s.
//! [`SimulatedAsterisk::judged_by`](super::SimulatedAsterisk::judged_by) has one beside each call and acts upon what it says, and
//! [`TestCall`](super::TestCall) is that for a test in a few lines.
//!
//! # What can be seen
//!
//! The judge stands at the other end of a connection, and sees what a real Asterisk sees there, with these limits. What it
//! reports has happened, however busy the machine.
//!
//! | rule | is seen |
//! |---|---|
//! | `empty-audio`, `forbidden-kind`, `unknown-rate`, `odd-length`, `truncated`, `no-hangup` | always |
//! | `split-payload` where Asterisk waits 5 ms | from 5.6 ms on, and never up to 4.7 ms (all and none of 50, measured on an idle machine); on a busy one the pause may have to be longer |
//! | `split-header` where Asterisk waits | from 20 ms on, a frame's time; it is reported because the caller is not heard meanwhile |
//! | `split-header`, `split-payload` where Asterisk does not wait | if the parts are read apart, which is chance when they are written one right after the other. For a real Asterisk of these versions it is the same chance |
//! | `too-fast` | from a second ahead on. A server that stands still for less and then catches up is not blamed |
//! | `queue-overflow` | from 103 frames at once on; the queue has 96 |
//! | `idle` | within 0.06 s, if the caller is silent, too: he who talks is traffic |
//! | `reset` | whenever there is one. A server that closes without having read everything sends one only if audio is unread at that moment, so talk to it, and place more than one call |
//! | `not-reading` | when the buffers of both kernels are full: some 4 MB, minutes at 8 kHz, 15 s at 192 kHz |
//!
//! Two writes may arrive as one, because a kernel has put them together: if both are done before the first is read, or while
//! something earlier still waits for its acknowledgement (Nagle's algorithm). Over a network, frames of more than some 1,400
//! bytes (44.1 kHz and up) come in several packets, and a lost one is a pause of 200 ms and more. What is judged is what arrives,
//! as with a real Asterisk.

mod behaviour;
mod frame_under_way;
mod judge;
mod pace;
mod rule;
mod rules;
mod version;
mod violation;

pub use behaviour::{Behaviour, Consequences, TABLE};
pub use judge::{CallState, Judge};
pub use rule::{Consequence, Rule};
pub use rules::Rules;
pub use version::{ParseVersionError, Version};
pub use violation::Violation;
