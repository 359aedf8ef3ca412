//! The tool's output, compared by its form.

/// Replaces everything that differs between runs. Times and counts become `N`. UUIDs, their first groups and addresses become
/// names. Counts of gaps are replaced too, because they depend on the machine. The digits of a telephone stay.
pub fn shape(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(shape_of_line).collect();
    lines.join("\n") + "\n"
}

fn shape_of_line(line: &str) -> String {
    if let Some((before, rest)) = line.split_once(" jitter, ") {
        if rest.contains("gap") {
            return shape_of_line(before) + " jitter, GAPS";
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
