//! A helper program on standard input and output.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A program that reads its input to the end and then writes an answer to its output.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it is for, as in "recognizer".
    pub role: &'static str,
    pub path: String,
    /// How long the answer may take after the end of the input.
    pub patience: Duration,
}

/// A program that is running. Dropping it kills the program.
#[derive(Debug)]
pub struct Run {
    program: Program,
    child: Child,
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Vec<u8>>,
    errors: Receiver<Vec<u8>>,
    answer: Option<Vec<u8>>,
    deadline: Option<Instant>,
}

impl Program {
    /// Starts the program. `call` and `rate` are its environment variables CALL_UUID and CALL_RATE.
    ///
    /// # Errors
    ///
    /// One line that names the program.
    pub fn start(&self, arguments: &[&str], call: &str, rate: u32) -> Result<Run, String> {
        let failed =
            |error: io::Error| format!("{} {}: cannot start: {error}", self.role, self.path);
        let mut child = Command::new(&self.path)
            .args(arguments)
            .env("CALL_UUID", call)
            .env("CALL_RATE", rate.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (input, pieces) = channel::<Vec<u8>>();
        if let Some(mut pipe) = child.stdin.take() {
            // The program may read slower than the caller talks. At the end of the pieces, the pipe is closed.
            thread::spawn(move || pieces.iter().all(|piece| pipe.write_all(&piece).is_ok()));
        }
        Ok(Run {
            program: self.clone(),
            output: read_all(child.stdout.take()),
            errors: read_all(child.stderr.take()),
            child,
            input: Some(input),
            answer: None,
            deadline: None,
        })
    }
}

impl Run {
    /// Passes input to the program, without waiting for it.
    pub fn feed(&self, piece: Vec<u8>) {
        if let Some(input) = &self.input {
            // If the program has ended, `answer` reports it.
            let _ = input.send(piece);
        }
    }

    /// Ends the input. The answer is expected within the program's patience from now on.
    pub fn finish(&mut self) {
        self.input = None;
        self.deadline = Some(Instant::now() + self.program.patience);
    }

    /// Returns the answer once it is there and the program has ended.
    ///
    /// # Errors
    ///
    /// One line that names the program, if it has failed or is too slow.
    pub fn answer(&mut self) -> Result<Option<Vec<u8>>, String> {
        let Program {
            role,
            path,
            patience,
        } = &self.program;
        let status = self
            .child
            .try_wait()
            .map_err(|error| format!("{role} {path}: {error}"))?;
        if self.answer.is_none() {
            self.answer = self.output.try_recv().ok();
        }
        match status {
            Some(status) if !status.success() => {
                let errors = self
                    .errors
                    .recv_timeout(Duration::from_millis(100))
                    .unwrap_or_default();
                let errors = String::from_utf8_lossy(&errors);
                let reason = errors
                    .lines()
                    .rfind(|line| !line.trim().is_empty())
                    .unwrap_or("no message");
                Err(format!("{role} {path}: {status}: {reason}"))
            }
            Some(_) if self.input.is_none() && self.answer.is_some() => Ok(self.answer.take()),
            _ if self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now()) =>
            {
                Err(format!("{role} {path}: no answer within {patience:?}"))
            }
            _ => Ok(None),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A program that has ended cannot be killed, which is no error here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe on a thread of its own, and sends all that was read at its end.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}
