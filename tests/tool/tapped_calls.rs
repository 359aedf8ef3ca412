//! `audiosocket inspect` with tap recordings: both directions of a call, with their times.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::process::Stdio;
use std::thread;

use crate::common::nine_seconds::nine_seconds;
use crate::common::served;
use crate::common::tap_file::{From, TapFile, audio, frame};
use crate::common::test_file::TestFile;
use crate::common::tool::{
    HANGUP_FRAME, Serving, UUID_FRAME, audiosocket, field, run, stderr, stdout,
};
use crate::common::tool_page::transcript_of;
use crate::common::wav_file::WavFile;

#[test]
fn inspect_prints_a_call_in_order_of_time() {
    let file = TestFile::new("told.tap", &nine_seconds().bytes);
    let output = run(&["inspect", file.path()]);
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(
        stdout(&output),
        "    0.000 s > uuid    11223344-5566-7788-99aa-bbccddeeff00
    0.001 s > audio   100 x 320 bytes, 8000 Hz, 2.00 s
    0.001 s < audio   105 x 320 bytes, 8000 Hz, 2.10 s
    2.093 s > dtmf    digit 4
    2.094 s > dtmf    digit 2
    2.102 s > gap     121 ms without audio, at a digit
    2.102 s > audio   52 x 320 bytes, 8000 Hz, 1.04 s
    2.102 s < audio   45 x 320 bytes, 8000 Hz, 0.90 s
    3.122 s < gap     141 ms without audio
    3.122 s < audio   7 x 320 bytes, 8000 Hz, 0.14 s
    3.141 s > audio   1 x 320 bytes, 8000 Hz, 0.02 s
    3.142 s < burst   7 frames in 0 ms, 140 ms of audio
    3.142 s < audio   43 x 320 bytes, 8000 Hz, 0.86 s
    3.161 s > audio   43 x 320 bytes, 8000 Hz, 0.86 s
    4.014 s < split   3 of 323 bytes, the rest 12 ms later
    4.014 s < audio   57 x 320 bytes, 8000 Hz, 1.14 s
    4.022 s > audio   56 x 320 bytes, 8000 Hz, 1.12 s
    5.122 s < tone    digit # at 5.00 s for 98 ms
    5.141 s > audio   44 x 320 bytes, 8000 Hz, 0.88 s
    5.142 s < audio   43 x 320 bytes, 8000 Hz, 0.86 s
    6.002 s < audio   MALFORMED: audio (0x10) with payload
                      length 3: expected an even length
    6.002 s < audio   150 x 320 bytes, 8000 Hz, 3.00 s
    6.021 s > audio   149 x 320 bytes, 8000 Hz, 2.98 s
    9.010 s > closed
    9.011 s < hangup
    9.011 s < closed
    9.011 s   end     900 frames

> caller  448 frames, 8.90 s of audio in 9.00 s, no gaps
          except 1 at a digit, 0.3 ms jitter
< server  452 frames, 9.00 s of audio in 9.00 s, 1 gap of
          141 ms at 2.981 s, 1 burst, 1 split frame, 1
          malformed frame, 0.6 ms jitter
started   2026-11-22 19:40:12 UTC
ended     the caller closed the connection at 9.010 s
"
    );
}

#[test]
fn tool_page_shows_a_tap_recording() {
    let file = TestFile::new("page.tap", &nine_seconds().bytes);
    let printed = stdout(&run(&["inspect", file.path()]));
    assert_eq!(transcript_of("inspect call.tap").1, printed);
}

#[test]
fn json_of_a_call_has_directions_and_times() {
    let file = TestFile::new("json.tap", &nine_seconds().bytes);
    let output = run(&["inspect", "--json", file.path()]);
    assert!(output.status.success() && output.stderr.is_empty());
    let text = stdout(&output);
    let (audio, others): (Vec<&str>, Vec<&str>) = text
        .lines()
        .partition(|line| line.contains("\"name\":\"audio\"") && !line.contains("malformed"));
    assert_eq!(
        others.join("\n"),
        r##"{"event":"frame","offset":0,"kind":1,"name":"uuid","len":16,"uuid":"11223344-5566-7788-99aa-bbccddeeff00","direction":"to-server","at_ms":0.200}
{"event":"frame","offset":32319,"kind":3,"name":"dtmf","len":1,"signal":"digit","digit":"4","direction":"to-server","at_ms":2092.795}
{"event":"frame","offset":32323,"kind":3,"name":"dtmf","len":1,"signal":"digit","digit":"2","direction":"to-server","at_ms":2093.795}
{"event":"gap","duration_ms":120.714,"dtmf":true,"direction":"to-server","at_ms":1981.081}
{"event":"gap","duration_ms":140.683,"dtmf":false,"direction":"to-caller","at_ms":2981.331}
{"event":"burst","frames":7,"audio_ms":140.000,"duration_ms":0.006,"direction":"to-caller","at_ms":3122.014}
{"event":"split","offset":64600,"after":3,"of":323,"duration_ms":12.000,"direction":"to-caller","at_ms":4002.000}
{"event":"tone","digit":"#","at_ms":5003,"duration_ms":98,"direction":"to-caller"}
{"event":"frame","offset":96900,"kind":16,"name":"audio","len":3,"malformed":"audio (0x10) with payload length 3: expected an even length","direction":"to-caller","at_ms":6001.900}
{"event":"closed","direction":"to-server","at_ms":9010.000}
{"event":"frame","offset":145356,"kind":0,"name":"hangup","len":0,"direction":"to-caller","at_ms":9010.500}
{"event":"closed","direction":"to-caller","at_ms":9010.700}
{"event":"end","frames":900,"bytes":289121,"truncated":0}"##
    );
    assert_eq!(audio.len(), 445 + 450);
    assert_eq!(
        audio[..2],
        [
            r#"{"event":"frame","offset":19,"kind":16,"name":"audio","len":320,"rate":8000,"samples":160,"direction":"to-server","at_ms":1.000}"#,
            r#"{"event":"frame","offset":0,"kind":16,"name":"audio","len":320,"rate":8000,"samples":160,"direction":"to-caller","at_ms":1.300}"#,
        ]
    );
}

#[test]
fn equal_frames_of_any_kind_are_one_line() {
    let mut tap = TapFile::new();
    for _ in 0..20_000 {
        tap.data(From::Server, 1000, &frame(0, &[]));
    }
    for number in 0..10 {
        // The caller's audio continues in one line.
        tap.data(From::Server, 2000, &frame(0x77, &[number, 7]));
        tap.data(From::Caller, 3000, &audio(&[1; 160]));
    }
    for number in [4, 4, 5, 4] {
        tap.data(From::Caller, 4000, &frame(3, &[b'0' + number]));
    }
    tap.data(From::Server, 5000, &audio(&[1; 160]));
    tap.data(From::Server, 6000, &frame(0x10, &[7]));
    tap.data(From::Server, 7000, &frame(0x10, &[8]));
    let file = TestFile::new("equal-frames.tap", &tap.bytes);
    let text = stdout(&run(&["inspect", file.path()]));
    let (lines, _) = text.split_once("    0.007 s > burst ").unwrap();
    assert_eq!(
        lines,
        "    0.001 s < hangup  20000 x
    0.002 s < unknown 10 x kind 0x77, payload length 2
    0.003 s > audio   10 x 320 bytes, 8000 Hz, 0.20 s
    0.004 s > dtmf    2 x digit 4
    0.004 s > dtmf    digit 5
    0.004 s > dtmf    digit 4
    0.005 s < audio   1 x 320 bytes, 8000 Hz, 0.02 s
    0.006 s < audio   2 x MALFORMED: audio (0x10) with
                      payload length 1: expected an even
                      length
"
    );
    // In JSON, each frame has a line of its own.
    let json = stdout(&run(&["inspect", "--json", file.path()]));
    let frames = json.lines().filter(|line| field(line, "event") == "frame");
    assert_eq!(frames.count(), 20_000 + 20 + 4 + 3);
}

#[test]
fn wav_file_is_named_with_the_recording_beside_it() {
    let mut wav = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
    wav.resize(100_000, 0);
    let alone = TestFile::new("beside-nothing.wav", &wav);
    let sound = TestFile::new("beside-a-tap.wav", &wav);
    let tap = TestFile::new("beside-a-tap.tap", &nine_seconds().bytes);
    let of_tap = format!("inspect '{}', the recording beside it", tap.path());
    let of_none = "inspect the .tap file that 'audiosocket tap --record DIR' writes";
    for (input, name, advice) in [
        (sound.path(), format!("'{}'", sound.path()), &of_tap[..]),
        (alone.path(), format!("'{}'", alone.path()), of_none),
        ("-", String::from("standard input"), of_none),
    ] {
        let output = audiosocket(&["inspect", input])
            .stdin(std::fs::File::open(alone.path()).unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stdout(&output), "");
        assert_eq!(
            stderr(&output),
            format!("audiosocket: {name} is a WAV file, which has audio but no frames: {advice}\n")
        );
    }
}

/// A server's stream: a frame of silence, and a WAV file from its first byte.
fn played_file() -> Vec<u8> {
    let file = WavFile::default().bytes();
    let frames = file.chunks(320).map(|sound| frame(0x10, sound));
    [audio(&[0; 160])]
        .into_iter()
        .chain(frames)
        .collect::<Vec<_>>()
        .concat()
}

const HEADER: &str = "a WAV file header as audio, which is a click: send only the data chunk";

#[test]
fn header_of_a_played_file_is_named_by_inspect() {
    let stream = played_file();
    let mut tap = TapFile::new();
    tap.data(From::Server, 1000, &stream);
    for (name, bytes) in [("header.bin", &stream), ("header.tap", &tap.bytes)] {
        let file = TestFile::new(name, bytes);
        let text = stdout(&run(&["inspect", file.path()]));
        let line = text
            .lines()
            .find(|line| line.contains(" header  "))
            .expect(&text);
        assert!(line.contains("a WAV file header as audio"), "{text}");
        let json = stdout(&run(&["inspect", "--json", file.path()]));
        let event = json
            .lines()
            .find(|line| line.contains("wav-header"))
            .unwrap();
        assert_eq!(field(event, "offset"), "323");
    }
}

#[test]
fn header_of_a_played_file_is_named_live() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let mut stream = served::accept(&listener);
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
        stream.write_all(&played_file()).unwrap();
        stream.write_all(&HANGUP_FRAME).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let tap = Serving::tap(&address, &["--json", "--calls", "1"]);
    let call = run(&["call", &tap.address, "--json"]);
    server.join().unwrap();
    let text = stdout(&call);
    let warning = text.lines().find(|line| field(line, "event") == "warning");
    assert_eq!(field(warning.expect(&text), "text"), HEADER);
    let lines = tap.finish();
    let event = lines
        .iter()
        .find(|line| field(line, "event") == "wav-header");
    assert_eq!(field(event.expect("the tap's"), "direction"), "to-caller");
}

#[test]
fn recording_is_read_from_standard_input() {
    let call = nine_seconds().bytes;
    let file = TestFile::new("piped.tap", &call);
    let mut child = audiosocket(&["inspect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&call).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(stdout(&output), stdout(&run(&["inspect", file.path()])));
}

#[test]
fn every_way_to_end_a_call_is_named() {
    for (from, what, line, ended) in [
        (
            From::Caller,
            b'c',
            "> closed",
            "the caller closed the connection",
        ),
        (
            From::Server,
            b'r',
            "< reset",
            "the server reset the connection",
        ),
        (
            From::Server,
            b'e',
            "< ended   stopped reading",
            "the server stopped reading",
        ),
        (From::Server, b'h', "< hangup", "the server sent a hangup"),
    ] {
        let mut tap = TapFile::new();
        tap.data(From::Caller, 0, &audio(&[1; 160]));
        match what {
            b'h' => tap.data(from, 20_000, &frame(0, &[])),
            _ => tap.end(from, 20_000, what),
        }
        // Later events did not end the call.
        tap.end(From::Caller, 21_000, b'c');
        if what != b'e' {
            tap.end(From::Server, 21_000, b'r');
        }
        let file = TestFile::new(&format!("ended-{what}.tap"), &tap.bytes);
        let output = run(&["inspect", file.path()]);
        assert!(output.status.success());
        let text = stdout(&output);
        assert!(text.contains(&format!("    0.020 s {line}\n")), "{text}");
        assert!(
            text.ends_with(&format!("\nended     {ended} at 0.020 s\n")),
            "{text}"
        );
    }
    // A peer that has stopped reading may still report why, here with a reset.
    let mut tap = TapFile::new();
    tap.end(From::Server, 20_000, b'e');
    tap.end(From::Caller, 21_000, b'c');
    tap.end(From::Server, 22_000, b'r');
    let file = TestFile::new("ended-by-reset.tap", &tap.bytes);
    let text = stdout(&run(&["inspect", file.path()]));
    assert!(
        text.ends_with("\nended     the server reset the connection at 0.020 s\n"),
        "{text}"
    );
    let file = TestFile::new("ended-never.tap", &TapFile::new().bytes);
    let text = stdout(&run(&["inspect", file.path()]));
    assert!(
        text.ends_with("\nended     the recording ends before the call\n"),
        "{text}"
    );
}

#[test]
fn g711_in_linear_audio_frames_is_named() {
    for (len, at_half_rate) in [(160, true), (320, false)] {
        let mut tap = TapFile::new();
        for number in 0..100 {
            tap.data(
                From::Caller,
                number * 20_000,
                &frame(0x10, &vec![0x7f; len]),
            );
        }
        let file = TestFile::new(&format!("g711-{len}.tap"), &tap.bytes);
        let text = stdout(&run(&["inspect", file.path()]));
        assert_eq!(
            text.contains(
                "\n          8000 bytes per second: u-law or a-law; dial with\n          /c(slin)\n"
            ),
            at_half_rate,
            "{text}"
        );
        assert!(
            text.contains("no gaps,") && text.contains("0.0 ms jitter"),
            "{text}"
        );
    }
}

#[test]
fn damaged_recording_fails_after_its_good_part() {
    let whole = nine_seconds().bytes;
    let mut damaged = whole.clone();
    let last_entry = damaged.len() - 12;
    damaged[last_entry] = b'?';
    let mut inside_a_frame = TapFile::new();
    inside_a_frame.data(From::Server, 0, &audio(&[1; 160])[..100]);
    for (name, bytes, frames, truncated, message) in [
        (
            "cut",
            &whole[..whole.len() - 5],
            "900",
            "0",
            "ends inside an entry (bytes present: 7)",
        ),
        (
            "damaged",
            &damaged,
            "900",
            "0",
            "the tap recording is damaged: expected an entry, found other bytes",
        ),
        (
            "inside",
            &inside_a_frame.bytes,
            "0",
            "100",
            "ends inside a frame of the server (bytes present: 100, missing: 223)",
        ),
    ] {
        let file = TestFile::new(&format!("{name}.tap"), bytes);
        let output = run(&["inspect", "--json", file.path()]);
        assert_eq!(output.status.code(), Some(1));
        let text = stdout(&output);
        let end = text.lines().last().unwrap();
        assert_eq!(field(end, "event"), "end");
        assert_eq!(field(end, "frames"), frames);
        assert_eq!(field(end, "truncated"), truncated);
        let error = stderr(&output);
        assert!(error.contains(message), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
    for (name, len, message) in [
        ("header", 10, "the tap recording ends inside its header"),
        ("version", 16, "the tap recording has version 2, expected 1"),
    ] {
        let mut bytes = whole[..len].to_vec();
        bytes[4] = if name == "version" { 2 } else { 1 };
        let file = TestFile::new(&format!("damaged-{name}.tap"), &bytes);
        let output = run(&["inspect", file.path()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let error = stderr(&output);
        assert!(error.contains(message), "{error}");
    }
}
