//! Files that are not WAV files.

use core::fmt;
use std::io::{self, Read};

use super::chunk_reader::fill;
use super::conversion::Conversion;

/// A file that is not a WAV file, recognised by its first bytes.
///
/// It displays as `an MP3 file, not WAV` or `a WAV file after an ID3v2 tag`. A file of an unknown kind displays with its first
/// bytes: `not a WAV file: it starts with "<!DOCTYPE ht"`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OtherFile {
    beginning: Beginning,
    /// The kind of file after an ID3v2 tag, if there is a tag and the kind is known.
    tagged: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Beginning {
    bytes: [u8; OtherFile::BEGINNING_LEN],
    len: usize,
}

/// The longest tag that is skipped to recognise the file after it, in bytes. A tag with a picture has a few hundred kB.
const LONGEST_TAG: u64 = 16 << 20;

impl OtherFile {
    /// The number of bytes needed to recognise a file: an Opus file states its format in bytes 28 to 35.
    pub(super) const BEGINNING_LEN: usize = 36;

    /// Creates the description of a file from its first bytes. It uses at most 36 of them.
    pub(super) fn new(bytes: &[u8]) -> OtherFile {
        OtherFile {
            beginning: Beginning::new(bytes),
            tagged: None,
        }
    }

    /// Skips an ID3v2 tag, if the file starts with one, and recognises the file after it.
    ///
    /// The tag's format is that of id3.org, *ID3 tag version 2.4.0*, section 3.1.
    pub(super) fn with_tagged(self, source: &mut impl Read) -> io::Result<OtherFile> {
        let [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = self.beginning.bytes else {
            return Ok(self);
        };
        if self.beginning.len < 10 || [a, b, c, d].iter().any(|byte| *byte > 0x7f) {
            return Ok(self);
        }
        let size = [a, b, c, d]
            .iter()
            .fold(0, |size, byte| size << 7 | u64::from(*byte));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        let tag_len = size.saturating_add(10).saturating_add(footer);
        if tag_len > LONGEST_TAG {
            return Ok(self);
        }
        let mut source = self.beginning().chain(source);
        io::copy(&mut source.by_ref().take(tag_len), &mut io::sink())?;
        let mut bytes = [0; OtherFile::BEGINNING_LEN];
        let len = fill(&mut source, &mut bytes)?;
        Ok(OtherFile {
            tagged: Beginning { bytes, len }.known().map(|(name, _)| name),
            ..self
        })
    }

    /// Returns the first 36 bytes of the file, or all bytes of a shorter file.
    pub fn beginning(&self) -> &[u8] {
        self.beginning.as_slice()
    }

    /// Returns the name of the file's kind, with an article, and the program that converts the file.
    fn known(&self) -> Option<(&'static str, Option<Conversion>)> {
        match self.tagged {
            // Sox skips a tag only in an MP3 file.
            Some(name) => Some((name, Some(Conversion::Ffmpeg))),
            None => self.beginning.known(),
        }
    }

    /// Returns whether the file is not empty and of no known kind.
    pub(super) fn is_unknown(&self) -> bool {
        self.beginning.len > 0 && self.beginning.known().is_none()
    }

    /// Returns the first 12 bytes, if all of them are printable text.
    fn as_text(&self) -> Option<&str> {
        let shown = self.beginning().get(..12)?;
        let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
        core::str::from_utf8(shown)
            .ok()
            .filter(|_| shown.iter().all(is_text))
    }

    /// Returns the program that converts the file to a WAV file, if there is one.
    pub(super) fn conversion(&self) -> Option<Conversion> {
        match self.known() {
            Some((_, conversion)) => conversion,
            // Any bytes except text may be samples without a header. 8 kHz is the rate of most telephone audio.
            None if self.beginning.len > 0 && self.as_text().is_none() => {
                Some(Conversion::SoxFromRaw(8_000))
            }
            None => None,
        }
    }
}

impl Beginning {
    fn new(from: &[u8]) -> Beginning {
        let mut bytes = [0; OtherFile::BEGINNING_LEN];
        for (to, from) in bytes.iter_mut().zip(from) {
            *to = *from;
        }
        let len = from.len().min(OtherFile::BEGINNING_LEN);
        Beginning { bytes, len }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn known(&self) -> Option<(&'static str, Option<Conversion>)> {
        let (sox, ffmpeg) = (Some(Conversion::Sox), Some(Conversion::Ffmpeg));
        Some(match self.as_slice().first_chunk()? {
            b"RIFX" => ("a RIFX file", sox),
            b"RF64" => ("an RF64 file", sox),
            b"BW64" => ("a BW64 file", ffmpeg),
            b"riff" => ("a Wave64 file", Some(Conversion::SoxFrom("w64"))),
            // This matches only after a tag. A file that starts with these bytes is a WAV file.
            b"RIFF" if self.has(8, b"WAVE") => ("a WAV file", None),
            b"RIFF" => ("a RIFF file of another form", None),
            b"OggS" if self.has(28, b"OpusHead") => ("an Opus file", ffmpeg),
            b"OggS" => ("an Ogg file", sox),
            b"fLaC" => ("a FLAC file", sox),
            b"FORM" if self.has(8, b"AIF") => ("an AIFF file", sox),
            b".snd" => ("an AU file", sox),
            b"caff" => ("a CAF file", sox),
            b"\x1a\x45\xdf\xa3" => ("a WebM or Matroska file", ffmpeg),
            b"\x30\x26\xb2\x75" => ("a WMA file", ffmpeg),
            _ if self.has(4, b"ftyp") => ("an MP4 file", ffmpeg),
            [b'I', b'D', b'3', _] => ("a file after an ID3v2 tag", ffmpeg),
            // An MP3 frame starts with eleven set bits, layer III, and valid values for bit rate and sampling rate (ISO/IEC
            // 11172-3, 2.4.1.3). The program is ffmpeg, because many installations of sox lack MP3.
            [0xff, version, rates, _]
                if version & 0xe6 == 0xe2 && rates & 0xf0 != 0xf0 && rates & 0x0c != 0x0c =>
            {
                ("an MP3 file", ffmpeg)
            }
            _ => return None,
        })
    }

    fn has(&self, place: usize, what: &[u8]) -> bool {
        self.as_slice()
            .get(place..)
            .is_some_and(|rest| rest.starts_with(what))
    }
}

impl fmt::Display for OtherFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.beginning.len == 0 {
            return f.write_str("empty");
        }
        if let Some(name) = self.tagged {
            return write!(f, "{name} after an ID3v2 tag");
        }
        if let Some((name, _)) = self.beginning.known() {
            return write!(f, "{name}, not WAV");
        }
        f.write_str("not a WAV file: it starts with ")?;
        if let Some(text) = self.as_text() {
            return write!(f, "{text:?}");
        }
        for byte in self.beginning().iter().take(12) {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn files_are_recognized_by_their_first_bytes() {
        let sox = Some(Conversion::Sox);
        let ffmpeg = Some(Conversion::Ffmpeg);
        for (bytes, name, conversion) in [
            (&b"RIFX\0\0\x1f\x64WAVE"[..], "a RIFX file", sox),
            (b"RF64\xff\xff\xff\xffWAVE", "an RF64 file", sox),
            (
                b"riff\x2e\x91\xcf\x11",
                "a Wave64 file",
                Some(Conversion::SoxFrom("w64")),
            ),
            (b"RIFF\x24\0\0\0AVI ", "a RIFF file of another form", None),
            (b"RIFF\x24\0\0", "a RIFF file of another form", None),
            (b"BW64\xff\xff\xff\xffWAVE", "a BW64 file", ffmpeg),
            (
                b"ID3\x04\0\0\0\0\0\x23",
                "a file after an ID3v2 tag",
                ffmpeg,
            ),
            (b"\xff\xfb\x90\x64", "an MP3 file", ffmpeg),
            (b"\xff\xf3\x38\xc4", "an MP3 file", ffmpeg),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\x2d\x23\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead",
                "an Opus file",
                ffmpeg,
            ),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\x2d\x23\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis",
                "an Ogg file",
                sox,
            ),
            (b"fLaC\0\0\0\x22", "a FLAC file", sox),
            (b"FORM\0\0\x3e\xd0AIFF", "an AIFF file", sox),
            (b"FORM\0\0\x3e\xceAIFC", "an AIFF file", sox),
            (b".snd\0\0\0\x2c", "an AU file", sox),
            (b"caff\0\x01\0\0", "a CAF file", sox),
            (b"\0\0\0\x1cftypM4A ", "an MP4 file", ffmpeg),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42",
                "a WebM or Matroska file",
                ffmpeg,
            ),
            (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMA file", ffmpeg),
        ] {
            let file = OtherFile::new(bytes);
            assert_eq!(file.to_string(), std::format!("{name}, not WAV"));
            assert_eq!(file.conversion(), conversion, "{name}");
            assert_eq!(file.beginning(), bytes);
        }
    }

    #[test]
    fn unknown_file_is_shown_and_may_be_raw() {
        let raw = Some(Conversion::SoxFromRaw(8_000));
        for (bytes, text, conversion) in [
            (&b""[..], "empty", None),
            (
                b"<!DOCTYPE html>\n",
                "not a WAV file: it starts with \"<!DOCTYPE ht\"",
                None,
            ),
            (
                b"not found\r\n...",
                "not a WAV file: it starts with \"not found\\r\\n.\"",
                None,
            ),
            (
                b"FORM\0\0\0\0ILBM",
                "not a WAV file: it starts with 464f524d00000000494c424d",
                raw,
            ),
            (
                &[0; 100],
                "not a WAV file: it starts with 000000000000000000000000",
                raw,
            ),
            (
                b"\xff\xff\x01\0",
                "not a WAV file: it starts with ffff0100",
                raw,
            ),
            (
                b"\xff\xfb\xf0\0",
                "not a WAV file: it starts with fffbf000",
                raw,
            ),
            (
                b"\xff\xfb\x9c\0",
                "not a WAV file: it starts with fffb9c00",
                raw,
            ),
            (b"R", "not a WAV file: it starts with 52", raw),
        ] {
            let file = OtherFile::new(bytes);
            assert_eq!(file.to_string(), text);
            assert_eq!(file.conversion(), conversion, "{text}");
            assert_eq!(file.beginning().len(), bytes.len().min(36));
        }
    }

    /// Returns a tag of `len` bytes, including its header.
    fn tag(len: usize, flags: u8) -> Vec<u8> {
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        let size = len - 10 - footer;
        let mut tag = b"ID3\x04\0".to_vec();
        tag.extend([flags, 0, 0, (size >> 7) as u8, (size & 0x7f) as u8]);
        tag.resize(len, b'R');
        tag
    }

    #[test]
    fn file_after_a_tag_is_named() {
        for (behind, name) in [
            (&b"RIFF\0\0\0\0WAVEfmt "[..], "a WAV file"),
            (b"fLaC\0\0\0\x22", "a FLAC file"),
            (b"\xff\xfb\x90\x64", "an MP3 file"),
        ] {
            for (len, flags) in [(10, 0), (11, 0), (35, 0), (36, 0), (500, 0), (20, 0x10)] {
                let mut bytes = tag(len, flags);
                bytes.extend(behind);
                let (beginning, mut rest) = bytes.split_at(bytes.len().min(36));
                let file = OtherFile::new(beginning).with_tagged(&mut rest).unwrap();
                assert_eq!(
                    file.to_string(),
                    std::format!("{name} after an ID3v2 tag"),
                    "{len}"
                );
                assert_eq!(file.conversion(), Some(Conversion::Ffmpeg));
                assert_eq!(file.beginning(), beginning);
            }
        }
    }

    #[test]
    fn tag_without_known_file_is_named() {
        let large = b"ID3\x04\0\0\x7f\x7f\x7f\x7f and so on, up to 36 bytes";
        let no_size = b"ID3\x04\0\0\xff\0\0\0RIFF\0\0\0\0WAVE";
        for bytes in [&tag(40, 0)[..20], &tag(40, 0), large, no_size, b"ID3\x04"] {
            let (beginning, mut rest) = bytes.split_at(bytes.len().min(36));
            let file = OtherFile::new(beginning).with_tagged(&mut rest).unwrap();
            assert_eq!(file.to_string(), "a file after an ID3v2 tag, not WAV");
            assert_eq!(file.conversion(), Some(Conversion::Ffmpeg));
        }
    }
}
