//! The addresses of a command line, and what goes wrong with them.

use std::ffi::OsString;
use std::io::{self, ErrorKind};

use crate::failure::Failure;
use crate::text::quoted;

/// That of a server that is to be called; an error if none was given.
pub fn of_server(value: Option<OsString>) -> Result<String, Failure> {
    match value {
        Some(address) => Ok(address.to_string_lossy().into_owned()),
        None => Err(Failure::usage(
            "which server? an address like 127.0.0.1:9092 is due",
        )),
    }
}

/// No connection could be made to it.
pub fn cannot_call(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidInput => none("", address, error),
        _ => Failure::Failed(format!("cannot call {}: {error}", quoted(address))),
    }
}

/// It could not be listened on, as `--listen` wants.
pub fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidInput => none("--listen ", address, error),
        _ => Failure::Failed(format!("cannot listen on {}: {error}", quoted(address))),
    }
}

/// It could not be looked up, as `--to` wants.
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
