//! `audiosocket inspect --svg`: pictures of calls and streams.

use std::fs;

use crate::common::nine_seconds::nine_seconds;
use crate::common::tap_file::{From, TapFile, audio, frame};
use crate::common::test_file::TestFile;
use crate::common::tool::{run, stderr, stdout};

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");

/// Returns the picture of a file, and checks that it is well-formed.
#[track_caller]
fn picture_of(path: &str, name: &str) -> String {
    let svg = TestFile::new(&format!("{name}.svg"), b"what was there before");
    let output = run(&["inspect", path, "--svg", svg.path()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), stdout(&run(&["inspect", path])));
    let picture = fs::read_to_string(svg.path()).unwrap();
    check_form(&picture);
    picture
}

/// Checks the XML as far as these files need it: elements close in order, attributes are quoted and unique, there is no other
/// markup, and no character that XML forbids.
#[track_caller]
fn check_form(xml: &str) {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some((text, more)) = rest.split_once('<') {
        check_text(text);
        assert!(text.trim().is_empty() || !open.is_empty(), "{text}");
        let (tag, more) = more.split_once('>').expect("an end of the tag");
        rest = more;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (tag, is_empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{tag}");
        let pieces: Vec<&str> = attributes.split('"').collect();
        assert_eq!(pieces.len() % 2, 1, "{tag}");
        let mut names = Vec::new();
        for pair in pieces.chunks_exact(2) {
            let name = pair[0].trim_start().strip_suffix('=').expect("a name");
            assert!(!names.contains(&name), "{tag}");
            names.push(name);
            check_text(pair[1]);
        }
        if !is_empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
}

#[track_caller]
fn check_text(text: &str) {
    for reference in text.split('&').skip(1) {
        let (name, _) = reference.split_once(';').expect("the end of a reference");
        assert!(["amp", "lt", "gt", "quot"].contains(&name), "{name}");
    }
    let is_allowed = |letter: char| letter == '\n' || (' '..'\u{fffe}').contains(&letter);
    assert!(text.chars().all(is_allowed), "{text:?}");
}

/// The texts of elements of a class.
fn texts<'a>(picture: &'a str, class: &str) -> Vec<&'a str> {
    let start = format!("<text class=\"{class}\"");
    let elements = picture.split(&start).skip(1);
    elements
        .map(|element| &element[element.find('>').unwrap() + 1..element.find('<').unwrap()])
        .collect()
}

fn count(picture: &str, element: &str, class: &str) -> usize {
    picture
        .matches(&format!("<{element} class=\"{class}\""))
        .count()
}

#[test]
fn picture_has_all_marks_of_a_call() {
    let file = TestFile::new("marks.tap", &nine_seconds().bytes);
    let picture = picture_of(file.path(), "marks");
    assert_eq!(
        texts(&picture, "title"),
        ["Call 11223344-5566-7788-99aa-bbccddeeff00"]
    );
    assert_eq!(texts(&picture, "digit"), ["42"]);
    assert_eq!(texts(&picture, "heard"), ["#"]);
    assert_eq!(
        texts(&picture, "name"),
        ["Caller", "closed", "Server", "hangup, closed"]
    );
    let marks = ["gap", "void", "burst", "split", "malformed"];
    assert_eq!(
        marks.map(|class| count(&picture, "rect", class)),
        [2, 2, 1, 1, 1]
    );
    // The audio and the spacing of each side, and the end of each.
    let lines = ["caller", "server", "caller wide", "server wide", "over"];
    assert_eq!(
        lines.map(|class| count(&picture, "path", class)),
        [1, 1, 1, 1, 2]
    );
    let summary = "452 frames, 9.00 s of audio in 9.00 s, 1 gap of 141 ms at 2.981 s, 1 burst, 1 split frame, 1 malformed frame, 0.6 ms jitter";
    assert!(texts(&picture, "text").contains(&summary));
    assert!(!picture.contains("<script") && !picture.contains("href"));
}

#[test]
fn gap_is_drawn_at_its_time() {
    let mut tap = TapFile::new();
    for at in [0, 20, 40, 540, 560, 980] {
        tap.data(From::Server, at * 1000, &audio(&[1000; 160]));
    }
    let file = TestFile::new("where.tap", &tap.bytes);
    let picture = picture_of(file.path(), "where");
    // The call lasts one second, drawn in 1080 columns. The first column is at 84.
    let gaps: Vec<(f64, f64)> = picture
        .split("<rect class=\"gap\" x=\"")
        .skip(1)
        .map(|element| {
            let number = |text: &str| text[..text.find('"').unwrap()].parse::<f64>().unwrap();
            let width = element.split_once("width=\"").unwrap().1;
            (number(element) - 84.0, number(width))
        })
        .collect();
    assert_eq!(gaps.len(), 2);
    for ((x, width), (from, to)) in gaps.into_iter().zip([(40.0, 540.0), (560.0, 980.0)]) {
        assert!((x / 1.08 - from).abs() < 2.0, "{x}");
        assert!(((x + width) / 1.08 - to).abs() < 2.0, "{x} {width}");
    }
}

#[test]
fn picture_of_a_capture_has_one_direction() {
    for (name, digits) in [
        ("slin-mix", &["1", "2", "#", "A"][..]),
        // All at one place, because there is no audio between them.
        ("app-dtmf", &["1234567890*#ABCD"]),
        // Start and stop are one digit.
        ("seed-none-dtmflong", &["56"]),
        ("slin192-play", &[]),
    ] {
        let picture = picture_of(&format!("{CAPTURES}/{name}.bin"), name);
        assert_eq!(texts(&picture, "digit"), digits, "{name}");
        assert_eq!(texts(&picture, "name"), ["Audio"]);
        assert_eq!(count(&picture, "path", "caller wide"), 0, "no spacing");
    }
}

#[test]
fn picture_of_an_hour_is_a_small_file() {
    let mut tap = TapFile::new();
    let noise: Vec<i16> = (0..160_i32)
        .map(|place| (place * 7919 % 60_000 - 30_000) as i16)
        .collect();
    for second in 0..3600 {
        for from in [From::Caller, From::Server] {
            // All seconds differ, so that marks are at distances in many places.
            let at = second * 1_000_000 + second * second * 7919 % 800_000;
            let frame_bytes = audio(&noise[..2 + (second as usize * 31) % 150]);
            tap.data(from, at, &frame_bytes[..3]);
            tap.data(from, at + 8000, &frame_bytes[3..]);
            if second % 7 == 0 {
                tap.data(from, at + 8000, &audio(&noise).repeat(5));
                tap.data(from, at + 9000, &frame(0x10, &[1]));
            }
            tap.data(from, at + 9000, &frame(0x03, b"5"));
        }
    }
    let file = TestFile::new("hour.tap", &tap.bytes);
    let picture = picture_of(file.path(), "hour");
    assert!(count(&picture, "rect", "malformed") > 500);
    assert!(picture.len() < 300_000, "{} bytes", picture.len());
}

// Windows allows no such names.
#[cfg(unix)]
#[test]
fn picture_escapes_the_file_name() {
    let whole = nine_seconds().bytes;
    let file = TestFile::new("<b>&\"\u{1b}\u{ffff}.tap", &whole);
    let picture = picture_of(file.path(), "escaped");
    assert!(picture.contains(">&lt;b&gt;&amp;&quot;\u{fffd}\u{fffd}.tap, started 2026-11-22"));
}

#[test]
fn cut_or_empty_stream_has_a_picture() {
    let whole = fs::read(format!("{CAPTURES}/app-play.bin")).unwrap();
    for (name, bytes, code) in [("empty", &[][..], 0), ("cut", &whole[..1000], 1)] {
        let file = TestFile::new(&format!("{name}-picture.bin"), bytes);
        let svg = TestFile::new(&format!("{name}-picture.svg"), b"");
        let output = run(&["inspect", "--json", file.path(), "--svg", svg.path()]);
        assert_eq!(output.status.code(), Some(code));
        assert!(stdout(&output).contains("\"event\":\"end\""));
        let picture = fs::read_to_string(svg.path()).unwrap();
        check_form(&picture);
        assert_eq!(
            picture.contains("cut: 12 bytes of an unfinished frame"),
            code == 1
        );
    }
}

/// The input under another name, or from standard input, is still the input.
#[cfg(unix)]
#[test]
fn picture_over_its_own_input_is_refused() {
    let call = nine_seconds().bytes;
    let file = TestFile::new("own-input.tap", &call);
    let (hard, soft) = (
        TestFile::new("own-input-hard.svg", b""),
        TestFile::new("own-input-soft.svg", b""),
    );
    fs::remove_file(hard.path()).unwrap();
    fs::remove_file(soft.path()).unwrap();
    fs::hard_link(file.path(), hard.path()).unwrap();
    std::os::unix::fs::symlink(file.path(), soft.path()).unwrap();
    for (input, svg) in [
        (file.path(), file.path()),
        (file.path(), hard.path()),
        (hard.path(), file.path()),
        (file.path(), soft.path()),
        ("-", file.path()),
        ("-", hard.path()),
        ("/dev/stdin", hard.path()),
    ] {
        let output = crate::common::tool::audiosocket(&["inspect", input, "--svg", svg])
            .stdin(fs::File::open(file.path()).unwrap())
            .output()
            .unwrap();
        assert_eq!(fs::read(file.path()).unwrap(), call, "{input} to {svg}");
        assert_eq!(output.status.code(), Some(2), "{input} to {svg}");
        let error = stderr(&output);
        assert!(
            error.contains("it is the file to inspect, use another"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn failed_picture_write_is_reported_in_one_line() {
    let file = TestFile::new("kept.tap", &nine_seconds().bytes);
    for (svg, code, message) in [
        (
            "/no/such/folder/x.svg",
            1,
            "cannot write '/no/such/folder/x.svg': ",
        ),
        (file.path(), 2, "it is the file to inspect, use another"),
        (
            "-",
            2,
            "invalid value '-' for --svg: expected a file, not standard output",
        ),
    ] {
        let output = run(&["inspect", file.path(), "--svg", svg]);
        assert_eq!(output.status.code(), Some(code));
        let error = stderr(&output);
        assert!(error.contains(message), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
    assert_eq!(fs::read(file.path()).unwrap(), nine_seconds().bytes);
}

/// The picture in the README and in the guide.
#[test]
fn committed_picture_is_real() {
    let file = TestFile::new("call.tap", &nine_seconds().bytes);
    let picture = picture_of(file.path(), "committed");
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/call.svg");
    assert!(
        fs::read_to_string(committed).is_ok_and(|committed| committed == picture),
        "{committed} differs from the picture that `inspect --svg` draws:\n{picture}"
    );
}
