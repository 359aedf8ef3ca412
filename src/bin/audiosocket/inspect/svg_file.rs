//! The file that `--svg` names.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;

use crate::failure::Failure;
use crate::text::quoted;

/// File for the drawing. It is never the inspected one.
#[derive(Debug)]
pub struct SvgFile {
    path: OsString,
}

impl SvgFile {
    /// Checks that `path` is neither standard output nor the file to be inspected, under any name or as standard input.
    pub fn new(path: OsString, input: &OsStr) -> Result<SvgFile, Failure> {
        if path == "-" {
            return Err(Failure::usage(
                "invalid value '-' for --svg: expected a file, not standard output",
            ));
        }
        if is_input(&path, input) {
            return Err(Failure::Usage(format!(
                "invalid value {} for --svg: it is the file to inspect, use another",
                quoted(path)
            )));
        }
        Ok(SvgFile { path })
    }

    pub fn write(&self, drawn: &str) -> Result<(), Failure> {
        // Where files have no number to compare, an existing file is replaced, not overwritten: it may be the input.
        let written = match cfg!(unix) || !Path::new(&self.path).is_file() {
            true => fs::write(&self.path, drawn),
            false => replace(&self.path, drawn),
        };
        written.map_err(|error| {
            Failure::Failed(format!("cannot write {}: {error}", quoted(&self.path)))
        })
    }
}

/// Writes a new file and gives it the name `path`. Keeps the bytes of an existing file of that name for those who have it open.
fn replace(path: &OsStr, drawn: &str) -> io::Result<()> {
    let mut new = path.to_os_string();
    new.push(format!(".{}", std::process::id()));
    fs::write(&new, drawn)
        .and_then(|()| fs::rename(&new, path))
        .inspect_err(|_| {
            // The drawing has no other name.
            let _ = fs::remove_file(&new);
        })
}

#[cfg(unix)]
fn is_input(path: &OsStr, input: &OsStr) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    let input = match input.to_str() {
        Some("-") => io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .and_then(|stdin| fs::File::from(stdin).metadata()),
        _ => fs::metadata(input),
    };
    match (input, fs::metadata(path)) {
        (Ok(input), Ok(output)) => (input.dev(), input.ino()) == (output.dev(), output.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_input(path: &OsStr, input: &OsStr) -> bool {
    match (fs::canonicalize(input), fs::canonicalize(path)) {
        (Ok(input), Ok(output)) => input == output,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn replaced_file_keeps_its_bytes_for_its_reader() {
        let name = format!("audiosocket-replaced-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, "input").unwrap();
        let mut reader = fs::File::open(&path).unwrap();
        let replaced = replace(path.as_os_str(), "drawing");
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, "input");
        // Wine does not replace a file that is open. Then the input keeps its name, too.
        let expected = match replaced {
            Err(_) if cfg!(windows) => "input",
            replaced => replaced.map(|()| "drawing").unwrap(),
        };
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        fs::remove_file(&path).unwrap();
    }
}
