//! The command that makes a file that is taken of one that is not.

use std::format;
use std::path::Path;
use std::string::String;

/// What reads a file; each writes 16-bit mono at 8 kHz, which every Asterisk speaks. Tried with sox 14.4.2 and ffmpeg 5.1.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Conversion {
    /// Sox, which finds out by itself what it reads.
    Sox,
    /// Sox, which goes by the end of the file's name unless it is told what is in the file.
    SoxFrom(&'static str),
    /// Sox, which reads to the end of a WAV file whatever size its header states.
    SoxIgnoringLength,
    /// Sox, told that it reads samples of 16-bit mono at so many a second and nothing else.
    SoxFromRaw(u32),
    /// Ffmpeg, for what sox does not read.
    Ffmpeg,
}

impl Conversion {
    /// What reads a file that does not say what is in it, by the end of its name. Asterisk's sounds are such files: the names are
    /// those of its formats (formats/format_gsm.c, format_pcm.c and format_sln.c), but for `.pcm`, which to it is u-law and to
    /// most others linear. `None` for any other name.
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

    /// The command line, for a shell.
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

/// A path as it can stand in one line; what cannot is a `?`, which a shell takes for any character.
pub(super) fn one_line(path: &Path) -> String {
    path.to_string_lossy()
        .replace(|letter: char| letter.is_control(), "?")
}

/// A path as a shell takes it for one word, and a program for a file.
fn shell_word(path: &Path) -> String {
    let path = one_line(path);
    // An option begins with `-`; sox reads its standard input from `-`, and from a command after `|`.
    let begins_like_a_file =
        path.starts_with(|first: char| first.is_alphanumeric() || "./".contains(first));
    let path = format!("{}{path}", if begins_like_a_file { "" } else { "./" });
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
