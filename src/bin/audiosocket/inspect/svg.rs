//! SVG elements that the picture of a call needs.

use std::fmt::{Display, Write};

/// SVG file under construction. The file is well-formed for any text.
#[derive(Debug)]
pub struct Svg {
    elements: String,
}

/// Class of an element in the style sheet.
pub type Class<'a> = &'a str;

/// Part of a text that is placed at its coordinate.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub fn new() -> Svg {
        Svg {
            elements: String::new(),
        }
    }

    pub fn text(&mut self, class: Class<'_>, anchor: Anchor, x: f64, y: f64, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{}\" y=\"{}\">{}</text>\n",
            Tenths(x),
            Tenths(y),
            escaped(text)
        ));
    }

    pub fn rectangle(&mut self, class: Class<'_>, x: f64, y: f64, width: f64, height: f64) {
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
            Tenths(x),
            Tenths(y),
            Tenths(width),
            Tenths(height)
        ));
    }

    /// Adds vertical lines as one element. Each has a position, a start and an end.
    pub fn upright_lines(
        &mut self,
        class: Class<'_>,
        lines: impl Iterator<Item = (f64, f64, f64)>,
    ) {
        let mut path = String::new();
        for (x, from, to) in lines {
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {}V{}", Tenths(x), Tenths(from), Tenths(to));
        }
        if !path.is_empty() {
            self.add(format_args!("<path class=\"{class}\" d=\"{path}\"/>\n"));
        }
    }

    pub fn level_line(&mut self, class: Class<'_>, y: f64, from: f64, to: f64) {
        self.add(format_args!(
            "<path class=\"{class}\" d=\"M{} {}H{}\"/>\n",
            Tenths(from),
            Tenths(y),
            Tenths(to)
        ));
    }

    /// Returns the file with this width and height.
    pub fn finish(self, title: &str, width: f64, height: f64, definitions: &str) -> String {
        let (width, height) = (Tenths(width), Tenths(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"call-picture\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
             <title>{}</title>\n{definitions}<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            escaped(title),
            self.elements
        )
    }

    fn add(&mut self, element: impl Display) {
        let _ = write!(self.elements, "{element}");
    }
}

/// Coordinate with at most one decimal.
struct Tenths(f64);

impl Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        // Adding zero turns -0 into 0.
        write!(f, "{}", tenths + 0.0)
    }
}

/// Escapes text for XML. Replaces characters that XML cannot contain.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0, production 2.
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn svg_text_is_escaped() {
        assert_eq!(
            escaped("<a href=\"x\">&amp;\0\u{1b}\n\u{ffff}é]]>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;amp;\u{fffd}\u{fffd} \u{fffd}é]]&gt;"
        );
    }

    #[test]
    fn coordinates_are_short() {
        for (number, shown) in [(1.0, "1"), (0.05, "0.1"), (-0.04, "0"), (12.34, "12.3")] {
            assert_eq!(Tenths(number).to_string(), shown);
        }
    }

    #[test]
    fn empty_path_draws_nothing() {
        let mut svg = Svg::new();
        svg.upright_lines("x", std::iter::empty());
        svg.upright_lines("x", [(1.0, 2.0, 3.0), (2.5, 0.0, 1.0)].into_iter());
        assert_eq!(svg.elements, "<path class=\"x\" d=\"M1 2V3M2.5 0V1\"/>\n");
    }
}
