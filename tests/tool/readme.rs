//! Everything that the README shows exists in the project.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::transcript::shape;

const README: &str = include_str!("../../README.md");

/// Returns the text between two fences of the README. The first fence ends with `language`.
fn block(language: &str) -> &'static str {
    blocks(language).next().unwrap()
}

fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    README
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| &rest[..rest.find("```").unwrap()])
        .collect::<Vec<_>>()
        .into_iter()
}

/// Returns the arguments that the README passes to the command, and the output it shows.
#[track_caller]
fn transcript_of(command: &str) -> (Vec<&'static str>, &'static str) {
    let start = format!("$ audiosocket {command}");
    let shown = blocks("console")
        .find(|block| block.starts_with(&start))
        .unwrap();
    let (line, output) = shown.split_once('\n').unwrap();
    (line.split(' ').skip(2).collect(), output)
}

fn audiosocket(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audiosocket"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null());
    command
}

#[track_caller]
fn output_of(arguments: &[&str]) -> String {
    let output = audiosocket(arguments).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The examples take addresses and files from the command line.
#[test]
fn readme_servers_work_and_the_first_has_15_lines() {
    let echo = include_str!("../../examples/echo.rs");
    let announcement = include_str!("../../examples/announcement.rs");
    let handler = |text: &'static str| &text[text.find("run(|call| {").unwrap()..];
    let servers: Vec<&str> = blocks("rust,no_run").collect();
    assert_eq!(
        servers
            .iter()
            .map(|server| handler(server))
            .collect::<Vec<_>>(),
        [handler(echo), handler(announcement)]
    );
    assert!(servers[0].lines().count() <= 15);
}

#[test]
fn readme_test_is_a_test_that_runs() {
    let example: Vec<&str> = include_str!("../../examples/test_your_server.rs")
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    let test: Vec<&str> = block("rust,ignore").lines().collect();
    assert!(example.windows(test.len()).any(|lines| lines == test));
}

#[test]
fn readme_inspect_output_is_real() {
    let (arguments, shown) = transcript_of("inspect");
    assert_eq!(output_of(&arguments), shown);
}

#[test]
fn readme_demo_output_is_real() {
    // Two threads report events, and some are simultaneous, so the order of the lines varies.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = shape(text).lines().map(String::from).collect();
        lines.sort();
        lines
    };
    let (arguments, shown) = transcript_of("demo");
    assert_eq!(sorted(&output_of(&arguments)), sorted(shown));
}

#[test]
fn readme_serve_and_call_output_is_real() {
    let (serve_arguments, serve_shown) = transcript_of("serve");
    let (call_arguments, call_shown) = transcript_of("call");
    let mut serving = audiosocket(&serve_arguments)
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(serving.stdout.take().unwrap());
    let mut served = String::new();
    output.read_line(&mut served).unwrap();
    let address = served.trim_end().strip_prefix("listening on ").unwrap();

    assert_eq!(call_arguments[..2], ["call", "127.0.0.1:9092"]);
    let arguments = [&["call", address], &call_arguments[2..]].concat();
    let called = output_of(&arguments);
    output.read_to_string(&mut served).unwrap();
    assert!(serving.wait().unwrap().success());

    assert_eq!(shape(&called), shape(call_shown));
    assert_eq!(shape(&served), shape(serve_shown));
    for line in served.lines().chain(called.lines()) {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn readme_load_output_is_real() {
    let (arguments, shown) = transcript_of("load");
    let mut serving = audiosocket(&["serve", "--echo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept until the end, because the program continues to print.
    let mut output = BufReader::new(serving.stdout.take().unwrap());
    let mut served = String::new();
    output.read_line(&mut served).unwrap();
    let address = served.trim_end().strip_prefix("listening on ").unwrap();
    assert_eq!(arguments[..2], ["load", "127.0.0.1:9092"]);
    let printed = output_of(&[&["load", address], &arguments[2..]].concat());
    serving.kill().unwrap();
    serving.wait().unwrap();
    // Printed only when the machine is too busy. Progress is printed after 10 s.
    let lines = printed
        .lines()
        .filter(|line| !line.contains("behind the clock") && !line.contains(" back, "));
    let printed: Vec<&str> = lines.collect();
    assert_eq!(shape(&printed.join("\n")), shape(shown));
}

/// On crates.io, only the README is available.
#[test]
fn readme_links_are_absolute_and_lead_to_files() {
    const SOURCE: &str = "https://docs.rs/crate/asterisk-audiosocket/latest/source/";
    const GUIDE: &str = "https://docs.rs/asterisk-audiosocket/latest/audiosocket/guide/";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inline = README.split("](").skip(1);
    let inline = inline.map(|rest| rest.split(')').next().unwrap());
    let defined = README.lines().filter(|line| line.starts_with('['));
    let defined = defined.filter_map(|line| line.split_once("]: "));
    let links: Vec<&str> = inline.chain(defined.map(|(_, link)| link)).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert!(link.starts_with("https://"), "{link}");
        if let Some(path) = link.strip_prefix(SOURCE) {
            assert!(root.join(path).exists(), "{link}");
        }
        if let Some(chapter) = link.strip_prefix(GUIDE) {
            let chapter = chapter.strip_suffix('/').unwrap_or("mod");
            assert!(root.join(format!("src/guide/{chapter}.rs")).exists());
        }
    }
}
