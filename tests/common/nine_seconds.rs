//! A tap recording of a call with all kinds of events.

use audiosocket::tone::Generator;
use audiosocket::wire::{Digit, SampleRate};

use super::tap_file::{From, TapFile, audio, frame};

const UUID: [u8; 16] = [
    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0,
];
const FRAME_US: u64 = 20_000;

/// A tone that rises and swells, so that its envelope resembles speech.
fn voice(frame: u64, volume: f64) -> Vec<i16> {
    let sample = |place: u64| {
        let at = (frame * 160 + place) as f64 / 8000.0;
        let swell = (at * 2.1).sin().abs() * (at * 9.0).sin().abs();
        ((at * 1900.0 + (at * 3.0).sin() * 40.0).sin() * swell * volume) as i16
    };
    (0..160).map(sample).collect()
}

/// A call of nine seconds. The caller presses 4 and, at the same moment, 2. The server has a gap at 3 s and then sends seven frames
/// at once. It splits a frame at 4 s, presses # in its audio at 5 s, and sends a malformed frame at 6 s. The caller closes.
pub fn nine_seconds() -> TapFile {
    let mut tap = TapFile::new();
    tap.data(From::Caller, 200, &frame(0x01, &UUID));
    let digits = [Digit::try_from('#').unwrap()];
    let mut tones = Generator::new(SampleRate::Hz8000).digits(digits);
    for number in 0..450 {
        let at = 1000 + number * FRAME_US;
        // A little jitter, always the same.
        let at = at + number * 7919 % 900;
        match number {
            100..105 => {}
            105 => {
                tap.data(From::Caller, at - 9000, &frame(0x03, b"4"));
                tap.data(From::Caller, at - 8000, &frame(0x03, b"2"));
                tap.data(From::Caller, at, &audio(&voice(number, 9000.0)));
            }
            _ => tap.data(From::Caller, at, &audio(&voice(number, 9000.0))),
        }
        let at = at + 300;
        let said = if number >= 250 {
            let tone: Vec<i16> = tones.by_ref().take(160).collect();
            if tone.len() == 160 {
                tone
            } else {
                voice(number, 5000.0)
            }
        } else {
            voice(number, 5000.0)
        };
        let said = audio(&said);
        match number {
            150..156 => {}
            156 => {
                for late in 150..157 {
                    tap.data(From::Server, at + late, &audio(&voice(late, 5000.0)));
                }
            }
            200 => {
                tap.data(From::Server, at, &said[..3]);
                tap.data(From::Server, at + 12_000, &said[3..]);
            }
            300 => {
                tap.data(From::Server, at, &frame(0x10, &[1, 2, 3]));
                tap.data(From::Server, at, &said);
            }
            _ => tap.data(From::Server, at, &said),
        }
    }
    tap.end(From::Caller, 9_010_000, b'c');
    tap.data(From::Server, 9_010_500, &frame(0x00, &[]));
    tap.end(From::Server, 9_010_700, b'c');
    tap
}
