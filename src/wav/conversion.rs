//! The shell command that converts a file to a format that [`Wav`](super::Wav) accepts.

use std::format;
use std::path::Path;
use std::string::String;

/// A command that converts a file, tested with sox 14.4.2 and ffmpeg 5.1.
///
/// The result is 16-bit mono at 8 kHz, which every version of Asterisk supports.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Conversion {
    /// Sox, for files with a header that sox recognises.
    Sox,
    /// Sox with the input's format as an option. Without it, sox would trust the file name's ending.
    SoxFrom(&'static str),
    /// Sox, reading to the end of a WAV file and ignoring the size in its header.
    SoxIgnoringLength,
    /// Sox, reading raw 16-bit mono samples at this rate.
    SoxFromRaw(u32),
    /// Ffmpeg, for files that sox does not read.
    Ffmpeg,
}

impl Conversion {
    /// Returns the conversion of a file without a header, chosen by the file name's ending.
    ///
    /// Asterisk's sounds are such files, and their endings are in formats/format_gsm.c, format_pcm.c and format_sln.c. `.pcm` is left
    /// out, because it is u-law to Asterisk and linear to most other programs.
    pub(super) fn by_name(path: &Path) -> Option<Conversion> {
        Some(match path.extension()?.to_str()? {
            "gsm" => Conversion::SoxFrom("gsm"),
            "ulaw" | "ul" | "ulw" | "mu" => Conversion::SoxFrom("ul -r 8000 -c 1"),
            "alaw" | "al" | "alw" => Conversion::SoxFrom("al -r 8000 -c 1"),
            "g722" => Conversion::Ffmpeg,
            "sln" => Conversion::SoxFromRaw(8_000),
            "sln12" => Conversion::SoxFromRaw(12_000),
            "sln16" => Conversion::SoxFromRaw(16_000),
            "sln24" => Conversion::SoxFromRaw(24_000),
            "sln32" => Conversion::SoxFromRaw(32_000),
            "sln44" => Conversion::SoxFromRaw(44_100),
            "sln48" => Conversion::SoxFromRaw(48_000),
            "sln96" => Conversion::SoxFromRaw(96_000),
            "sln192" => Conversion::SoxFromRaw(192_000),
            _ => return None,
        })
    }

    /// Returns the shell command.
    pub(super) fn command(self, input: &Path) -> String {
        let output = match input.file_name() {
            Some(name) if name == "out.wav" => "out2.wav",
            _ => "out.wav",
        };
        let input = shell_word(input);
        match self {
            Conversion::Sox => format!("sox {input} -r 8000 -c 1 -b 16 {output}"),
            Conversion::SoxFrom(kind) => {
                format!("sox -t {kind} {input} -r 8000 -c 1 -b 16 {output}")
            }
            Conversion::SoxIgnoringLength => {
                format!("sox -t wav --ignore-length {input} -r 8000 -c 1 -b 16 {output}")
            }
            Conversion::SoxFromRaw(rate) => {
                let rate_out = if rate == 8_000 { "" } else { "-r 8000 " };
                format!("sox -t raw -r {rate} -c 1 -b 16 -e signed {input} {rate_out}{output}")
            }
            Conversion::Ffmpeg => {
                format!("ffmpeg -i {input} -ar 8000 -ac 1 -c:a pcm_s16le {output}")
            }
        }
    }
}

/// Returns a path without control characters. Each becomes a `?`, which matches any character in a shell.
pub(super) fn one_line(path: &Path) -> String {
    path.to_string_lossy()
        .replace(|letter: char| letter.is_control(), "?")
}

/// Returns a path as one word of a shell command, quoted, that no program takes for an option.
fn shell_word(path: &Path) -> String {
    let path = one_line(path);
    // A leading `-` marks an option. Sox also reads its standard input for `-` and a command's output for `|`.
    let starts_like_a_file =
        path.starts_with(|first: char| first.is_alphanumeric() || "./".contains(first));
    let path = format!("{}{path}", if starts_like_a_file { "" } else { "./" });
    let is_plain = |letter: char| letter.is_alphanumeric() || "._/-+,@%?".contains(letter);
    if path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_quoted_as_one_word_and_no_option() {
        for (path, word) in [
            ("prompt.wav", "prompt.wav"),
            (
                "/srv/prompts/dobrý-den_2.wav",
                "/srv/prompts/dobrý-den_2.wav",
            ),
            ("../a b.wav", "'../a b.wav'"),
            ("don't.wav", r"'don'\''t.wav'"),
            ("$(rm x).wav", "'./$(rm x).wav'"),
            ("-n", "./-n"),
            ("|date", "'./|date'"),
            ("a\nb\u{7f}.wav", "a?b?.wav"),
            ("", "./"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[test]
    fn conversion_does_not_overwrite_its_input() {
        let command = |path| Conversion::Sox.command(Path::new(path));
        assert_eq!(command("in.wav"), "sox in.wav -r 8000 -c 1 -b 16 out.wav");
        assert_eq!(
            command("out.wav"),
            "sox out.wav -r 8000 -c 1 -b 16 out2.wav"
        );
        assert_eq!(
            command("./out.wav"),
            "sox ./out.wav -r 8000 -c 1 -b 16 out2.wav"
        );
    }
}
