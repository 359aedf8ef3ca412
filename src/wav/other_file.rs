//! What a file is that is no WAV file.

use core::fmt;

use super::conversion::Conversion;

/// What a file looks like that is no WAV file, by its first bytes.
///
/// It displays as `an MP3 file, not WAV` or, if nothing known begins so, as `no WAV file: it begins with "<!DOCTYPE ht"`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OtherFile {
    beginning: [u8; OtherFile::BEGINNING_LEN],
    len: usize,
}

impl OtherFile {
    /// How many bytes it takes to tell: an Opus file says what it is in bytes 28 to 35.
    pub(super) const BEGINNING_LEN: usize = 36;

    /// The file that begins with these bytes, of which at most the first 36 count.
    pub(super) fn new(bytes: &[u8]) -> OtherFile {
        let mut beginning = [0; OtherFile::BEGINNING_LEN];
        for (to, from) in beginning.iter_mut().zip(bytes) {
            *to = *from;
        }
        let len = bytes.len().min(OtherFile::BEGINNING_LEN);
        OtherFile { beginning, len }
    }

    /// The first bytes of the file: 36, or as many as it has.
    pub fn beginning(&self) -> &[u8] {
        self.beginning.get(..self.len).unwrap_or_default()
    }

    /// Its name with an article, and what converts it.
    fn known(&self) -> Option<(&'static str, Option<Conversion>)> {
        let (sox, ffmpeg) = (Some(Conversion::Sox), Some(Conversion::Ffmpeg));
        let mp3 = ("an MP3 file", Some(Conversion::SoxFrom("mp3")));
        Some(match self.beginning().first_chunk()? {
            b"RIFX" => ("a RIFX file", sox),
            b"RF64" => ("an RF64 file", sox),
            b"riff" => ("a Wave64 file", Some(Conversion::SoxFrom("w64"))),
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
            [b'I', b'D', b'3', _] => mp3,
            // Eleven bits that are set, layer III, and neither a bit rate nor a sampling rate that there is not
            // (ISO/IEC 11172-3, 2.4.1.3).
            [0xff, version, rates, _]
                if version & 0xe6 == 0xe2 && rates & 0xf0 != 0xf0 && rates & 0x0c != 0x0c =>
            {
                mp3
            }
            _ => return None,
        })
    }

    /// Whether there is something in it, and nothing known begins so.
    pub(super) fn is_unknown(&self) -> bool {
        self.len > 0 && self.known().is_none()
    }

    fn has(&self, place: usize, what: &[u8]) -> bool {
        self.beginning()
            .get(place..)
            .is_some_and(|rest| rest.starts_with(what))
    }

    /// The bytes to show of a file that nothing is known of, if all of them are letters, digits and the like.
    fn as_text(&self) -> Option<&str> {
        let shown = self.beginning().get(..12)?;
        let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
        core::str::from_utf8(shown)
            .ok()
            .filter(|_| shown.iter().all(is_text))
    }

    /// What makes a WAV file of it, if anything does.
    pub(super) fn conversion(&self) -> Option<Conversion> {
        match self.known() {
            Some((_, conversion)) => conversion,
            // Bytes of all kinds may be samples without a header, text is not. At 8 kHz, as a telephone's are.
            None if self.len > 0 && self.as_text().is_none() => Some(Conversion::SoxFromRaw(8_000)),
            None => None,
        }
    }
}

impl fmt::Display for OtherFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.len == 0 {
            return f.write_str("empty");
        }
        if let Some((name, _)) = self.known() {
            return write!(f, "{name}, not WAV");
        }
        f.write_str("no WAV file: it begins with ")?;
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

    use super::*;

    #[test]
    fn files_are_told_by_how_they_begin() {
        let sox = Some(Conversion::Sox);
        let ffmpeg = Some(Conversion::Ffmpeg);
        let mp3 = Some(Conversion::SoxFrom("mp3"));
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
            (b"ID3\x04\0\0\0\0\0\x23", "an MP3 file", mp3),
            (b"\xff\xfb\x90\x64", "an MP3 file", mp3),
            (b"\xff\xf3\x38\xc4", "an MP3 file", mp3),
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
    fn what_is_not_known_is_shown_and_may_be_raw() {
        let raw = Some(Conversion::SoxFromRaw(8_000));
        for (bytes, text, conversion) in [
            (&b""[..], "empty", None),
            (
                b"<!DOCTYPE html>\n",
                "no WAV file: it begins with \"<!DOCTYPE ht\"",
                None,
            ),
            (
                b"not found\r\n...",
                "no WAV file: it begins with \"not found\\r\\n.\"",
                None,
            ),
            (
                b"FORM\0\0\0\0ILBM",
                "no WAV file: it begins with 464f524d00000000494c424d",
                raw,
            ),
            (
                &[0; 100],
                "no WAV file: it begins with 000000000000000000000000",
                raw,
            ),
            (
                b"\xff\xff\x01\0",
                "no WAV file: it begins with ffff0100",
                raw,
            ),
            (
                b"\xff\xfb\xf0\0",
                "no WAV file: it begins with fffbf000",
                raw,
            ),
            (
                b"\xff\xfb\x9c\0",
                "no WAV file: it begins with fffb9c00",
                raw,
            ),
            (b"R", "no WAV file: it begins with 52", raw),
        ] {
            let file = OtherFile::new(bytes);
            assert_eq!(file.to_string(), text);
            assert_eq!(file.conversion(), conversion, "{text}");
            assert_eq!(file.beginning().len(), bytes.len().min(36));
        }
    }
}
