//! Out of threads: every subcommand and `TestCall` end with one line, and none of them panics or hangs.
//!
//! Unix only, because the limit is set with a shell's `ulimit`. It counts the threads of a user and does not bind root. So each
//! program runs as a user of its own that has no other process, which only root can arrange.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use audiosocket::asterisk::Version;
use audiosocket::server::Server;
use audiosocket::simulator::TestCall;

use crate::common::served::{self, Served};

/// Enough threads for every program here.
const MOST_THREADS: u32 = 24;

/// Users with this number and the next 200 are unlikely to exist. Containers have no numbers above 65,535.
const FIRST_USER: u32 = 41_600;

/// The programs, in a folder that every user can read.
struct Programs(PathBuf);

impl Programs {
    fn copy() -> Programs {
        let folder = std::env::temp_dir().join(format!("audiosocket-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let programs = Programs(folder);
        let tool = Path::new(env!("CARGO_BIN_EXE_audiosocket"));
        fs::copy(tool, programs.tool()).unwrap();
        fs::copy(std::env::current_exe().unwrap(), programs.tests()).unwrap();
        fs::write(programs.stream(), served::uuid_frame(served::uuid(1))).unwrap();
        fs::create_dir_all(programs.recordings()).unwrap();
        for (path, mode) in [
            (programs.0.clone(), 0o755),
            (programs.tool(), 0o755),
            (programs.tests(), 0o755),
            (programs.stream(), 0o644),
            (programs.recordings(), 0o777),
        ] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        programs
    }

    fn tool(&self) -> PathBuf {
        self.0.join("audiosocket")
    }

    fn tests(&self) -> PathBuf {
        self.0.join("tests")
    }

    fn stream(&self) -> PathBuf {
        self.0.join("stream")
    }

    fn recordings(&self) -> PathBuf {
        self.0.join("recordings")
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program with few threads. It is killed with the test, however that ends.
struct Limited {
    child: Child,
    what: String,
}

/// How a program ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Limited {
    fn start(threads: u32, user: u32, program: &Path, arguments: &[&str]) -> Limited {
        // Most shells have the option `-u`, and dash has `-p`. `nice` keeps these programs from delaying other tests.
        let script = format!(
            "ulimit -u {threads} 2>/dev/null || ulimit -p {threads} || exit 9; exec nice -n 19 \"$0\" \"$@\""
        );
        let child = Command::new("sh")
            .args(["-c", &script])
            .arg(program)
            .args(arguments)
            .current_dir("/")
            .env(IS_CHILD, "yes")
            .uid(user)
            .gid(user)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Limited {
            child,
            what: format!("{} of {threads} threads", arguments.join(" ")),
        }
    }

    /// Calls a program if it listens, and waits for its end.
    fn finish(mut self) -> Ended {
        let stdout = self.child.stdout.take().unwrap();
        let mut stderr = self.child.stderr.take().unwrap();
        let printed = thread::spawn(move || call_and_read(BufReader::new(stdout)));
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let status = served::eventually(&self.what, || self.child.try_wait().unwrap());
        Ended {
            code: status.code(),
            stdout: printed.join().unwrap(),
            stderr: errors.join().unwrap(),
        }
    }
}

/// Reads all output of a program. If it prints an address first, calls it there and stays on the call until the program ends it.
fn call_and_read(mut stdout: impl BufRead) -> String {
    let mut printed = String::new();
    stdout.read_line(&mut printed).unwrap();
    if let Some(address) = printed.trim().strip_prefix("listening on ") {
        if let Ok(mut peer) = TcpStream::connect(address) {
            let _ = peer.write_all(&served::uuid_frame(served::uuid(1)));
            // Reads to the end of the stream or to a reset.
            let _ = peer.read_to_end(&mut Vec::new());
        }
    }
    stdout.read_to_string(&mut printed).unwrap();
    printed
}

impl Drop for Limited {
    fn drop(&mut self) {
        // If the program has ended, there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_program_ends_cleanly_without_threads() {
    let programs = Programs::copy();
    let probe = Command::new(programs.tool())
        .arg("--version")
        .current_dir("/")
        .uid(FIRST_USER)
        .gid(FIRST_USER)
        .output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: cannot run a program as another user, which root can: {probe:?}");
        return;
    }
    let echo = Served::start(Server::builder(), served::echo);
    let address = echo.address.to_string();
    let (stream, recordings) = (programs.stream(), programs.recordings());
    let (stream, recordings) = (stream.to_str().unwrap(), recordings.to_str().unwrap());
    let listen = "127.0.0.1:0";
    let commands: [&[&str]; 8] = [
        &["demo"],
        &["serve", "--echo", "--listen", listen, "--seconds", "0.4"],
        &[
            "serve",
            "--silence",
            "--listen",
            listen,
            "--seconds",
            "0.4",
            "--record",
            recordings,
        ],
        &["call", &address, "--seconds", "0.2"],
        &[
            "tap",
            "--listen",
            listen,
            "--to",
            &address,
            "--seconds",
            "0.4",
        ],
        &["load", &address, "--calls", "3", "--seconds", "0.2"],
        &["inspect", stream],
        &[
            "--exact",
            "threads::test_call_without_threads_is_placed",
            "--nocapture",
            "--ignored",
            "--test-threads",
            "1",
        ],
    ];
    let users = (FIRST_USER..).step_by(MOST_THREADS as usize + 1);
    let run = |(command, first_user): (&[&str], u32)| {
        let program = match command[0] {
            "--exact" => programs.tests(),
            _ => programs.tool(),
        };
        let start = |threads| Limited::start(threads, first_user + threads, &program, command);
        let all: Vec<_> = (1..=MOST_THREADS).map(start).collect();
        // Each is read by a thread, because it may wait for its output to be read.
        let all = all.into_iter().map(|it| thread::spawn(|| it.finish()));
        let all: Vec<_> = all.collect();
        let ends: Vec<Ended> = all.into_iter().map(|it| it.join().unwrap()).collect();
        check(command, &ends);
    };
    let mut runs = commands.into_iter().zip(users);
    thread::scope(|scope| {
        // The demonstration takes as long as all others together. The others run one after the other, so that they disturb other
        // tests least.
        let demo = runs.next().unwrap();
        scope.spawn(move || run(demo));
        runs.for_each(run);
    });
    echo.stop();
}

fn check(command: &[&str], ends: &[Ended]) {
    for (threads, end) in (1..).zip(ends) {
        let Ended {
            code,
            stdout,
            stderr,
        } = end;
        let all = format!("{command:?} with {threads} threads: {code:?}\n{stdout}{stderr}");
        assert!(!all.contains("panicked"), "{all}");
        match code {
            Some(0) => {}
            Some(1) => assert_eq!(stderr.lines().count(), 1, "{all}"),
            _ => panic!("{all}"),
        }
    }
    let is_success = |end: &Ended| end.code == Some(0);
    assert!(ends.iter().any(is_success), "{command:?} lacks no threads");
    // Otherwise the limit has no effect, and the test shows nothing. Only `inspect` needs no thread.
    assert_eq!(
        ends.first().is_some_and(is_success),
        command[0] == "inspect",
        "{command:?}"
    );
}

const IS_CHILD: &str = "AUDIOSOCKET_TEST_IS_CHILD";

#[test]
#[ignore = "the test above runs it in a separate process"]
fn test_call_without_threads_is_placed() {
    std::env::var(IS_CHILD).expect("only the test above can run this");
    // All versions together take 40 threads.
    let result = TestCall::new()
        .versions(Version::REPRESENTATIVES[..3].iter().copied())
        .tone(Duration::from_millis(100))
        .run(|call| {
            while call.receive().is_some() {}
            Ok(())
        });
    // `exit` prints none of the lines of a failed test.
    match result {
        Ok(report) if report.passed() => std::process::exit(0),
        Ok(report) => eprintln!("{}", report.to_string().replace('\n', "; ")),
        Err(error) => eprintln!("{error}"),
    }
    std::process::exit(1);
}
