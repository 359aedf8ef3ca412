//! Many calls at once: a server that gives each call a thread.
//!
//! [`Server`] calls a handler with a [`Call`](crate::call::Call) for each connection that sends its UUID. [`ServerBuilder`] limits how
//! many there may be, chooses whom to admit, and is told of every [`Incident`]. A [`ServerHandle`] lists calls, hangs them up and shuts
//! the server down, from any thread.

mod accept_loop;
mod connection;
mod connections;
mod hooks;
mod incident;
mod lingering;
// The house has one file a noun, and the noun of this one is the server.
#[allow(clippy::module_inception)]
mod server;
mod server_builder;
mod server_handle;

pub use incident::Incident;
pub use server::Server;
pub use server_builder::{IncomingCall, ServerBuilder};
pub use server_handle::{CallInfo, ServerHandle, ServerStats};
