//! What must hold for any bytes that are taken for a WAV file. Used by the fuzz target and by `tests/corpus.rs`.

use std::io::{self, ErrorKind, Read};

use audiosocket::wav::Wav;

pub fn check(bytes: &[u8]) {
    let read = Wav::read(bytes);
    let said = read.as_ref().ok().map(|wav| (wav.rate().hz(), wav.bytes()));
    assert_eq!(said, expected(bytes));
    let dripped = Wav::read(Dripping { bytes, reads: 0 });
    match (read, dripped) {
        (Ok(wav), Ok(dripped)) => {
            assert!(wav == dripped && !wav.bytes().is_empty() && wav.bytes().len() % 2 == 0);
            assert_eq!(wav.samples().len() * 2, wav.bytes().len());
            assert!(!wav.duration().is_zero() && !format!("{wav:?}").is_empty());
        }
        (Err(error), Err(dripped)) => {
            assert_eq!(error.to_string(), dripped.to_string());
            let error = error.with_path("a\nb.wav");
            let line = error.to_string();
            assert!(line.starts_with("a?b.wav ") && !line.contains(char::is_control));
            assert!(
                error
                    .suggested_command()
                    .is_none_or(|command| line.ends_with(&command))
            );
        }
        (read, dripped) => panic!("{read:?} is not {dripped:?}"),
    }
}

/// The rate and the audio, found in the plainest way; `None` for a file that is not taken.
fn expected(bytes: &[u8]) -> Option<(u32, &[u8])> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let riff_len = number(&bytes[4..8]);
    let (mut format, mut audio) = (None, None);
    let mut place = 12;
    while format.is_none() || audio.is_none() {
        let header = bytes.get(place..place + 8)?;
        let len = number(&header[4..]);
        place += 8;
        let rest = bytes.get(place..).unwrap_or_default();
        if &header[..4] == b"fmt " && format.is_none() {
            format = Some(&rest[..len.min(rest.len())]);
        }
        if &header[..4] == b"data" && audio.is_none() {
            let ends_here = riff_len == 0 || riff_len >= 0x7fff_f000 || riff_len + 8 <= place;
            let without_len =
                ends_here || !(rest.is_empty() || is_chunk(rest, riff_len + 8 - place));
            audio = Some(if len >= 0x7fff_f000 || (len == 0 && without_len) {
                format?;
                rest
            } else {
                rest.get(..len)?
            });
        }
        place = place.saturating_add(len).saturating_add(len % 2);
    }
    let (format, audio) = (format?, audio?);
    let pcm = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";
    let is_linear = match format.get(..2)? {
        [1, 0] => true,
        [0xfe, 0xff] => format.get(24..40)? == pcm,
        _ => false,
    };
    let is_mono = format.get(2..4)? == [1, 0];
    let is_16_bit = format.get(12..16)? == [2, 0, 16, 0];
    let hz = number(&format[4..8]);
    let nine = [
        8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
    ];
    let is_taken = is_linear && is_mono && is_16_bit && nine.contains(&hz);
    let is_whole = !audio.is_empty() && audio.len() % 2 == 0;
    (is_taken && is_whole).then_some((hz as u32, audio))
}

/// Returns whether the next chunk begins here and ends within `left` bytes.
fn is_chunk(rest: &[u8], left: usize) -> bool {
    rest.len() >= 8
        && rest[..4]
            .iter()
            .all(|letter| (b' '..=b'~').contains(letter))
        && number(&rest[4..8]) + 8 <= left
}

fn number(four: &[u8]) -> usize {
    u32::from_le_bytes(four.try_into().expect("four bytes")) as usize
}

/// Gives the bytes a few at a time, with an interruption now and then.
struct Dripping<'a> {
    bytes: &'a [u8],
    reads: usize,
}

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads % 5 == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let len = (self.reads % 7)
            .max(1)
            .min(buffer.len())
            .min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(len);
        buffer[..len].copy_from_slice(piece);
        self.bytes = rest;
        Ok(len)
    }
}
