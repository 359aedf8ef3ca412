//! The thread that judges a call, from the library's sources.

#[path = "../../../src/simulator/live_judge.rs"]
mod live_judge;

/// Models, which need what only a simulator may use.
#[path = "models/live_judge.rs"]
pub(crate) mod live_judge_models;
