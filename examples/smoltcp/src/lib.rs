//! The end of a call on a microcontroller: without std, without a heap, over the sockets of smoltcp.

#![no_std]
#![forbid(unsafe_code)]

mod endpoint;

pub use endpoint::Endpoint;
