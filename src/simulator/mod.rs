//! Asterisk's part of a call, for tests of a server in any language.
//!
//! [`TestCall`] is a test in a few lines: it calls a server from every version of Asterisk and reports what they would do.
//! [`SimulatedAsterisk`] is one of those callers, step by step.

mod live_judge;
mod simulated_asterisk;
mod simulated_connection;
mod test_call;

pub use simulated_asterisk::{SimulatedAsterisk, SimulatedCaller};
pub use simulated_connection::SimulatedConnection;
pub use test_call::{TestCall, TestOutcome, TestReport};
