//! What the README shows is what the project has.

const README: &str = include_str!("../README.md");

/// The text between two fences of the README, the first of which ends in `language`.
fn block(language: &str) -> &'static str {
    let start = README.find(&format!("```{language}\n")).unwrap() + language.len() + 4;
    let length = README[start..].find("```").unwrap();
    &README[start..start + length]
}

#[test]
fn the_server_of_the_readme_is_the_example_and_has_fifteen_lines_at_most() {
    let server = block("rust,no_run");
    assert_eq!(server, include_str!("../examples/echo.rs"));
    assert!(server.lines().count() <= 15);
}
