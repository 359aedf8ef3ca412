//! Addresses on the command line, and their errors.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use crate::failure::{Failure, cannot_start_a_thread};
use crate::text::quoted;

/// Returns the address of the server to call, or an error if there is no address.
pub fn of_server(value: Option<OsString>) -> Result<String, Failure> {
    match value {
        Some(address) => Ok(address.to_string_lossy().into_owned()),
        None => Err(Failure::usage(
            "missing server address: add one, such as 127.0.0.1:9092",
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
    // No connection fails like this, but a call needs threads.
    if error.kind() == ErrorKind::WouldBlock {
        return cannot_start_a_thread(error);
    }
    invalid(address, "address", error).unwrap_or_else(|| {
        Failure::Failed(format!(
            "cannot call {}: {error}: check the address, and that the server runs",
            quoted(address)
        ))
    })
}

/// Returns the error for an address of `--listen` that cannot be listened on.
pub fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    invalid(address, "--listen address", error).unwrap_or_else(|| {
        Failure::Failed(format!(
            "cannot listen on {}: {error}: choose another --listen address",
            quoted(address)
        ))
    })
}

/// Returns the error for an address of `--to` that cannot be looked up.
pub fn cannot_reach(address: &str, error: &io::Error) -> Failure {
    invalid(address, "--to address", error).unwrap_or_else(|| {
        Failure::Failed(format!(
            "cannot look up {}: {error}: check the --to address",
            quoted(address)
        ))
    })
}

/// Returns the error for an address that cannot be parsed.
fn invalid(address: &str, what: &str, error: &io::Error) -> Option<Failure> {
    let expected = match missing_part(address) {
        Some(expected) => expected,
        None if error.kind() != ErrorKind::InvalidInput => return None,
        None if !has_host_and_port(address) => {
            String::from("expected HOST:PORT, such as 127.0.0.1:9092")
        }
        // The name has no address.
        None if error.raw_os_error().is_none() => error.to_string(),
        None => return None,
    };
    let address = quoted(address);
    Some(Failure::Usage(format!(
        "invalid {what} {address}: {expected}"
    )))
}

fn has_host_and_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Returns what to add to an address that the system cannot resolve.
fn missing_part(address: &str) -> Option<String> {
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    match address.split_once(':') {
        Some(("", port)) if is_port(port) => Some(format!(
            "add the host, as in 127.0.0.1:{port} or, for all interfaces, 0.0.0.0:{port}"
        )),
        None if is_port(address) => Some(format!("add the host, as in 127.0.0.1:{address}")),
        None if !address.is_empty() => Some(format!("add the port, as in {address}:9092")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(address: &str, error: &io::Error) -> String {
        cannot_call(address, error).message().unwrap()
    }

    #[test]
    fn invalid_input_is_explained_by_its_cause() {
        let error = io::Error::new(ErrorKind::InvalidInput, "the name has no address: use X");
        assert_eq!(
            message("name:9092", &error),
            "invalid address 'name:9092': the name has no address: use X (see --help)"
        );
        assert_eq!(
            message("name:port", &error),
            "invalid address 'name:port': expected HOST:PORT, such as 127.0.0.1:9092 (see --help)"
        );
    }

    #[test]
    fn lack_of_threads_does_not_blame_the_address() {
        let text = message("name:9092", &ErrorKind::WouldBlock.into());
        assert!(text.starts_with("cannot start a thread: "), "{text}");
    }
}
