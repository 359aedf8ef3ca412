//! Every test that `tests/README.md` names for a fault of another implementation exists.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../README.md");

/// The names of all tests: functions directly after the attribute.
fn tests_below(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for test in text.split("#[test]\n").skip(1) {
                let name = test.trim_start().strip_prefix("fn ");
                names.extend(name.and_then(|it| it.split('(').next()).map(String::from));
            }
        }
    }
}

#[test]
fn every_test_in_the_table_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = HashSet::new();
    for folder in ["tests", "src"] {
        tests_below(&root.join(folder), &mut tests);
    }
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
