//! The analysis of a call of which both directions are seen: what `inspect` does with a recording and `tap` with a live call.

mod audio_times;
pub mod cadence;
pub mod description;
pub mod ended;
pub mod finding;
pub mod side;
pub mod summary;
pub mod tones;
