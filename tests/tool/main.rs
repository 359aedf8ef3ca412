//! Tests of the tool as scripts and people run it, in one program with a module for each topic.

#![cfg(feature = "std")]

#[path = "../common"]
mod common {
    pub mod closed_port;
    pub mod faulty;
    pub mod nine_seconds;
    pub mod program;
    pub mod segments;
    pub mod served;
    pub mod small_disk;
    pub mod tap_file;
    pub mod test_file;
    pub mod tool;
    pub mod tool_page;
    pub mod transcript;
    pub mod wav_file;
}

mod addresses;
mod audio;
mod call;
mod captures;
#[cfg(unix)]
mod descriptors;
mod guide;
mod inspect;
mod load;
mod messages;
mod pictures;
mod readme;
mod reporting;
mod serve;
mod tap;
mod tapped_calls;
#[cfg(unix)]
mod threads;
mod usage;
mod wild;
