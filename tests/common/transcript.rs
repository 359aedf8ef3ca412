//! What the tool prints, compared by its shape.

/// The text with what differs from one run to the next made alike: times and counts are `N`, and UUIDs, their first groups and
/// addresses are named; how many gaps there were depends on the machine, too. The digits of a telephone stay.
pub fn shape(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(shape_of_line).collect();
    lines.join("\n") + "\n"
}

fn shape_of_line(line: &str) -> String {
    if let Some((before, rest)) = line.split_once(" ms, ") {
        if rest.contains("gap") {
            return shape_of_line(before) + " ms, GAPS";
        }
    }
    let mut before = "";
    let mut words = Vec::new();
    for word in line.split(' ') {
        let core = word.trim_end_matches([',', ':', '.']);
        let end = &word[core.len()..];
        words.push(match name(core, before) {
            Some(name) => format!("{name}{end}"),
            None => String::from(word),
        });
        before = word;
    }
    words.join(" ")
}

fn name(word: &str, before: &str) -> Option<&'static str> {
    let is_hexadecimal = |text: &str| text.chars().all(|digit| digit.is_ascii_hexdigit());
    if word.len() == 36 && is_hexadecimal(&word.replace('-', "")) {
        Some("UUID")
    } else if word.len() == 8 && is_hexadecimal(word) {
        Some("SHORT")
    } else if word.parse::<std::net::SocketAddr>().is_ok() {
        Some("ADDRESS")
    } else if word.parse::<f64>().is_ok() && !matches!(before, "digit" | "presses") {
        Some("N")
    } else {
        None
    }
}
