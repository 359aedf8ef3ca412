//! All error messages of the tool: the command line, the whole of standard error, and the exit code.
//!
//! A message states what was wrong, with the value, and then what to do.

use std::fs;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};

use audiosocket::asterisk::{Version, Way};
use audiosocket::wav::Wav;
use audiosocket::wire::{Digit, DtmfDialect, Uuid};

use crate::common::closed_port::ClosedPort;
use crate::common::nine_seconds::nine_seconds;
use crate::common::segments::Connection;
use crate::common::tap_file::{From, TapFile, audio, frame};
use crate::common::test_file::TestFile;
use crate::common::tool::{run, stderr, stdout};

/// A command line and its error.
struct Row {
    arguments: Vec<String>,
    code: i32,
    message: String,
}

/// A command line that cannot be understood.
fn usage(arguments: &[&str], message: impl AsRef<str>) -> Row {
    Row {
        code: 2,
        ..failed(arguments, format!("{} (see --help)", message.as_ref()))
    }
}

/// A command that cannot do its work.
fn failed(arguments: &[&str], message: impl AsRef<str>) -> Row {
    Row {
        arguments: arguments.iter().copied().map(String::from).collect(),
        code: 1,
        message: String::from(message.as_ref()),
    }
}

#[track_caller]
fn expect(rows: &[Row]) {
    for row in rows {
        let arguments: Vec<&str> = row.arguments.iter().map(String::as_str).collect();
        let output = run(&arguments);
        assert_eq!(
            stderr(&output),
            format!("audiosocket: {}\n", row.message),
            "{arguments:?}"
        );
        assert_eq!(output.status.code(), Some(row.code), "{arguments:?}");
    }
}

const SERVER: &str = "127.0.0.1:9";

#[test]
fn command_line_errors_are_exact() {
    let expected = "expected demo, serve, call, tap, inspect or load";
    expect(&[
        usage(
            &[],
            "missing command: expected demo, serve, call, tap, inspect or load",
        ),
        usage(&["dance"], format!("unknown command 'dance': {expected}")),
        usage(&[""], format!("unknown command '': {expected}")),
        // An argument may contain any characters. The message stays on one line.
        usage(
            &["a\nb\r\u{1b}[2Jc"],
            format!("unknown command 'a\\nb\\r\\u{{1b}}[2Jc': {expected}"),
        ),
        usage(&["--loud"], "unknown option '--loud': check the spelling"),
        usage(&["tap", "-x"], "unknown option '-x': check the spelling"),
        usage(&["demo", "now"], "unexpected argument 'now': remove it"),
        usage(&["tap", "x"], "unexpected argument 'x': remove it"),
        usage(&["inspect", "a", "b"], "unexpected argument 'b': remove it"),
        usage(
            &["load", "a:1", "b:2"],
            "unexpected argument 'b:2': remove it",
        ),
        usage(
            &["serve", "--echo", "--json=yes"],
            "unexpected value 'yes' for --json: remove it",
        ),
        usage(&["--help=1"], "unexpected value '1' for --help: remove it"),
        usage(&["-h=1"], "unexpected value '1' for -h: remove it"),
        usage(
            &["--version", "x"],
            "unexpected argument 'x' after --version: remove it",
        ),
        usage(
            &["demo", "--help", "x"],
            "unexpected argument 'x' after --help: remove it",
        ),
        usage(
            &["inspect", "-h", "--json"],
            "unexpected argument '--json' after -h: remove it",
        ),
        usage(
            &["serve", "--echo", "--listen"],
            "missing value for --listen: add one",
        ),
        usage(&["tap", "--to"], "missing value for --to: add one"),
    ]);
}

#[test]
fn invalid_values_are_reported_exactly() {
    let path = "expected a path";
    let file = "expected a file, not standard input";
    let count = "expected a whole number, 1 or more";
    let seconds = "expected seconds above 0, up to 31622400, such as 5 or 0.5";
    let digit = Digit::try_from('x').unwrap_err();
    let dialect = "x".parse::<DtmfDialect>().unwrap_err();
    let uuid = "x".parse::<Uuid>().unwrap_err();
    let version = |text: &str| text.parse::<Version>().unwrap_err();
    let way = "tunnel".parse::<Way>().unwrap_err();
    expect(&[
        usage(
            &["serve", "--echo", "--record", ""],
            format!("invalid value '' for --record: {path}"),
        ),
        usage(
            &["tap", "--record="],
            format!("invalid value '' for --record: {path}"),
        ),
        usage(
            &["call", SERVER, "--record", ""],
            format!("invalid value '' for --record: {path}"),
        ),
        usage(
            &["inspect", "x.tap", "--svg", ""],
            format!("invalid value '' for --svg: {path}"),
        ),
        usage(
            &["serve", "--play", "-"],
            format!("invalid value '-' for --play: {file}"),
        ),
        usage(
            &["call", SERVER, "--play", "-"],
            format!("invalid value '-' for --play: {file}"),
        ),
        usage(
            &["serve", "--echo", "--calls", "none"],
            format!("invalid value 'none' for --calls: {count}"),
        ),
        usage(
            &["serve", "--echo", "--max-calls", "-1"],
            format!("invalid value '-1' for --max-calls: {count}"),
        ),
        usage(
            &["load", SERVER, "--calls", "0"],
            format!("invalid value '0' for --calls: {count}"),
        ),
        usage(
            &["load", SERVER, "--calls", "65536"],
            "invalid value '65536' for --calls: expected at most 65535, because each call needs a port",
        ),
        usage(
            &["load", SERVER, "--seconds=-1"],
            format!("invalid value '-1' for --seconds: {seconds}"),
        ),
        usage(
            &["tap", "--seconds", "31622401"],
            format!("invalid value '31622401' for --seconds: {seconds}"),
        ),
        usage(
            &["serve", "--echo", "--hang-up-after", "soon"],
            format!("invalid value 'soon' for --hang-up-after: {seconds}"),
        ),
        usage(
            &["call", SERVER, "--dtmf="],
            "invalid value '' for --dtmf: expected digits: 0-9, *, #, A-D",
        ),
        usage(
            &["call", SERVER, "--dtmf", "1x"],
            format!("invalid value '1x' for --dtmf: {digit}"),
        ),
        usage(
            &["call", SERVER, "--rate", "22050"],
            "invalid value '22050' for --rate: expected one of 8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000",
        ),
        usage(
            &["call", SERVER, "--dialect", "x"],
            format!("invalid value 'x' for --dialect: {dialect}"),
        ),
        usage(
            &["call", SERVER, "--uuid", "x"],
            format!("invalid value 'x' for --uuid: {uuid}"),
        ),
        usage(
            &["call", SERVER, "--asterisk", "17.9"],
            format!("invalid value '17.9' for --asterisk: {}", version("17.9")),
        ),
        usage(
            &["call", SERVER, "--asterisk", "22"],
            format!("invalid value '22' for --asterisk: {}", version("22")),
        ),
        usage(
            &["call", SERVER, "--asterisk", "new"],
            format!("invalid value 'new' for --asterisk: {}", version("new")),
        ),
        usage(
            &["call", SERVER, "--through", "tunnel"],
            format!("invalid value 'tunnel' for --through: {way}"),
        ),
        usage(
            &["inspect", "x.tap", "--svg", "-"],
            "invalid value '-' for --svg: expected a file, not standard output",
        ),
    ]);
}

/// Linux is one of the systems whose arguments can be other bytes than UTF-8.
#[cfg(unix)]
#[test]
fn argument_that_is_not_utf8_is_reported() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let output = crate::common::tool::audiosocket(&["call", SERVER, "--uuid"])
        .arg(OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "audiosocket: invalid value '\u{fffd}' for --uuid: expected UTF-8 text (see --help)\n"
    );
}

#[test]
fn options_that_do_not_fit_are_reported_exactly() {
    let wav = TestFile::new("messages-16000.wav", &wav_file(16_000));
    let play = ["call", SERVER, "--rate", "8000", "--play", wav.path()];
    let with = |options: &[&'static str]| [&["call", SERVER][..], options].concat();
    expect(&[
        usage(
            &["serve"],
            "missing option: add --echo, --play FILE or --silence",
        ),
        usage(
            &["serve", "--echo", "--silence"],
            "--echo and --silence exclude each other: remove one",
        ),
        usage(
            &["serve", "--play", "x.wav", "--echo"],
            "--play and --echo exclude each other: remove one",
        ),
        usage(
            &["serve", "--silence", "--dialect", "asterisk"],
            "--dialect has no effect without --echo: remove it, or use --echo",
        ),
        usage(
            &play,
            format!(
                "--rate is 8000 Hz, but '{}' has 16000 Hz: remove --rate",
                wav.path()
            ),
        ),
        usage(
            &with(&["--asterisk", "20.13", "--dtmf", "5"]),
            "Asterisk 20.13 sends no digits: remove --dtmf, or use --asterisk with a newer version",
        ),
        usage(
            &with(&["--asterisk", "20.13", "--rate", "16000"]),
            "Asterisk 20.13 supports only 8000 Hz, not 16000 Hz: use that rate, or --asterisk with a newer version",
        ),
        usage(
            &with(&["--through", "application", "--rate", "16000"]),
            "--through application supports only 8000 Hz, not 16000 Hz: use --through dial",
        ),
        usage(
            &with(&[
                "--asterisk",
                "start-stop",
                "--through",
                "application",
                "--dtmf",
                "5",
            ]),
            "the application of Asterisk start-stop sends no digits: use --through dial",
        ),
        usage(
            &with(&["--asterisk", "all", "--rate", "16000"]),
            "--play, --record, --rate, --dialect and --uuid have no effect with --asterisk all: remove them",
        ),
        usage(
            &with(&["--asterisk", "all", "--dtmf", "42", "--seconds", "1.2"]),
            "--seconds is too short for the digits of --dtmf: use --seconds 1.3 or more",
        ),
        usage(
            &with(&["--asterisk", "none", "--through", "dial"]),
            "--through dial has no effect with --asterisk none: remove one of them",
        ),
        usage(
            &["tap", "--to", SERVER],
            "missing --listen: add --listen ADDR, for Asterisk to connect to",
        ),
        usage(
            &["tap", "--listen", SERVER],
            "missing --to: add --to ADDR, the address of your server",
        ),
        usage(
            &["inspect"],
            "missing file: add its name, or - for standard input",
        ),
    ]);
}

#[test]
fn errors_of_addresses_are_exact() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let in_use = TcpListener::bind(&address).unwrap_err();
    let closed = ClosedPort::new();
    let nobody = closed.address.to_string();
    let refused = std::net::TcpStream::connect(&nobody).unwrap_err();
    let no_host = "no-such-host.invalid:9092";
    let unknown = no_host.to_socket_addrs().unwrap_err();
    let missing = "missing server address: add one, such as 127.0.0.1:9092";
    let host = "add the host, as in 127.0.0.1:9092";
    let no_port = "add the port, as in there:9092";
    let expected = "expected HOST:PORT, such as 127.0.0.1:9092";
    let remedy = "check the address, and that the server runs";
    expect(&[
        usage(&["call"], missing),
        usage(&["call", "--asterisk", "none"], missing),
        usage(&["load"], missing),
        usage(&["call", "9092"], format!("invalid address '9092': {host}")),
        usage(
            &["call", "there"],
            format!("invalid address 'there': {no_port}"),
        ),
        usage(
            &["load", "there"],
            format!("invalid address 'there': {no_port}"),
        ),
        usage(
            &["load", "a:b"],
            format!("invalid address 'a:b': {expected}"),
        ),
        usage(
            &["serve", "--echo", "--listen", ":9092"],
            format!(
                "invalid --listen address ':9092': {host} or, for all interfaces, 0.0.0.0:9092"
            ),
        ),
        usage(
            &["tap", "--listen", "there", "--to", SERVER],
            format!("invalid --listen address 'there': {no_port}"),
        ),
        usage(
            &["tap", "--listen", "127.0.0.1:0", "--to", "there"],
            format!("invalid --to address 'there': {no_port}"),
        ),
        failed(
            &["call", &nobody],
            format!("cannot call '{nobody}': {refused}: {remedy}"),
        ),
        failed(
            &["load", &nobody, "--calls", "1"],
            format!("cannot call '{nobody}': {refused}: {remedy}"),
        ),
        failed(
            &["serve", "--echo", "--listen", &address],
            format!("cannot listen on '{address}': {in_use}: choose another --listen address"),
        ),
        failed(
            &["tap", "--listen", &address, "--to", SERVER],
            format!("cannot listen on '{address}': {in_use}: choose another --listen address"),
        ),
        failed(
            &["tap", "--listen", "127.0.0.1:0", "--to", no_host],
            format!("cannot look up '{no_host}': {unknown}: check the --to address"),
        ),
    ]);
}

#[test]
fn errors_of_files_are_exact() {
    let missing = fs::File::open("/no/such/file").unwrap_err();
    let no_folder = fs::write("/no/such/folder/x.svg", "").unwrap_err();
    let file = TestFile::new("messages-file", b"");
    let below_a_file = format!("{}/calls", file.path());
    let no_directory = fs::create_dir_all(&below_a_file).unwrap_err();
    let no_wav = Wav::open("/no/such/file.wav").unwrap_err();
    let tap = TestFile::new("messages-kept.tap", &nine_seconds().bytes);
    expect(&[
        failed(
            &["inspect", "/no/such/file"],
            format!("cannot read '/no/such/file': {missing}"),
        ),
        failed(&["inspect", ""], format!("cannot read '': {missing}")),
        failed(
            &["serve", "--play", "/no/such/file.wav"],
            no_wav.to_string(),
        ),
        failed(
            &[
                "serve",
                "--echo",
                "--listen",
                "127.0.0.1:0",
                "--record",
                &below_a_file,
            ],
            format!("cannot record in '{below_a_file}': {no_directory}"),
        ),
        failed(
            &["call", SERVER, "--record", file.path()],
            format!(
                "cannot record in '{}': the file exists: choose another name",
                file.path()
            ),
        ),
        failed(
            &["inspect", tap.path(), "--svg", "/no/such/folder/x.svg"],
            format!("cannot write '/no/such/folder/x.svg': {no_folder}"),
        ),
        usage(
            &["inspect", tap.path(), "--svg", tap.path()],
            format!(
                "invalid value '{}' for --svg: it is the file to inspect, use another",
                tap.path()
            ),
        ),
    ]);
}

#[test]
fn errors_of_recordings_and_streams_are_exact() {
    let whole = nine_seconds().bytes;
    let tap = |name: &str, bytes: &[u8]| TestFile::new(&format!("messages-{name}.tap"), bytes);
    let mut damaged = whole.clone();
    let last_entry = damaged.len() - 12;
    damaged[last_entry] = b'?';
    let mut version = whole.clone();
    version[4] = 2;
    let mut inside = TapFile::new();
    inside.data(From::Server, 0, &audio(&[1; 160])[..100]);
    let cut = tap("cut", &whole[..whole.len() - 5]);
    let damaged = tap("damaged", &damaged);
    let header = tap("header", &whole[..10]);
    let version = tap("version", &version);
    let inside = tap("inside", &inside.bytes);
    let sound = TestFile::new("messages-sound.wav", &wav_file(8000));
    let beside = TestFile::new("messages-cut.wav", &wav_file(8000));
    let raw = TestFile::new("messages-raw.bin", &audio(&[1; 160])[..100]);
    let uuid = "11111111-1111-1111-1111-111111111111";
    expect(&[
        failed(
            &["inspect", cut.path()],
            format!("'{}' ends inside an entry (bytes present: 7)", cut.path()),
        ),
        failed(
            &["inspect", damaged.path()],
            format!(
                "cannot read '{}': the tap recording is damaged: expected an entry, found other bytes",
                damaged.path()
            ),
        ),
        failed(
            &["inspect", header.path()],
            format!(
                "cannot read '{}': the tap recording ends inside its header",
                header.path()
            ),
        ),
        failed(
            &["inspect", version.path()],
            format!(
                "cannot read '{}': the tap recording has version 2, expected 1",
                version.path()
            ),
        ),
        failed(
            &["inspect", inside.path()],
            format!(
                "'{}' ends inside a frame of the server (bytes present: 100, missing: 223)",
                inside.path()
            ),
        ),
        failed(
            &["inspect", raw.path()],
            format!(
                "'{}' ends inside a frame (bytes present: 100, missing: 223)",
                raw.path()
            ),
        ),
        failed(
            &["inspect", sound.path()],
            format!(
                "'{}' is a WAV file, which has audio but no frames: inspect the .tap file that 'audiosocket tap --record DIR' writes",
                sound.path()
            ),
        ),
        failed(
            &["inspect", beside.path()],
            format!(
                "'{}' is a WAV file, which has audio but no frames: inspect '{}', the recording beside it",
                beside.path(),
                cut.path()
            ),
        ),
        usage(
            &["inspect", inside.path(), "--uuid", uuid],
            format!(
                "--uuid has no effect on '{}', which is not a packet capture: remove --uuid",
                inside.path()
            ),
        ),
    ]);
}

#[test]
fn errors_of_packet_captures_are_exact() {
    let capture =
        |name: &str, text: &str| TestFile::new(&format!("messages-{name}.txt"), text.as_bytes());
    let two = call(0, 0x11).text() + &call(1, 0x22).text();
    let two = capture("two", &two);
    let one_uuid = capture("one-uuid", &(call(0, 0x11).text() + &call(4, 0x11).text()));
    let probe = capture("probe", "0\t1795376412.0\t40000\t0\t0\t0x0002\t\n");
    let line = capture("line", &(call(0, 0x11).text() + "0\t1\n"));
    let mut lost = call(1, 0x22);
    lost.lines.remove(5);
    let one_lost = capture("lost", &lost.text());
    let list = capture("list", &(call(0, 0x11).text() + &lost.text()));
    let mut middle = call(0, 0x11);
    middle.lines.drain(..5);
    let middle = capture("middle", &middle.text());
    let caller: String = (call(0, 0x11).lines.iter())
        .filter(|line| line.contains("\t40000\t"))
        .map(String::as_str)
        .collect();
    let caller = capture("caller", &caller);
    let short: String = (call(0, 0x11).lines.iter())
        .map(|line| {
            let (fields, payload) = line.trim_end_matches('\n').rsplit_once('\t').unwrap();
            format!("{fields}\t{}\n", &payload[..payload.len().min(80)])
        })
        .collect();
    let short = capture("short", &short);
    let pcap = TestFile::new("messages.pcap", &[0xd4, 0xc3, 0xb2, 0xa1, 0, 0, 0, 0]);
    let uuid = "11111111-1111-1111-1111-111111111111";
    let no_call = "33333333-3333-3333-3333-333333333333";
    expect(&[
        failed(
            &["inspect", probe.path()],
            format!(
                "'{}' has no call, only 1 connection without a byte: check the port in tshark's -Y",
                probe.path()
            ),
        ),
        failed(
            &["inspect", two.path(), "--uuid", no_call],
            format!(
                "'{}' has no call {no_call}: remove --uuid to list its 2 calls",
                two.path()
            ),
        ),
        usage(
            &["inspect", two.path(), "--svg", "unused.svg"],
            "--svg draws only one call: choose it with --uuid",
        ),
        failed(
            &["inspect", one_uuid.path(), "--uuid", uuid],
            format!(
                "{uuid} is the UUID of 2 calls: choose one with tshark's -Y 'tcp.stream==0' or -Y 'tcp.stream==4'"
            ),
        ),
        failed(
            &["inspect", line.path()],
            format!(
                "'{}', line {}: 2 fields instead of 7; expected tcp.stream, frame.time_epoch, tcp.srcport, tcp.seq, tcp.len, tcp.flags, tcp.payload",
                line.path(),
                call(0, 0x11).lines.len() + 1
            ),
        ),
        failed(
            &["inspect", one_lost.path()],
            format!(
                "'{}' lacks 323 bytes of the server: capture with a larger buffer (tcpdump -B 65536)",
                one_lost.path()
            ),
        ),
        failed(
            &["inspect", list.path()],
            format!(
                "'{}' lacks a part of 1 call: --uuid UUID prints which",
                list.path()
            ),
        ),
        failed(
            &["inspect", middle.path()],
            format!(
                "'{}' starts in the middle of the call: start the capture before the call",
                middle.path()
            ),
        ),
        failed(
            &["inspect", caller.path()],
            format!(
                "'{}' has no packet of the server: capture both directions",
                caller.path()
            ),
        ),
        failed(
            &["inspect", short.path()],
            format!(
                "'{}' has only the first bytes of 8 segments: capture whole packets (tcpdump -s 0)",
                short.path()
            ),
        ),
        failed(
            &["inspect", pcap.path()],
            format!(
                "'{}' is a packet capture (pcap): read it with tshark: {}",
                pcap.path(),
                command_of_help()
            ),
        ),
    ]);
}

/// A call of a few frames with a server that echoes.
fn call(stream: usize, uuid: u8) -> Connection {
    let mut call = Connection::open(stream, 0);
    call.data(From::Caller, 0, &frame(0x01, &[uuid; 16]));
    for number in 0..4 {
        call.data(From::Server, number * 20_000 + 100, &audio(&[1000; 160]));
        call.data(From::Caller, number * 20_000 + 200, &audio(&[1000; 160]));
    }
    call.close(From::Caller, 90_000);
    call.data(From::Server, 90_100, &frame(0x00, &[]));
    call.close(From::Server, 90_200);
    call
}

/// The command that `inspect --help` shows, on one line.
fn command_of_help() -> String {
    let help = stdout(&run(&["inspect", "--help"]));
    let start = help.find("tshark -r").unwrap();
    let end = start + help[start..].find("inspect -\n").unwrap() + "inspect -".len();
    let words = help[start..end].replace("\\\n", " ");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A mono WAV file with two samples.
fn wav_file(hz: u32) -> Vec<u8> {
    let mut bytes = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(hz.to_le_bytes());
    bytes.extend((hz * 2).to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data\x04\0\0\0\x01\0\x02\0");
    bytes
}

/// Where a message is tested that the tables above do not have.
enum Tested {
    /// In this file of the tests, because it needs a peer, a time or another resource.
    In(&'static str),
    /// In the unit tests of this file.
    Unit(&'static str),
    /// Not at all, for this reason.
    Not(&'static str),
}

use Tested::{In, Not, Unit};

/// `tests/tool/threads.rs` runs the tool without threads.
const THREADS: &str = "which thread cannot be started depends on the machine";

/// The messages that no command line alone causes.
const OTHERS: &[(&str, Tested)] = &[
    // Standard output.
    (
        "cannot write to standard output: its reader has closed it",
        In("call.rs"),
    ),
    (
        "cannot write to standard output: {error}",
        In("reporting.rs"),
    ),
    (
        "; the tap forwards calls without reports",
        In("reporting.rs"),
    ),
    (
        "calls in progress continue, and no more are accepted",
        In("reporting.rs"),
    ),
    (
        "the time is up with {left} not printed: read the output faster",
        In("serve.rs"),
    ),
    ("dropped: read the output faster", Unit("reports.rs")),
    (
        "cannot write to standard error: {error}",
        Not("standard error is where the test would read it"),
    ),
    // Limits of the system.
    (
        "cannot start a thread: {error}: raise the limit with 'ulimit -u'",
        Not(THREADS),
    ),
    (
        "cannot start a thread for each call: {error}: use fewer --calls, or raise the limit with 'ulimit -u'",
        Not(THREADS),
    ),
    (
        "too few file descriptors: {calls} calls need {needed}, the limit is {limit}: {remedy}",
        In("load.rs"),
    ),
    (
        "use fewer --calls, or raise the hard limit of {hard_limit}",
        In("load.rs"),
    ),
    ("cannot accept a connection: {error}", In("descriptors.rs")),
    ("cannot listen: {error}", Not("a listener has an address")),
    (
        "cannot listen on loopback: {error}",
        Not("loopback has free ports"),
    ),
    (
        "cannot call {address}: {error}",
        Not("the server of the demo listens"),
    ),
    // Calls.
    ("Asterisk {} reports {noun}: {}", In("wild.rs")),
    (
        "the server fails with these versions of Asterisk: {}",
        In("wild.rs"),
    ),
    ("the peer closed before sending a frame", In("call.rs")),
    (
        "the server reset the connection: Asterisk would have hung up the caller",
        In("call.rs"),
    ),
    (
        "the server stopped reading: its receive buffer is full",
        In("call.rs"),
    ),
    (
        "the server sent nothing: check that it runs, or add --one-way if it only receives",
        In("call.rs"),
    ),
    ("were not pressed: --seconds {} is too short", In("call.rs")),
    ("were not pressed: the server ended the call", In("call.rs")),
    // Calls through the tap, and recordings.
    (
        "--to address {address} is the tap's own: use that of your server",
        In("tap.rs"),
    ),
    ("cannot forward the call from {peer}: {error}", In("tap.rs")),
    (
        "no connection to the server at {address}: {error}: check that it runs",
        In("tap.rs"),
    ),
    ("stopped: cannot write: ", In("audio.rs")),
    (
        "lacks its last {bytes}: the disk is too slow",
        Not("needs a disk that is slow for a minute; the library's tests have one"),
    ),
    // Refused calls and faulty handlers of `serve`.
    ("refused: closed inside its first frame", In("serve.rs")),
    (
        "--calls {calls} is reached",
        Not("needs two calls that start at the same moment"),
    ),
    // Faults that `demo` and `load` find.
    ("is missing", Unit("demo/difference.rs")),
    ("is altered: its byte", Unit("demo/difference.rs")),
    ("is altered: it has", Unit("demo/difference.rs")),
    ("are swapped", Unit("demo/difference.rs")),
    (
        "extra frames came back at the end",
        Unit("demo/difference.rs"),
    ),
    (
        "1 extra frame came back before audio frame",
        Unit("demo/difference.rs"),
    ),
    (
        "the server sent more than audio: {other}",
        Not("the server of the demo sends only audio"),
    ),
    (
        "Asterisk pressed {}, but the server received {}",
        Not("the server of the demo receives all digits"),
    ),
    ("the server does not echo: 100 frames lost", In("load.rs")),
    (
        "2 frames lost, 1 corrupt, 2 calls refused, 1 not closed",
        Unit("load/verdict.rs"),
    ),
    // Panics, which are errors of the tool.
    ("the thread that prints panicked", Not("no input causes it")),
    ("the thread of a call panicked", Not("no input causes it")),
    ("the caller's thread panicked", Not("no input causes it")),
    ("the server's thread panicked", Not("no input causes it")),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the longest part of a message between its variables.
fn fixed_part(message: &str) -> &str {
    let parts = message
        .split('}')
        .map(|part| part.split('{').next().unwrap());
    let longest = parts.max_by_key(|part| part.len()).unwrap();
    longest.trim_matches([':', ';', ',', ' '])
}

#[test]
fn other_messages_are_where_they_are_said_to_be() {
    for (message, tested) in OTHERS {
        let path = match tested {
            In(file) => root().join("tests/tool").join(file),
            Unit(file) => root().join("src/bin/audiosocket").join(file),
            Not(reason) => {
                assert!(!reason.is_empty());
                continue;
            }
        };
        let text = fs::read_to_string(&path).unwrap();
        let text = match tested {
            Unit(_) => text.split_once("#[cfg(test)]").unwrap().1,
            _ => &text,
        };
        assert!(
            text.contains(fixed_part(message)),
            "{message:?} in {path:?}"
        );
    }
}

/// Every message in the source is in a table of this file.
#[test]
fn every_message_is_in_a_table() {
    let tables = include_str!("messages.rs");
    let mut messages = 0;
    for path in sources(&root().join("src/bin/audiosocket")).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for message in messages_of(text) {
            messages += 1;
            assert!(
                tables.contains(fixed_part(&message)),
                "{message:?} of {path:?}"
            );
        }
    }
    assert!(messages > 50, "{messages}");
}

fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => paths.extend(sources(&path)?),
            false => paths.push(path),
        }
    }
    Ok(paths)
}

/// Returns the string literals of several words in the calls that make errors.
fn messages_of(text: &str) -> Vec<String> {
    const MAKERS: [&str; 7] = [
        "Failure::usage(",
        "Failure::failed(",
        "Failure::Usage(",
        "Failure::Failed(",
        "wrong_value(",
        "complaints.push(",
        "fail(",
    ];
    let mut messages = Vec::new();
    for maker in MAKERS {
        for (start, _) in text.match_indices(maker) {
            let call = argument(&text[start + maker.len()..]);
            let literals = call.split('"').skip(1).step_by(2);
            messages.extend(literals.filter(|it| it.contains(' ')).map(String::from));
        }
    }
    messages
}

/// Returns the text up to the parenthesis that closes a call. Parentheses in the messages are balanced.
fn argument(text: &str) -> &str {
    let mut open = 1;
    for (place, character) in text.char_indices() {
        match character {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &text[..place];
        }
    }
    text
}
