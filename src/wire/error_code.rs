//! The payload of an error frame.

use core::fmt;

use super::{Frame, PayloadTooLong};

/// The payload of an error frame: an application's code of any length, or nothing.
///
/// [`flags`](ErrorCode::flags) reads a payload of one byte as the bit flags of the protocol's document. Asterisk itself never
/// sends an error frame, and ends the call when it receives one.
///
/// ```
/// use audiosocket::wire::{ErrorCode, ErrorFlags};
///
/// let code = ErrorCode::new(&[0x03])?;
/// assert!(code.flags().is_some_and(|flags| flags.contains(ErrorFlags::FRAME_FORWARDING)));
/// assert_eq!(code.to_string(), "hangup of the calling party, frame forwarding (0x03)");
/// # Ok::<(), audiosocket::wire::PayloadTooLong>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ErrorCode<'a> {
    payload: &'a [u8],
}

impl<'a> ErrorCode<'a> {
    /// Returns an error code with these bytes.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLong`] if there are more than 65,535 bytes.
    pub const fn new(payload: &'a [u8]) -> Result<ErrorCode<'a>, PayloadTooLong> {
        if payload.len() > Frame::MAX_PAYLOAD_LEN {
            return Err(PayloadTooLong { len: payload.len() });
        }
        Ok(ErrorCode { payload })
    }

    /// Returns the bytes. Only the application that sent them can interpret them.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Returns the code as bit flags, if it has exactly one byte.
    pub const fn flags(&self) -> Option<ErrorFlags> {
        match self.payload {
            [bits] => Some(ErrorFlags(*bits)),
            _ => None,
        }
    }
}

// A code is usually one byte or a few. 65,535 numbers in a log would be useless.
impl fmt::Debug for ErrorCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload.len() {
            0..=8 => write!(f, "ErrorCode({:02x?})", self.payload),
            len => write!(f, "ErrorCode({len} bytes)"),
        }
    }
}

impl fmt::Display for ErrorCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flags() {
            Some(flags) => flags.fmt(f),
            None if self.payload.is_empty() => f.write_str("no code"),
            None => write!(f, "code of {} bytes", self.payload.len()),
        }
    }
}

/// The bit flags of a one-byte error code, as defined in the protocol's document.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ErrorFlags(u8);

impl ErrorFlags {
    /// 0x01: the calling party hung up.
    pub const HANGUP: ErrorFlags = ErrorFlags(0x01);
    /// 0x02: a frame could not be forwarded.
    pub const FRAME_FORWARDING: ErrorFlags = ErrorFlags(0x02);
    /// 0x04: memory could not be allocated.
    pub const MEMORY: ErrorFlags = ErrorFlags(0x04);

    const NAMED: [(ErrorFlags, &'static str); 3] = [
        (ErrorFlags::HANGUP, "hangup of the calling party"),
        (ErrorFlags::FRAME_FORWARDING, "frame forwarding"),
        (ErrorFlags::MEMORY, "memory"),
    ];

    /// Returns the flags of this byte, including those without a name.
    pub const fn from_bits(bits: u8) -> ErrorFlags {
        ErrorFlags(bits)
    }

    /// Returns all bits, including those without a name.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns whether all bits of `flags` are set.
    pub const fn contains(self, flags: ErrorFlags) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl fmt::Display for ErrorFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (flag, name) in ErrorFlags::NAMED {
            if self.contains(flag) {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
        }
        if separator.is_empty() {
            return write!(f, "error {:#04x}", self.0);
        }
        write!(f, " ({:#04x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::ToString;

    use super::*;

    #[test]
    fn long_error_code_prints_only_its_length() {
        let debug = |payload| format!("{:?}", ErrorCode::new(payload).unwrap());
        assert_eq!(debug(&[]), "ErrorCode([])");
        assert_eq!(debug(&[0x0f, 0xa0]), "ErrorCode([0f, a0])");
        assert_eq!(debug(&[0; 9]), "ErrorCode(9 bytes)");
        assert_eq!(debug(&[0; 65_535]), "ErrorCode(65535 bytes)");
    }

    #[test]
    fn flags_read_well_alone_and_together() {
        for (bits, text) in [
            (0x00, "error 0x00"),
            (0x01, "hangup of the calling party (0x01)"),
            (0x06, "frame forwarding, memory (0x06)"),
            (
                0x0f,
                "hangup of the calling party, frame forwarding, memory (0x0f)",
            ),
            (0x80, "error 0x80"),
        ] {
            assert_eq!(ErrorFlags::from_bits(bits).to_string(), text);
        }
    }

    #[test]
    fn only_one_byte_is_read_as_flags() {
        let bytes = [0x01; 65_536];
        let code = |len: usize| ErrorCode::new(&bytes[..len]);
        assert_eq!(code(0).unwrap().to_string(), "no code");
        assert_eq!(code(1).unwrap().flags(), Some(ErrorFlags::HANGUP));
        assert_eq!(code(2).unwrap().flags(), None);
        assert_eq!(code(65_535).unwrap().to_string(), "code of 65535 bytes");
        assert_eq!(code(65_536), Err(PayloadTooLong { len: 65_536 }));
    }
}
