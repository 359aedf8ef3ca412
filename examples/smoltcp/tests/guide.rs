//! The guide shows this example's code unchanged.

const GUIDE: &str = include_str!("../../../src/guide/embedded.rs");
const ENDPOINT: &str = include_str!("../src/endpoint.rs");

#[test]
fn the_guide_shows_the_endpoint_as_it_is() {
    let unindented = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_start().to_owned());
        lines.collect()
    };
    let guide: String = GUIDE
        .lines()
        .map(|line| format!("{}\n", line.trim_start_matches("//!")))
        .collect();
    let endpoint = unindented(ENDPOINT);
    let blocks: Vec<&str> = guide.split("```ignore\n").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let (block, _) = block.split_once(" ```").expect("the end of a block");
        let shown = unindented(block);
        assert!(
            shown.len() > 3 && endpoint.windows(shown.len()).any(|lines| lines == shown),
            "{block}"
        );
    }
}
