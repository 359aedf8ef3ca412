//! The README and the guide's page about the tool show what exists in the project and what the tool prints.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::tool_page::transcript_of;
use crate::common::transcript::shape;

const README: &str = include_str!("../../README.md");

/// Returns the texts between the README's fences. The first fence of each ends with `language`.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    README
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| &rest[..rest.find("```").unwrap()])
        .collect::<Vec<_>>()
        .into_iter()
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
    let test: Vec<&str> = blocks("rust,ignore").next().unwrap().lines().collect();
    assert!(example.windows(test.len()).any(|lines| lines == test));
}

#[test]
fn tool_page_shows_a_raw_stream() {
    let (arguments, shown) = transcript_of("inspect tests/captures");
    assert_eq!(output_of(&arguments), shown);
}

#[test]
fn tool_page_shows_the_demo() {
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
fn tool_page_shows_both_sides_of_a_call() {
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
    let verdict = called.lines().last().unwrap();
    assert!(README.contains(&format!("`{verdict}`")), "{verdict}");
    assert_eq!(shape(&served), shape(serve_shown));
    for line in served.lines().chain(called.lines()) {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn tool_page_shows_a_load() {
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
    // On a busy machine, the load is behind schedule, or takes more than 10 s and prints its progress.
    let lines = printed
        .lines()
        .filter(|line| !line.contains("behind schedule") && !line.ends_with(" corrupt"));
    let printed: Vec<&str> = lines.collect();
    assert_eq!(shape(&printed.join("\n")), shape(shown));
}

/// Files are linked by relative paths, so that the links work in a checkout. Only pages of the guide are on docs.rs.
#[test]
fn readme_links_lead_to_files_and_pages() {
    const GUIDE: &str = "https://docs.rs/asterisk-audiosocket/latest/audiosocket/guide/";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_checkout = root.join(".ci").exists();
    let inline = README.split("](").skip(1);
    let inline = inline.map(|rest| rest.split(')').next().unwrap());
    let defined = README.lines().filter(|line| line.starts_with('['));
    let defined = defined.filter_map(|line| line.split_once("]: "));
    let links: Vec<&str> = inline.chain(defined.map(|(_, link)| link)).collect();
    assert!(links.len() > 15, "{links:?}");
    for link in links {
        if let Some(page) = link.strip_prefix(GUIDE) {
            let page = page.strip_suffix('/').unwrap_or("mod");
            assert!(root.join(format!("src/guide/{page}.rs")).exists(), "{link}");
        } else if let Some(heading) = link.strip_prefix('#') {
            let headings = README.lines().filter_map(|line| line.strip_prefix("## "));
            let anchors = headings.map(|heading| heading.to_lowercase().replace(' ', "-"));
            assert!(anchors.into_iter().any(|it| it == heading), "{link}");
        } else if !link.starts_with("https://") {
            // The package does not contain this example.
            let is_packaged = !link.starts_with("examples/voice_bot");
            if is_packaged || is_checkout {
                assert!(root.join(link).exists(), "{link}");
            }
        }
    }
}

#[test]
fn guarantees_name_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_checkout = root.join(".ci").exists();
    let page = include_str!("../../src/guide/guarantees.rs");
    let named = page.split('`').skip(1).step_by(2);
    let paths: Vec<&str> = named.filter(|name| name.contains('/')).collect();
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        // The rest is only in the repository.
        let is_packaged = ["tests/it", "tests/tool", "examples/"]
            .iter()
            .any(|folder| path.starts_with(folder));
        if is_packaged || is_checkout {
            let exists = root.join(path).exists() || root.join(format!("{path}.rs")).exists();
            assert!(exists, "{path}");
        }
    }
}
