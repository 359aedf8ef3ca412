//! Files of packets, which `inspect` reads through tshark.

use std::fmt::Display;

use crate::capture::COMMAND;
use crate::failure::Failure;

/// First bytes of a pcap file: with microseconds and with nanoseconds, in either byte order.
const PCAP: [[u8; 4]; 4] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
];
/// First bytes of a pcapng file.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Returns an error with the command that reads the file, if its first bytes are those of a packet capture.
pub fn refuse(start: &[u8], input: impl Display) -> Result<(), Failure> {
    let format = match start {
        start if PCAP.iter().any(|magic| start.starts_with(magic)) => "pcap",
        start if start.starts_with(&PCAPNG) => "pcapng",
        _ => return Ok(()),
    };
    Err(Failure::Failed(format!(
        "{input} is a packet capture ({format}): read it with tshark: {COMMAND}"
    )))
}
