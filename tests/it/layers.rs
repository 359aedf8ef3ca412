//! Each module uses only the modules below it, as listed in CONTRIBUTING.md.

use std::fs;
use std::path::{Path, PathBuf};

/// A module and the modules it may use.
const LAYERS: [(&str, &[&str]); 10] = [
    ("wire", &[]),
    ("tone", &["wire"]),
    ("g711", &["wire"]),
    ("resample", &["wire"]),
    ("stream", &["wire"]),
    ("wav", &["wire", "resample"]),
    ("asterisk", &["wire"]),
    ("call", &["wire", "tone", "stream", "wav"]),
    ("server", &["wire", "stream", "call"]),
    (
        "simulator",
        &["wire", "stream", "asterisk", "call", "server"],
    ),
];

/// Modules that need neither std nor a heap.
const CORE_ONLY: [&str; 4] = ["wire", "tone", "g711", "resample"];

/// The module that an item re-exported at the root belongs to.
const RE_EXPORTS: [(&str, &str); 11] = [
    ("Call", "call"),
    ("End", "call"),
    ("Event", "call"),
    ("Voice", "call"),
    ("Server", "server"),
    ("SimulatedAsterisk", "simulator"),
    ("TestCall", "simulator"),
    ("Frame", "wire"),
    ("Kind", "wire"),
    ("Message", "wire"),
    ("Uuid", "wire"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of each file of a module, without comments and unit tests.
fn files_of(module: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(source().join(module)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.is_file())
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let lines = code.lines().filter(|it| !it.trim_start().starts_with("//"));
            let code = lines.collect::<Vec<_>>().join("\n");
            (path, code)
        })
        .collect()
}

/// The modules of this crate that the code names with a path from the root.
fn used_modules(code: &str) -> Vec<&str> {
    let mut used = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap(),
            None => rest.split(';').next().unwrap(),
        };
        let list = if rest.starts_with('{') {
            names.split(',').collect()
        } else {
            vec![names]
        };
        for path in list {
            let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
            let name = path.trim().split(|it| !is_of_name(it)).next().unwrap();
            let re_export = RE_EXPORTS.iter().find(|(item, _)| *item == name);
            used.push(re_export.map_or(name, |(_, module)| *module));
        }
    }
    used
}

#[test]
fn modules_use_only_those_below_them() {
    for (module, allowed) in LAYERS {
        let files = files_of(module);
        assert!(files.len() > 3, "{module} has {} files", files.len());
        for (path, code) in files {
            for used in used_modules(&code) {
                assert!(
                    used == module || allowed.contains(&used),
                    "{} uses {used}, and may use {allowed:?}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn core_modules_use_no_std() {
    for module in CORE_ONLY {
        for (path, code) in files_of(module) {
            for name in ["std::", "alloc::"] {
                let found = code.lines().find(|line| {
                    let places = line.match_indices(name);
                    // `core` ends in no other name.
                    places
                        .into_iter()
                        .any(|(place, _)| !line[..place].ends_with(|it: char| it.is_alphanumeric()))
                });
                assert_eq!(found, None, "{}", path.display());
            }
        }
    }
}

#[test]
fn used_modules_are_found_in_every_form() {
    let code = "use crate::wire::{Audio, Uuid};\nuse crate::{Server, stream::Pacer};\ncrate::TestCall::new()";
    assert_eq!(
        used_modules(code),
        ["wire", "server", "stream", "simulator"]
    );
}

#[test]
fn re_exports_at_the_root_are_listed_here() {
    let root = fs::read_to_string(source().join("lib.rs")).unwrap();
    let mut found = 0;
    for line in root.lines().filter_map(|it| it.strip_prefix("pub use ")) {
        let (module, items) = line.split_once("::").unwrap();
        let items = items.trim_end_matches(';').trim_matches(['{', '}']);
        for item in items.split(", ") {
            assert!(RE_EXPORTS.contains(&(item, module)), "{item} of {module}");
            found += 1;
        }
    }
    assert_eq!(found, RE_EXPORTS.len());
}
