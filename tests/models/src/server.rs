//! The connections of a server, from the library's sources.

#[path = "../../../src/server/connections.rs"]
mod connections;
#[path = "../../../src/server/lingering.rs"]
mod lingering;
#[path = "../../../src/server/server_handle.rs"]
mod server_handle;

pub use server_handle::{CallInfo, ServerHandle, ServerStats};

/// Models that need private items of the server.
#[path = "models/connections.rs"]
pub(crate) mod connections_models;
#[path = "models/lingering.rs"]
pub(crate) mod lingering_models;
