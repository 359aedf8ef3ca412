//! Simulated Asterisk callers, for tests of a server in any language.
//!
//! [`TestCall`] is a test in a few lines: it calls a server as every version of Asterisk and reports the violations.
//! [`SimulatedAsterisk`] is one such caller, controlled step by step.

mod live_judge;
mod simulated_asterisk;
mod simulated_connection;
mod test_call;

pub use simulated_asterisk::{SimulatedAsterisk, SimulatedCaller};
pub use simulated_connection::SimulatedConnection;
pub use test_call::{TestCall, TestOutcome, TestReport};
