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
    failure("", "call", address, error)
}

/// Returns the error for an address of `--listen` that cannot be listened on.
pub fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    failure("--listen ", "listen on", address, error)
}

/// Returns the error for an address of `--to` that cannot be looked up.
pub fn cannot_reach(address: &str, error: &io::Error) -> Failure {
    failure("--to ", "reach", address, error)
}

fn failure(option: &str, verb: &str, address: &str, error: &io::Error) -> Failure {
    let reason = match missing_part(address) {
        Some(reason) => reason,
        None if error.kind() == ErrorKind::InvalidInput => error.to_string(),
        None => {
            let hint = hint(error.kind());
            return Failure::Failed(format!("cannot {verb} {}: {error}{hint}", quoted(address)));
        }
    };
    let address = quoted(address);
    Failure::Usage(format!("{option}{address} is no address: {reason}"))
}

/// Returns what to do, with a colon before it. Some systems have no text of their own for these errors.
const fn hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectionRefused => ": start a server there first",
        ErrorKind::AddrInUse => ": another program listens there, choose another port",
        ErrorKind::AddrNotAvailable => ": choose an address of this machine",
        _ => "",
    }
}

/// Returns what an address lacks that the system cannot resolve, with an example.
fn missing_part(address: &str) -> Option<String> {
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    match address.split_once(':') {
        Some(("", port)) if is_port(port) => Some(format!(
            "the host is missing, as in 127.0.0.1:{port} or, for all interfaces, 0.0.0.0:{port}"
        )),
        None if is_port(address) => Some(format!("the host is missing, as in 127.0.0.1:{address}")),
        None if !address.is_empty() => Some(format!("the port is missing, as in {address}:9092")),
        _ => None,
    }
}
