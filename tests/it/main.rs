//! Tests of the library and its examples from outside, in one program with a module for each topic.

#[cfg(feature = "std")]
#[path = "../common"]
mod common {
    pub mod closed_port;
    pub mod faulty;
    pub mod pieces;
    pub mod program;
    pub mod response;
    pub mod script;
    pub mod served;
    pub mod test_file;
    pub mod wav_file;
}

#[cfg(feature = "std")]
mod addresses;
#[cfg(feature = "std")]
mod asterisk_rules;
#[cfg(feature = "std")]
mod auto_traits;
#[cfg(feature = "std")]
mod call_recordings;
#[cfg(feature = "std")]
mod calls;
#[cfg(feature = "std")]
mod captures;
#[cfg(feature = "std")]
mod chunkings;
#[cfg(all(feature = "std", unix))]
mod descriptors;
#[cfg(feature = "std")]
mod digits;
#[cfg(feature = "std")]
mod endings;
#[cfg(feature = "std")]
mod errors;
#[cfg(feature = "std")]
mod examples;
#[cfg(feature = "std")]
mod fairness;
#[cfg(feature = "std")]
mod faults;
mod faults_of_others;
#[cfg(feature = "std")]
mod first_frames;
mod g711;
mod headers;
#[cfg(feature = "std")]
mod hooks;
#[cfg(feature = "std")]
mod hostile_peers;
#[cfg(feature = "std")]
mod judged_calls;
#[cfg(feature = "std")]
mod layers;
#[cfg(feature = "std")]
mod limits;
#[cfg(feature = "std")]
mod partial_frames;
#[cfg(feature = "std")]
mod peers;
#[cfg(feature = "std")]
mod properties;
#[cfg(feature = "std")]
mod recording_files;
#[cfg(feature = "std")]
mod recordings;
#[cfg(feature = "std")]
mod resampling;
#[cfg(feature = "std")]
mod scripted_reads;
#[cfg(feature = "std")]
mod scripted_writes;
#[cfg(feature = "std")]
mod simulated_asterisk;
#[cfg(feature = "std")]
mod speech;
#[cfg(feature = "std")]
mod test_calls;
#[cfg(feature = "std")]
mod tls;
mod tones;
#[cfg(feature = "std")]
mod transports;
#[cfg(feature = "std")]
mod verbs;
#[cfg(feature = "std")]
mod wav_files;
#[cfg(feature = "std")]
mod with_player;
