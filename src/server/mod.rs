//! A server for many calls at once, with one thread for each call.
//!
//! A *call* is one AudioSocket connection. When the server *hangs up*, it ends that connection: the caller stays connected, and
//! the dialplan continues (Asterisk since 20.14, 21.9, 22.4 and 23.0).
//!
//! [`Server`] runs a handler with a [`Call`](crate::call::Call) for each connection that sends its UUID. [`ServerBuilder`] limits
//! the number of calls, chooses which to admit, and sets the hook that receives every [`Incident`]. A [`ServerHandle`] lists
//! calls, hangs them up and shuts the server down, from any thread.

mod accept_loop;
mod acceptor;
mod connection;
mod connections;
mod hooks;
mod incident;
mod lingering;
// Each file in this crate is named after its type, and here that name is also the module's.
#[allow(clippy::module_inception)]
mod server;
mod server_builder;
mod server_handle;

pub use incident::Incident;
pub use server::Server;
pub use server_builder::{IncomingCall, ServerBuilder};
pub use server_handle::{CallInfo, ServerHandle, ServerStats};
