//! A helper: a program that reads its standard input to the end, and then writes an answer to its standard output.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A program that is running. Dropping it kills the program. All errors are one line.
pub struct Helper {
    path: String,
    child: Child,
    /// All of its standard output and standard error.
    output: Receiver<(Vec<u8>, String)>,
    deadline: Option<Instant>,
}

impl Helper {
    pub fn start(folder: &Path, name: &str, arguments: &[&str]) -> Result<Helper, String> {
        let path = folder.join(name).display().to_string();
        let mut child = Command::new(&path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {path}: {error}; check HELPERS"))?;
        let mut stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let (sender, output) = channel();
        thread::spawn(move || {
            let errors = thread::spawn(|| io::read_to_string(stderr).unwrap_or_default());
            let mut answer = Vec::new();
            let _ = stdout.read_to_end(&mut answer);
            let _ = sender.send((answer, errors.join().unwrap_or_default()));
        });
        Ok(Helper {
            path,
            child,
            output,
            deadline: None,
        })
    }

    /// Passes all of the input without waiting. The answer may take this long.
    pub fn ask(mut self, input: impl Into<Vec<u8>>, patience: Duration) -> Helper {
        let input = input.into();
        self.deadline = Some(Instant::now() + patience);
        if let Some(mut stdin) = self.child.stdin.take() {
            // It fails if the program has not read everything, which is not an error.
            thread::spawn(move || stdin.write_all(&input));
        }
        self
    }

    /// Returns the answer, once, after the program has ended.
    pub fn answer(&mut self) -> Result<Option<Vec<u8>>, String> {
        let path = &self.path;
        let is_late = self.deadline.is_some_and(|it| it <= Instant::now());
        let status = self.child.try_wait().ok().flatten();
        match status.and_then(|status| Some((status, self.output.try_recv().ok()?))) {
            Some((status, (answer, _))) if status.success() => Ok(Some(answer)),
            Some((status, (_, errors))) => {
                let reason = errors.trim().lines().last();
                let reason = reason.unwrap_or("no message; run it in a shell");
                Err(format!("{path}: {status}: {reason}"))
            }
            None if is_late => Err(format!("{path}: no answer in time; raise PATIENCE")),
            None => Ok(None),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It fails only for a program that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
