//! Every test exists that `tests/README.md` names for a fault of another implementation, or a comment for an invariant.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../README.md");

/// Reads all Rust files of a folder and its subfolders.
fn sources_below(folder: &Path, sources: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources_below(&path, sources);
        } else if path.extension().is_some_and(|it| it == "rs") {
            sources.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// The names of the functions that directly follow each `mark`.
fn functions_after(mark: &str, sources: &[String]) -> HashSet<String> {
    let after = sources.iter().flat_map(|text| text.split(mark).skip(1));
    let names = after.filter_map(|text| text.trim_start().strip_prefix("fn "));
    names
        .filter_map(|it| it.split('(').next())
        .map(String::from)
        .collect()
}

#[test]
fn every_test_in_the_table_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in ["tests", "src"] {
        sources_below(&root.join(folder), &mut sources);
    }
    let tests = functions_after("#[test]\n", &sources);
    assert!(tests.contains("every_test_in_the_table_exists"));

    let rows: Vec<&str> = TABLE.lines().filter(|it| it.starts_with("| ")).collect();
    let (heads, rows) = rows.split_at(1);
    assert_eq!(heads, ["| found in | fault | test here |"]);
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let test = row.rsplit('`').nth(1).unwrap();
        assert!(tests.contains(test), "no test {test}, named in: {row}");
    }
}

#[test]
fn every_test_of_an_invariant_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/models/src/models");
    if !folder.exists() {
        println!("skipped: the package has no models");
        return;
    }
    let (mut sources, mut tests, mut models) = (Vec::new(), Vec::new(), Vec::new());
    sources_below(&root.join("src"), &mut sources);
    sources_below(&root.join("tests"), &mut tests);
    sources_below(&folder, &mut models);
    let mut names = functions_after("#[test]\n", &sources);
    names.extend(functions_after("#[test]\n", &tests));
    for visibility in ["pub(super) ", "pub(crate) "] {
        names.extend(functions_after(visibility, &models));
    }

    let mut named = 0;
    for text in &sources {
        let Some((_, comment)) = text.split_once("\n// Invariants") else {
            continue;
        };
        let (comment, _) = comment.split_once("\n\n").unwrap();
        // Names in backticks, inside parentheses: tests and models. Paths and types are not names of functions.
        for (place, part) in comment.split(['(', ')']).enumerate() {
            let quoted = part.split('`').skip(1).step_by(2);
            for name in quoted.filter(|_| place % 2 == 1) {
                let is_function = name
                    .bytes()
                    .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
                if is_function && name != "orderings" {
                    assert!(names.contains(name), "no test or model {name}");
                    named += 1;
                }
            }
        }
    }
    assert!(named > 30, "{named}");
}
