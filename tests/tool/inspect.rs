//! `audiosocket inspect` with the bytes of one direction. See `tapped_calls.rs` for recordings of both directions, and
//! `pictures.rs` for pictures.

use std::io::Write;
use std::process::Stdio;

use crate::common::tool::{audiosocket, run, stderr, stdout};

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");

#[test]
fn inspect_prints_every_frame_of_a_capture() {
    let output = run(&[
        "inspect",
        "--json",
        &format!("{CAPTURES}/seed-none-dtmflong.bin"),
    ]);
    assert!(output.status.success());
    assert_eq!(
        stdout(&output),
        r##"{"event":"frame","offset":0,"kind":1,"name":"uuid","len":16,"uuid":"11223344-5566-7788-99aa-bbccddeeff00"}
{"event":"frame","offset":19,"kind":2,"name":"dtmf","len":6,"signal":"start","digit":"5"}
{"event":"frame","offset":28,"kind":2,"name":"dtmf","len":6,"signal":"stop","digit":"5","duration_ms":1000}
{"event":"frame","offset":37,"kind":2,"name":"dtmf","len":6,"signal":"start","digit":"6"}
{"event":"frame","offset":46,"kind":2,"name":"dtmf","len":6,"signal":"stop","digit":"6","duration_ms":100}
{"event":"end","frames":5,"bytes":55,"truncated":0}
"##
    );
}

#[test]
fn inspect_counts_frames_of_captures_and_none_is_cut() {
    let mut captures = 0;
    for file in std::fs::read_dir(CAPTURES).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        captures += 1;
        let output = run(&["inspect", "--json", path.to_str().unwrap()]);
        assert!(output.status.success());
        let text = stdout(&output);
        let (last, frames) = text
            .lines()
            .collect::<Vec<_>>()
            .split_last()
            .map(|(l, f)| (*l, f.len()))
            .unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert_eq!(
            last,
            format!("{{\"event\":\"end\",\"frames\":{frames},\"bytes\":{bytes},\"truncated\":0}}")
        );
    }
    assert_eq!(captures, 18);
}

#[test]
fn inspect_prints_any_frame_content() {
    let stream: &[u8] = &[
        0x02, 0, 0, // legacy silence
        0x20, 0, 1, 9, // unknown
        0xff, 0, 0, // error without code
        0xff, 0, 1, 5, // flags
        0xff, 0, 2, 0xab, 0x01, // application code
        0x03, 0, 1, b'd', // digit
        0x10, 0, 4, 1, 2, 3, 4, // audio
        0x12, 0, 1, 7, // odd audio
        0x00, 0, 0, // hangup
    ];
    let feed = |arguments: &[&str], bytes: &[u8]| {
        let mut child = audiosocket(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = feed(&["inspect", "--json", "-"], stream);
    assert!(output.status.success());
    assert_eq!(
        stdout(&output),
        r##"{"event":"frame","offset":0,"kind":2,"name":"silence","len":0}
{"event":"frame","offset":3,"kind":32,"name":"unknown","len":1}
{"event":"frame","offset":7,"kind":255,"name":"error","len":0,"payload":""}
{"event":"frame","offset":10,"kind":255,"name":"error","len":1,"code":5}
{"event":"frame","offset":14,"kind":255,"name":"error","len":2,"payload":"ab01"}
{"event":"frame","offset":19,"kind":3,"name":"dtmf","len":1,"signal":"digit","digit":"D"}
{"event":"frame","offset":23,"kind":16,"name":"audio","len":4,"rate":8000,"samples":2}
{"event":"frame","offset":30,"kind":18,"name":"audio","len":1,"malformed":"audio (0x12) with payload length 1: expected an even length"}
{"event":"frame","offset":34,"kind":0,"name":"hangup","len":0}
{"event":"end","frames":9,"bytes":37,"truncated":0}
"##
    );
    let output = feed(&["inspect", "-"], stream);
    assert_eq!(
        stdout(&output),
        "        0  silence
        3  unknown  kind 0x20, payload length 1
        7  error    no code
       10  error    hangup of the calling party, memory
                    (0x05)
       14  error    code of 2 bytes
       19  dtmf     digit D
       23  audio    1 x 4 bytes, 8000 Hz, 0.00 s
       30  audio    MALFORMED: audio (0x12) with payload
                    length 1: expected an even length
       34  hangup
       37  end      9 frames
"
    );
    let output = feed(&["inspect", "--json", "-"], &stream[..35]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output)
            .ends_with("{\"event\":\"end\",\"frames\":8,\"bytes\":35,\"truncated\":1}\n")
    );
    assert_eq!(
        stderr(&output),
        "audiosocket: standard input ends inside a frame (bytes present: 1, missing: 2)\n"
    );
}

#[test]
fn inspect_reports_a_cut_capture() {
    let whole = std::fs::read(format!("{CAPTURES}/app-play.bin")).unwrap();
    let path = std::env::temp_dir().join(format!("audiosocket-cut-{}.bin", std::process::id()));
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let output = run(&["inspect", "--json", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let last = stdout(&output).lines().last().map(String::from);
    assert_eq!(
        last.as_deref(),
        Some("{\"event\":\"end\",\"frames\":149,\"bytes\":48145,\"truncated\":322}")
    );
    let error = stderr(&output);
    assert!(
        error.contains("ends inside a frame (bytes present: 322, missing: 1)"),
        "{error}"
    );
}

#[test]
fn inspect_prints_at_most_60_columns() {
    let path = std::env::temp_dir().join(format!("audiosocket-wide-{}.bin", std::process::id()));
    let mut stream = Vec::new();
    for kind in 0..=255 {
        for payload in [&[][..], &[9], &[7; 6], &[7; 16], &[1; 301]] {
            stream.extend([kind, (payload.len() >> 8) as u8, payload.len() as u8]);
            stream.extend(payload);
        }
    }
    std::fs::write(&path, &stream).unwrap();
    let output = run(&["inspect", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.ends_with("1280 frames\n"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
}
