//! Bytes that a real Asterisk sent: as many of `tests/captures` as fit into the flash of a small board.

/// Every byte of a connection. `tests/captures/README.md` describes each.
pub struct Capture {
    pub name: &'static str,
    pub bytes: &'static [u8],
}

macro_rules! capture {
    ($name:literal) => {
        Capture {
            name: $name,
            bytes: include_bytes!(concat!("../../captures/", $name, ".bin")),
        }
    };
}

/// The captures whose frames fit into a buffer of 700 bytes.
pub const CAPTURES: [Capture; 9] = [
    capture!("app-dtmf"),
    capture!("slin-dtmflower"),
    capture!("slin-mix"),
    capture!("ulaw-play"),
    capture!("hu-app-none"),
    capture!("seed-none-dtmf"),
    capture!("seed-none-dtmflower"),
    capture!("seed-none-dtmflong"),
    capture!("slin16-play"),
];

pub const ASTERISK_DIGITS: &Capture = &CAPTURES[0];
pub const START_STOP_DIGITS: &Capture = &CAPTURES[5];
pub const AUDIO_AND_DIGITS: &Capture = &CAPTURES[2];

/// The UUID and eight frames of `slin24-play`, each of 963 bytes, so longer than a buffer of 700. A static by value keeps the rest
/// of the file out of the flash.
pub static LONG_FRAMES: [u8; 19 + 8 * 963] = *include_bytes!("../../captures/slin24-play.bin")
    .first_chunk()
    .unwrap();
