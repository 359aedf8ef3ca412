//! The thread that judges a call, from the library's sources.

#[path = "../../../src/simulator/live_judge.rs"]
mod live_judge;

/// Models that need private items of the simulator.
#[path = "models/live_judge.rs"]
pub(crate) mod live_judge_models;
