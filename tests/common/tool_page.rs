//! The transcripts on the guide's page about the tool.

use std::sync::LazyLock;

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("../../src/guide/tool.rs").lines();
    let text = lines.filter_map(|line| line.strip_prefix("//!"));
    text.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
});

/// Returns the arguments of the first transcript whose command starts with `command`, and the output that the page shows.
#[track_caller]
pub fn transcript_of(command: &str) -> (Vec<&'static str>, &'static str) {
    let start = format!("```console\n$ audiosocket {command}");
    let at = PAGE.find(&start).expect(command);
    let (line, below) = PAGE[at..]["```console\n".len()..].split_once('\n').unwrap();
    let (output, _) = below.split_once("```").unwrap();
    (line.split(' ').skip(2).collect(), output)
}
