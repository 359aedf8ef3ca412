//! `audiosocket inspect` with packet captures, as text from tshark. `.ci/wireshark` tests the same with tshark itself.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::common::nine_seconds::nine_seconds;
use crate::common::segments::Connection;
use crate::common::tap_file::{From, audio, frame};
use crate::common::test_file::TestFile;
use crate::common::tool::{audiosocket, field, run, stderr, stdout};
use audiosocket::asterisk::Rule;

const GUIDE: &str = include_str!("../../src/guide/troubleshooting.rs");

fn inspect(options: &[&str], text: &str) -> Output {
    let mut child = audiosocket(&[&["inspect", "-"], options].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// A call of two seconds with a server that echoes.
fn echo(stream: usize, at_us: u64, uuid: u8) -> Connection {
    let mut call = Connection::open(stream, at_us);
    call.data(From::Caller, at_us, &frame(0x01, &[uuid; 16]));
    for number in 0..100 {
        let at_us = at_us + number * 20_000;
        call.data(From::Caller, at_us, &audio(&[1000; 160]));
        call.data(From::Server, at_us + 100, &audio(&[1000; 160]));
    }
    call.close(From::Caller, at_us + 2_000_000);
    call.data(From::Server, at_us + 2_000_100, &frame(0x00, &[]));
    call.close(From::Server, at_us + 2_000_200);
    call
}

#[track_caller]
fn expect_failure(output: &Output, message: &str) {
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(output), format!("audiosocket: {message}\n"));
}

#[test]
fn capture_gives_findings_of_tap_recording() {
    let tap = nine_seconds();
    let file = TestFile::new("same.tap", &tap.bytes);
    let text = Connection::of_tap_file(&tap).text();
    let of_capture = inspect(&["--json"], &text);
    assert!(of_capture.status.success() && of_capture.stderr.is_empty());
    let of_capture = stdout(&of_capture);
    let of_tap = stdout(&run(&["inspect", "--json", file.path()]));
    let (violations, others): (Vec<&str>, Vec<&str>) = of_capture
        .lines()
        .partition(|line| line.contains("\"event\":\"violation\""));
    let rules: Vec<&str> = violations.iter().map(|line| field(line, "rule")).collect();
    assert_eq!(rules, ["split-payload"]);
    assert_eq!(field(violations[0], "remedy"), Rule::SplitPayload.remedy());
    let others = others.join("\n").replace(",\"missing\":0}", "}");
    assert_eq!(others + "\n", of_tap);
    let text = stdout(&inspect(&[], &text));
    assert!(
        text.ends_with("\nverdict   violation: split-payload\n"),
        "{text}"
    );
    let words: Vec<&str> = text.split_whitespace().collect();
    let remedy = format!("remedy: {}", Rule::SplitPayload.remedy());
    assert!(words.join(" ").contains(&remedy), "{text}");
}

#[test]
fn picture_of_capture_is_that_of_tap_recording() {
    let tap = nine_seconds();
    let file = TestFile::new("drawn.tap", &tap.bytes);
    let svg = TestFile::new("drawn.svg", b"");
    let output = run(&["inspect", file.path(), "--svg", svg.path()]);
    assert!(output.status.success());
    let of_tap = std::fs::read_to_string(svg.path()).unwrap();
    let text = Connection::of_tap_file(&tap).text();
    assert!(inspect(&["--svg", svg.path()], &text).status.success());
    let of_capture = std::fs::read_to_string(svg.path()).unwrap();
    assert_eq!(of_capture.replace("standard input", "drawn.tap"), of_tap);
}

#[test]
fn pause_in_a_frame_counts_from_one_millisecond() {
    for (pause_us, verdict) in [
        (900, "no violations in any version of Asterisk"),
        (20_000, "violation: split-payload"),
    ] {
        let mut call = Connection::open(0, 0);
        call.data(From::Caller, 0, &frame(0x01, &[7; 16]));
        let answer = audio(&[1000; 160]);
        call.data(From::Server, 1000, &answer[..100]);
        call.data(From::Server, 1000 + pause_us, &answer[100..]);
        call.close(From::Caller, 40_000);
        let text = stdout(&inspect(&[], &call.text()));
        assert!(
            text.ends_with(&format!("\nverdict   {verdict}\n")),
            "{text}"
        );
    }
}

#[test]
fn silent_server_is_idle_after_two_seconds() {
    let mut call = Connection::open(0, 0);
    call.data(From::Caller, 0, &frame(0x01, &[7; 16]));
    call.close(From::Caller, 2_500_000);
    let json = stdout(&inspect(&["--json"], &call.text()));
    let violation = json
        .lines()
        .find(|line| line.contains("violation"))
        .unwrap();
    assert_eq!(field(violation, "rule"), "idle");
    let at_ms: f64 = field(violation, "at_ms").parse().unwrap();
    assert!((2000.0..2025.0).contains(&at_ms), "{violation}");
}

#[test]
fn capture_through_dial_is_judged_as_the_driver_does() {
    let mut call = Connection::open(0, 0);
    call.data(From::Caller, 0, &frame(0x01, &[7; 16]));
    // Only the application ends the call for the silence. Only a call that has not ended shows the second fault.
    call.data(From::Server, 2_500_000, &frame(0x10, &[]));
    call.close(From::Caller, 2_600_000);
    for (options, rule, consequence) in [
        (&["--json"][..], "idle", "hangs-up"),
        (&["--json", "--through", "application"], "idle", "hangs-up"),
        (&["--json", "--through", "dial"], "empty-audio", "ends-leg"),
    ] {
        let json = stdout(&inspect(options, &call.text()));
        let violations: Vec<&str> = json
            .lines()
            .filter(|line| line.contains("\"violation\""))
            .collect();
        let [violation] = violations[..] else {
            panic!("{options:?}: {json}")
        };
        assert_eq!(field(violation, "rule"), rule, "{options:?}");
        assert_eq!(field(violation, "consequence"), consequence);
    }
}

#[test]
fn lost_segment_is_named_and_the_rest_shown() {
    let mut call = echo(0, 0, 7);
    // Four frames of the server are missing in the capture. They leave no gap in the call.
    for number in (49..53).rev() {
        call.lines.remove(4 + 2 * number);
    }
    let output = inspect(&[], &call.text());
    expect_failure(
        &output,
        "standard input lacks 1292 bytes of the server: capture with a larger buffer (tcpdump -B 65536)",
    );
    let text = stdout(&output);
    assert!(
        text.contains("    1.060 s < missing 1292 bytes\n"),
        "{text}"
    );
    assert!(!text.contains("gap  "), "{text}");
    assert!(
        text.contains("\n< server  97 frames, 1.92 s of audio in 2.00 s, no gaps,\n          1292 bytes missing"),
        "{text}"
    );
    assert!(
        text.ends_with("verdict   no violations in any version of Asterisk, checked\n          up to 1.060 s, where bytes are missing\n"),
        "{text}"
    );
}

#[test]
fn capture_from_mid_call_starts_at_a_frame() {
    let mut call = echo(0, 0, 7);
    call.lines.drain(..53);
    let output = inspect(&["--json"], &call.text());
    expect_failure(
        &output,
        "standard input starts in the middle of the call: start the capture before the call",
    );
    let text = stdout(&output);
    let first: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("missing"))
        .collect();
    assert_eq!(first.len(), 3, "{text}");
    assert!(
        first[0]
            .starts_with(r#"{"event":"missing","offset":0,"skipped":0,"direction":"to-server""#)
    );
    assert_eq!(field(text.lines().last().unwrap(), "frames"), "151");
    let text = stdout(&inspect(&[], &call.text()));
    assert!(text.contains("not checked for violations"), "{text}");
}

#[test]
fn cut_packets_are_reported_with_the_remedy() {
    let call = echo(0, 0, 7);
    let cut: String = call
        .lines
        .iter()
        .map(|line| {
            let (fields, payload) = line.trim_end_matches('\n').rsplit_once('\t').unwrap();
            format!("{fields}\t{}\n", &payload[..payload.len().min(80)])
        })
        .collect();
    let output = inspect(&[], &cut);
    expect_failure(
        &output,
        "standard input has only the first bytes of 200 segments: capture whole packets (tcpdump -s 0)",
    );
    assert!(stdout(&output).contains("> uuid    07070707"));
}

#[test]
fn one_direction_alone_is_reported() {
    let call = echo(0, 0, 7);
    let caller = call.lines.iter().filter(|line| line.contains("\t40000\t"));
    let text: String = caller.map(String::as_str).collect();
    let output = inspect(&[], &text);
    expect_failure(
        &output,
        "standard input has no packet of the server: capture both directions",
    );
    assert!(stdout(&output).contains("> uuid    07070707"));
}

#[test]
fn several_calls_have_a_line_each_and_uuid_chooses() {
    let text = echo(0, 0, 0x11).text() + &echo(1, 500_000, 0x22).text();
    let probe = "2\t1795376412.000000000\t40001\t0\t0\t0x0002\t\n";
    let listed = inspect(&[], &(text.clone() + probe));
    assert!(listed.status.success() && listed.stderr.is_empty());
    assert_eq!(
        stdout(&listed),
        "    0.000 s 11111111-1111-1111-1111-111111111111    2.000 s
            the caller closed the connection at 2.000 s
    0.500 s 22222222-2222-2222-2222-222222222222    2.000 s
            the caller closed the connection at 2.000 s
2 calls; --uuid UUID prints one of them
"
    );
    let uuid = "22222222-2222-2222-2222-222222222222";
    let chosen = inspect(&["--uuid", uuid], &text);
    assert!(chosen.status.success());
    let expected = stdout(&inspect(&[], &echo(1, 500_000, 0x22).text()));
    assert_eq!(stdout(&chosen), expected);
    assert!(expected.contains(uuid));

    let json = stdout(&inspect(&["--json"], &text));
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"event":"call","uuid":"11111111-1111-1111-1111-111111111111","stream":0,"at_ms":0.000,"seconds":2.000,"frames":202,"bytes":64622,"truncated":0,"missing":0,"has_start":true,"ended_by":"caller","violations":[]}"#,
            r#"{"event":"call","uuid":"22222222-2222-2222-2222-222222222222","stream":1,"at_ms":500.000,"seconds":2.000,"frames":202,"bytes":64622,"truncated":0,"missing":0,"has_start":true,"ended_by":"caller","violations":[]}"#,
            r#"{"event":"end","frames":404,"bytes":129244,"truncated":0,"missing":0}"#,
        ]
    );
    let nobody = "33333333-3333-3333-3333-333333333333";
    expect_failure(
        &inspect(&["--uuid", nobody], &text),
        &format!("standard input has no call {nobody}: remove --uuid to list its 2 calls"),
    );
    let svg = inspect(&["--svg", "unused.svg"], &text);
    assert_eq!(svg.status.code(), Some(2));
    assert_eq!(
        stderr(&svg),
        "audiosocket: --svg draws only one call: choose it with --uuid (see --help)\n"
    );
}

#[test]
fn calls_with_one_uuid_are_reported() {
    let text = echo(0, 0, 0x11).text() + &echo(4, 500_000, 0x11).text();
    let listed = inspect(&[], &text);
    assert!(listed.status.success());
    assert!(stdout(&listed).contains("\ncalls share a UUID: one call captured twice"));
    let uuid = "11111111-1111-1111-1111-111111111111";
    expect_failure(
        &inspect(&["--uuid", uuid], &text),
        &format!(
            "{uuid} is the UUID of 2 calls: choose one with tshark's -Y 'tcp.stream==0' or -Y 'tcp.stream==4'"
        ),
    );
}

#[test]
fn list_fails_if_a_call_lacks_a_part() {
    let mut second = echo(1, 500_000, 0x22);
    second.lines.remove(50);
    let output = inspect(&[], &(echo(0, 0, 0x11).text() + &second.text()));
    expect_failure(
        &output,
        "standard input lacks a part of 1 call: --uuid UUID prints which",
    );
    assert!(
        stdout(&output).contains("323 missing bytes"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn text_with_a_wrong_line_is_shown_up_to_it() {
    let text = echo(0, 0, 7).text() + "0\t1\n";
    let output = inspect(&[], &text);
    expect_failure(
        &output,
        "standard input, line 207: 2 fields instead of 7; expected tcp.stream, frame.time_epoch, tcp.srcport, \
         tcp.seq, tcp.len, tcp.flags, tcp.payload",
    );
    assert!(stdout(&output).contains("the caller closed the connection"));
    let probe = "0\t1795376412.0\t40000\t0\t0\t0x0002\t\n";
    expect_failure(
        &inspect(&[], probe),
        "standard input has no call, only 1 connection without a byte: check the port in tshark's -Y",
    );
}

#[test]
fn packet_files_are_named_with_the_command() {
    for (magic, format) in [
        ([0xd4, 0xc3, 0xb2, 0xa1], "pcap"),
        ([0xa1, 0xb2, 0xc3, 0xd4], "pcap"),
        ([0x4d, 0x3c, 0xb2, 0xa1], "pcap"),
        ([0xa1, 0xb2, 0x3c, 0x4d], "pcap"),
        ([0x0a, 0x0d, 0x0d, 0x0a], "pcapng"),
    ] {
        let mut bytes = magic.to_vec();
        bytes.extend([0; 100]);
        let file = TestFile::new(&format!("{:02x}{:02x}.pcap", magic[0], magic[2]), &bytes);
        let output = run(&["inspect", file.path()]);
        assert!(output.stdout.is_empty());
        let command = command_of_help();
        expect_failure(
            &output,
            &format!(
                "'{}' is a packet capture ({format}): read it with tshark: {command}",
                file.path()
            ),
        );
        let words = GUIDE.replace("//!", "").replace("\\\n", " ");
        let words: Vec<&str> = words.split_whitespace().collect();
        assert!(words.join(" ").contains(&command), "{command}");
    }
}

/// The command that `inspect --help` shows, on one line.
fn command_of_help() -> String {
    let help = stdout(&run(&["inspect", "--help"]));
    let start = help.find("tshark -r").unwrap();
    let end = start + help[start..].find("inspect -\n").unwrap() + "inspect -".len();
    let words = help[start..end].replace("\\\n", " ");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn uuid_and_way_are_for_captures_alone() {
    let file = TestFile::new("no-capture.tap", &nine_seconds().bytes);
    let uuid = "11111111-1111-1111-1111-111111111111";
    for options in [["--uuid", uuid], ["--through", "dial"]] {
        let output = run(&[&["inspect", file.path()], &options[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        let message = format!("which is not a packet capture: remove {}", options[0]);
        assert!(stderr(&output).contains(&message), "{}", stderr(&output));
    }
}
