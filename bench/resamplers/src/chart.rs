//! A chart of lines over the frequency, as an SVG image.

use std::fmt::Write;

pub struct Line {
    pub name: &'static str,
    /// Points: a fraction of the lower rate, and decibels.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const LOWEST: f64 = -110.0;
const HIGHEST: f64 = 5.0;
/// Colours that people with colour blindness can distinguish (Okabe and Ito, 2008).
const COLOURS: [&str; 5] = ["#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7"];

pub fn svg(title: &str, rightmost: f64, lines: &[Line]) -> String {
    let x = |fraction: f64| LEFT + fraction / rightmost * (WIDTH - LEFT - 20.0);
    let y = |decibels: f64| {
        let way = (HIGHEST - decibels.max(LOWEST)) / (HIGHEST - LOWEST);
        TOP + way * (HEIGHT - TOP - 50.0)
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    let mut add = |text: String| svg.write_str(&text).expect("a string takes all");
    for step in 0..=11 {
        let level = 0.0 - 10.0 * f64::from(step);
        add(format!(
            "<path d=\"M{:.1} {:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{level}</text>\n",
            x(0.0),
            y(level),
            x(rightmost),
            LEFT - 6.0,
            y(level) + 4.0,
        ));
    }
    for step in 0..=(rightmost * 10.0) as u32 {
        let fraction = f64::from(step) / 10.0;
        add(format!(
            "<path d=\"M{:.1} {:.1}V{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{fraction}</text>\n",
            x(fraction),
            y(HIGHEST),
            y(LOWEST),
            x(fraction),
            y(LOWEST) + 16.0,
        ));
    }
    // The limits: within 0.1 dB up to 0.42, 70 dB down from 0.58.
    add(format!(
        "<path d=\"M{:.1} {:.1}H{:.1}V{:.1}M{:.1} {:.1}V{:.1}H{:.1}\" fill=\"none\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>\n",
        x(0.0),
        y(-0.1),
        x(0.42),
        y(LOWEST),
        x(0.58),
        y(HIGHEST),
        y(-70.0),
        x(rightmost),
    ));
    for (place, (line, colour)) in lines.iter().zip(COLOURS).enumerate() {
        let points = line.points.iter();
        let points: Vec<String> = points
            .map(|(fraction, level)| format!("{:.1},{:.1}", x(*fraction), y(*level)))
            .collect();
        let (key_x, key_y) = (WIDTH - 190.0, TOP + 20.0 + 18.0 * place as f64);
        add(format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\"/>\n\
             <path d=\"M{key_x} {key_y}h20\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\">{}</text>\n",
            points.join(" "),
            key_x + 26.0,
            key_y + 4.0,
            line.name.replace('`', ""),
        ));
    }
    add(format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">frequency of a tone, as a fraction of the lower rate</text>\n",
        x(rightmost / 2.0),
        HEIGHT - 12.0,
    ));
    add(format!(
        "<text transform=\"rotate(-90)\" x=\"{:.1}\" y=\"16\" text-anchor=\"middle\">output, dB</text>\n</svg>\n",
        -(TOP + y(LOWEST)) / 2.0,
    ));
    svg
}
