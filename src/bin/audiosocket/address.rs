//! Addresses on the command line, and their errors.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use crate::failure::Failure;
use crate::text::quoted;

/// Returns the address of the server to call, or an error if there is no address.
pub fn of_server(value: Option<OsString>) -> Result<String, Failure> {
    match value {
        Some(address) => Ok(address.to_string_lossy().into_owned()),
        None => Err(Failure::usage(
            "which server? an address like 127.0.0.1:9092 is due",
        )),
    }
}

/// Returns the address in its own family: an IPv4 caller on a listener for both families has an IPv4 address.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::from((ip, address.port())),
        IpAddr::V6(_) => address,
    }
}

/// Returns the error for a failed connection.
pub fn cannot_call(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidInput => none("", address, error),
        _ => Failure::Failed(format!("cannot call {}: {error}", quoted(address))),
    }
}

/// Returns the error for an address of `--listen` that cannot be listened on.
pub fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidInput => none("--listen ", address, error),
        _ => Failure::Failed(format!("cannot listen on {}: {error}", quoted(address))),
    }
}

/// Returns the error for an address of `--to` that cannot be looked up.
pub fn cannot_reach(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidInput => none("--to ", address, error),
        _ => Failure::Failed(format!("cannot reach {}: {error}", quoted(address))),
    }
}

fn none(option: &str, address: &str, error: &io::Error) -> Failure {
    let address = quoted(address);
    Failure::Usage(format!("{option}{address} is no address: {error}"))
}
