//! A digest of many bytes in eight letters.

use core::fmt;

/// FNV-1a of 32 bits over bytes, text or samples.
pub struct Digest(u32);

impl Digest {
    pub fn new() -> Digest {
        Digest(0x811c_9dc5)
    }

    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }

    pub fn add_sample(&mut self, sample: i16) {
        self.add(&sample.to_le_bytes());
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}
