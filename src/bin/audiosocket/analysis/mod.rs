//! Analysis of both directions of a call. `inspect` analyses a recording, `tap` a live call.

mod audio_times;
pub mod cadence;
pub mod description;
pub mod ended;
pub mod finding;
pub mod side;
pub mod summary;
pub mod tones;
pub mod verdict;
pub mod wav_headers;
