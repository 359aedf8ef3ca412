//! The endpoint of a call on a microcontroller: no std, no heap, and smoltcp's sockets.

#![no_std]
#![forbid(unsafe_code)]

mod endpoint;

pub use endpoint::Endpoint;
