//! The picture of a call as an SVG file.

use std::time::Duration;

use super::envelope::{Envelope, Extremes};
use super::labels::Labels;
use super::picture::{Lane, Picture};
use super::svg::{Anchor, Class, Svg};
use super::utc::Utc;
use crate::analysis::summary::{SideSummary, Summary, seconds};
use crate::tap_file::Sender;
use crate::text::counted;

/// Draws the picture with its summary. Both sides share a time axis. Sound is at the top, the spacing of frames below.
pub fn draw(picture: &Picture, summary: &Summary, name: &str) -> String {
    let title = match picture.uuid {
        Some(uuid) => format!("Call {uuid}"),
        None => String::from("A call without a UUID"),
    };
    let mut drawing = Drawing {
        svg: Svg::new(),
        y: 0.0,
        length: picture.length.max(SHORTEST),
    };
    drawing.line("title", 30.0, LEFT_EDGE, &title);
    drawing.line("text", 20.0, LEFT_EDGE, &numbers(picture, summary, name));
    drawing.y += 8.0;
    let peak = picture.lanes.iter().map(|lane| lane.audio.peak());
    let full_scale = scale_over(peak.fold(0.0, f32::max));
    match &summary.call {
        Some(call) => {
            for (lane, side) in picture.lanes.iter().zip(&call.sides) {
                let look = Look::of(side);
                drawing.heading(look.heading, &side.phrases().join(", "));
                if let Some(suspicion) = side.suspicion() {
                    drawing.heading("", suspicion);
                }
                drawing.sound(lane, look.audio, full_scale);
            }
            for (lane, side) in picture.lanes.iter().zip(&call.sides) {
                let look = Look::of(side);
                drawing.spacing(lane, side, look);
            }
        }
        None => {
            let [lane, _] = &picture.lanes;
            drawing.heading(
                "Sound",
                "time is that of the audio: a raw stream has no other",
            );
            drawing.sound(lane, "caller", full_scale);
        }
    }
    drawing.time_axis();
    let height = drawing.y;
    drawing.svg.finish(&title, WIDTH, height, STYLE)
}

const WIDTH: f64 = 1200.0;
const LEFT_EDGE: f64 = 16.0;
/// Left end of the time axis.
const LEFT: f64 = 84.0;
const COLUMNS: usize = 1080;
const RIGHT: f64 = LEFT + COLUMNS as f64;
const SOUND_HEIGHT: f64 = 110.0;
const SPACING_HEIGHT: f64 = 66.0;
const TRACK_HEIGHT: f64 = 18.0;
/// Shortest time axis, also used for an empty recording.
const SHORTEST: Duration = Duration::from_millis(20);
/// Number of letters of normal text that fit on a line.
const LINE_LETTERS: usize = 168;

// Without colours, the row of a mark shows its meaning. Each rule names the picture, because a page that includes the picture takes its
// rules over.
const STYLE: &str = "\
<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<path d=\"M0 0V5\" stroke=\"#777\" stroke-width=\"1.6\"/></pattern></defs>
<style>
.call-picture{max-width:100%;height:auto}
.call-picture text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:12px;fill:#111}
.call-picture .title{font-size:18px;font-weight:bold}.call-picture .name{font-weight:bold}.call-picture .small{font-size:11px;fill:#444}
.call-picture .digit{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:13px;font-weight:bold;fill:#fff}
.call-picture .heard{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:13px;font-weight:bold}
.call-picture path{fill:none;stroke-width:1}
.call-picture .paper{fill:#fff}.call-picture .panel{fill:none;stroke:#999}
.call-picture .grid{stroke:#ddd}.call-picture .level{stroke:#bbb}.call-picture .due{stroke:#555;stroke-dasharray:2 3}
.call-picture .caller{stroke:#1b5598}.call-picture .server{stroke:#a84a0c}
.call-picture .box{fill:#222}.call-picture .hollow{fill:#fff;stroke:#222}
.call-picture .wide{stroke-width:2}
.call-picture .at{stroke:#222}.call-picture .heard-at{stroke:#222;stroke-dasharray:3 3}.call-picture .over{stroke:#111;stroke-width:3}
.call-picture .void{fill:url(#hatch);fill-opacity:.45}
.call-picture .gap{fill:url(#hatch);stroke:#444}.call-picture .burst,.call-picture .split,.call-picture .malformed{fill:#222}
</style>
";

struct Look {
    heading: &'static str,
    audio: Class<'static>,
}

impl Look {
    fn of(side: &SideSummary) -> Look {
        match side.sender {
            Sender::Caller => Look {
                heading: "Caller",
                audio: "caller",
            },
            Sender::Server => Look {
                heading: "Server",
                audio: "server",
            },
        }
    }
}

fn numbers(picture: &Picture, summary: &Summary, name: &str) -> String {
    let mut numbers = vec![name.to_owned()];
    match &summary.call {
        Some(call) => {
            numbers.push(format!("started {}", Utc(call.started)));
            numbers.push(seconds(call.length));
            numbers.push(counted(summary.frames, "frame"));
            numbers.push(call.ended());
        }
        None => {
            let [lane, _] = &picture.lanes;
            numbers.push(counted(summary.frames, "frame"));
            numbers.push(format!("{} of audio", seconds(lane.audio_length)));
            for (labels, what) in [(&lane.signals, "signal"), (&lane.tones, "sound")] {
                if labels.count() > 0 {
                    let digits = counted(labels.count(), "digit");
                    numbers.push(format!("{digits} as {what}"));
                }
            }
        }
    }
    if summary.truncated > 0 {
        let bytes = counted(summary.truncated, "byte");
        numbers.push(format!("cut: {bytes} of an unfinished frame"));
    }
    numbers.join(", ")
}

/// Drawing that is complete down to `y`.
struct Drawing {
    svg: Svg,
    y: f64,
    length: Duration,
}

impl Drawing {
    fn x(&self, time: Duration) -> f64 {
        LEFT + COLUMNS as f64 * (time.as_secs_f64() / self.length.as_secs_f64()).min(1.0)
    }

    fn line(&mut self, class: Class<'_>, height: f64, x: f64, text: &str) {
        self.y += height;
        let text = match text.char_indices().nth(LINE_LETTERS) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text.to_owned(),
        };
        self.svg.text(class, Anchor::Start, x, self.y, &text);
    }

    fn heading(&mut self, name: &str, text: &str) {
        self.line("text", 18.0, LEFT, text);
        self.svg.text("name", Anchor::End, LEFT - 8.0, self.y, name);
    }

    /// Draws the sound of one side, with one row for each kind of digit and mark.
    fn sound(&mut self, lane: &Lane, audio: Class<'_>, full_scale: f32) {
        self.y += 6.0;
        let rows = [&lane.signals, &lane.tones].map(|labels| {
            let height = if labels.count() > 0 {
                TRACK_HEIGHT
            } else {
                0.0
            };
            self.y += height;
            self.y - height
        });
        self.panel(SOUND_HEIGHT);
        let (from, middle) = (self.y, self.y + SOUND_HEIGHT / 2.0);
        let to = from + SOUND_HEIGHT;
        self.svg.level_line("level", middle, LEFT, RIGHT);
        for run in runs(&lane.gaps, self.length) {
            self.svg.rectangle("void", run.0, from, run.1, SOUND_HEIGHT);
        }
        let y_of = |value: f32| middle - f64::from(value / full_scale) * SOUND_HEIGHT / 2.0;
        let columns = joined(lane.audio.columns(self.length, COLUMNS));
        self.svg.upright_lines(audio, strokes(&columns, y_of));
        for (value, y) in [
            (full_scale, from + 9.0),
            (0.0, middle + 4.0),
            (-full_scale, to),
        ] {
            let text = format!("{value:.0}").replace('-', "\u{2212}");
            self.svg.text("small", Anchor::End, LEFT - 8.0, y, &text);
        }
        self.labels(&lane.signals, "digits", rows[0], to, ["box", "digit", "at"]);
        self.labels(
            &lane.tones,
            "heard",
            rows[1],
            to,
            ["hollow", "heard", "heard-at"],
        );
        let endings: Vec<f64> = lane.endings.iter().map(|(at, _)| self.x(*at)).collect();
        self.svg
            .upright_lines("over", endings.iter().map(|x| (*x, from, to)));
        self.y = to + 3.0;
        for (name, class, marks) in [
            ("gaps", "gap", &lane.gaps),
            ("bursts", "burst", &lane.bursts),
            ("splits", "split", &lane.splits),
            ("malformed", "malformed", &lane.malformed),
        ] {
            self.marks(name, class, marks);
        }
        self.endings(lane);
        self.y += 12.0;
    }

    fn labels(&mut self, labels: &Labels, name: &str, y: f64, to: f64, look: [Class<'_>; 3]) {
        if labels.count() == 0 {
            return;
        }
        let [frame, letters, line] = look;
        self.svg
            .text("small", Anchor::End, LEFT - 8.0, y + 12.0, name);
        let bottom = y + TRACK_HEIGHT - 2.0;
        let clusters = labels.clusters(|at| self.x(at), RIGHT);
        let places = clusters.iter().flat_map(|cluster| {
            // Lines for a crowd would cover the sound.
            let to = if cluster.is_crowd { bottom + 8.0 } else { to };
            cluster.places.iter().map(move |x| (*x, bottom, to))
        });
        self.svg.upright_lines(line, places);
        for cluster in &clusters {
            self.svg
                .rectangle(frame, cluster.left, y, cluster.width, TRACK_HEIGHT - 2.0);
            let middle = cluster.left + cluster.width / 2.0;
            self.svg
                .text(letters, Anchor::Middle, middle, y + 12.6, &cluster.text);
        }
    }

    fn marks(&mut self, name: &str, class: Class<'_>, marks: &Envelope) {
        if marks.is_empty() {
            return;
        }
        self.y += 13.0;
        self.svg
            .text("small", Anchor::End, LEFT - 8.0, self.y - 1.0, name);
        for (x, width) in runs(marks, self.length) {
            self.svg
                .rectangle(class, x, self.y - 10.0, width.max(3.0), 9.0);
        }
    }

    /// Draws the names of the endings below their thick lines.
    fn endings(&mut self, lane: &Lane) {
        if lane.endings.is_empty() {
            return;
        }
        self.y += 14.0;
        let mut endings = lane.endings.clone();
        endings.sort_by_key(|(at, _)| *at);
        // Sorted by time. A name that would overlap the one before joins it.
        let mut places: Vec<(f64, String)> = Vec::new();
        for (at, name) in endings {
            let x = self.x(at);
            match places.last_mut() {
                Some((last, names)) if x - *last < 8.0 * (names.len() + name.len()) as f64 => {
                    *names = format!("{names}, {name}");
                    *last = x;
                }
                _ => places.push((x, name.to_owned())),
            }
        }
        for (x, names) in places {
            let (anchor, x) = if x - LEFT < 7.0 * names.len() as f64 {
                (Anchor::Start, x - 1.5)
            } else {
                (Anchor::End, x + 1.5)
            };
            self.svg.text("name", anchor, x, self.y - 2.0, &names);
        }
    }

    /// Draws the time between frames, in decades of milliseconds.
    fn spacing(&mut self, lane: &Lane, side: &SideSummary, look: Look) {
        let heading = format!("{}: milliseconds between audio frames", look.heading);
        self.line("small", 16.0, LEFT, &heading);
        self.y += 5.0;
        self.panel(SPACING_HEIGHT);
        let bottom = self.y + SPACING_HEIGHT;
        let decades = f64::from(lane.spacing.peak().max(100.0).log10().ceil());
        let y_of = |ms: f32| {
            let share = f64::from(ms.max(1.0).log10()) / decades;
            bottom - 3.0 - share * (SPACING_HEIGHT - 6.0)
        };
        for decade in 0..=decades as i32 {
            let ms = 10_f32.powi(decade);
            self.svg.level_line("level", y_of(ms), LEFT, RIGHT);
            // Damaged recordings can have very many decades, so only some are labelled.
            if decades < 6.0 || decade % 3 == 0 {
                let text = if decade == 0 {
                    String::from("\u{2264} 1")
                } else {
                    format!("{ms:.0}")
                };
                self.svg
                    .text("small", Anchor::End, LEFT - 8.0, y_of(ms) + 4.0, &text);
            }
        }
        let due = side.cadence.due_spacing();
        let due_ms = due.map(|due| due.as_secs_f32() * 1000.0);
        if let Some(ms) = due_ms {
            self.svg.level_line("due", y_of(ms), LEFT, RIGHT);
            let text = format!("{ms:.0}");
            self.svg
                .text("small", Anchor::Start, RIGHT + 5.0, y_of(ms) + 4.0, &text);
        }
        // Columns are two pixels wide, with a stem to the expected spacing, so that a single late frame is visible.
        let columns = lane.spacing.columns(self.length, COLUMNS / 2);
        let stems = columns.iter().enumerate().filter_map(|(column, spacing)| {
            let own = (*spacing)?;
            let due = due_ms.map_or(own, |ms| Extremes { low: ms, high: ms });
            let Extremes { low, high } = own.and(due);
            let x = LEFT + column as f64 * 2.0 + 1.0;
            Some((x, y_of(high) - 1.0, y_of(low) + 1.0))
        });
        let class = [look.audio, "wide"].join(" ");
        self.svg.upright_lines(&class, stems);
        self.y = bottom + 8.0;
    }

    /// Draws an empty panel with the ticks of the time axis.
    fn panel(&mut self, height: f64) {
        let ticks = Ticks::of(self.length);
        let lines = ticks.places().map(|(x, _)| (x, self.y, self.y + height));
        self.svg.upright_lines("grid", lines);
        self.svg
            .rectangle("panel", LEFT, self.y, COLUMNS as f64, height);
    }

    fn time_axis(&mut self) {
        self.y += 8.0;
        for (x, text) in Ticks::of(self.length).places() {
            self.svg.text("small", Anchor::Middle, x, self.y, &text);
        }
        self.svg
            .text("small", Anchor::Start, LEFT_EDGE, self.y, "seconds");
        self.y += 12.0;
    }
}

/// Seconds on the time axis. The step is 1, 2 or 5 times a power of ten, so that there are at most ten steps.
struct Ticks {
    length: f64,
    step: f64,
}

impl Ticks {
    fn of(length: Duration) -> Ticks {
        let length = length.as_secs_f64();
        let power = 10_f64.powf((length / 10.0).log10().floor());
        let step = [1.0, 2.0, 5.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| length / step <= 10.0)
            .unwrap_or(power * 10.0);
        Ticks { length, step }
    }

    /// Returns the position and the label of each tick.
    fn places(&self) -> impl Iterator<Item = (f64, String)> {
        let Ticks { length, step } = *self;
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let count = (length / step + 1e-9).floor() as u32;
        (0..=count).map(move |tick| {
            let at = f64::from(tick) * step;
            (
                LEFT + COLUMNS as f64 * at / length,
                format!("{at:.decimals$}"),
            )
        })
    }
}

/// Returns the runs of marked columns in pixels: the first column of each, and its width.
fn runs(marks: &Envelope, length: Duration) -> Vec<(f64, f64)> {
    let mut runs: Vec<(f64, f64)> = Vec::new();
    for (column, mark) in marks.columns(length, COLUMNS).into_iter().enumerate() {
        let x = LEFT + column as f64;
        match (mark, runs.last_mut()) {
            (None, _) => {}
            (Some(_), Some((begin, width))) if *begin + *width == x => *width += 1.0,
            (Some(_), _) => runs.push((x, 1.0)),
        }
    }
    runs
}

/// Extends each column to reach the one before it, as in a line.
fn joined(columns: Vec<Option<Extremes>>) -> Vec<Option<Extremes>> {
    let mut before: Option<Extremes> = None;
    let join = |column: Option<Extremes>| {
        let joined = column.map(|own| match before {
            Some(before) => Extremes {
                low: own.low.min(before.high),
                high: own.high.max(before.low),
            },
            None => own,
        });
        before = column;
        joined
    };
    columns.into_iter().map(join).collect()
}

/// Returns a vertical line for each column, at least one pixel high.
fn strokes(
    columns: &[Option<Extremes>],
    y_of: impl Fn(f32) -> f64,
) -> impl Iterator<Item = (f64, f64, f64)> {
    columns
        .iter()
        .enumerate()
        .filter_map(move |(column, value)| {
            let Extremes { low, high } = (*value)?;
            let x = LEFT + column as f64 + 0.5;
            Some((x, y_of(high) - 0.5, y_of(low) + 0.5))
        })
}

/// Returns a round number above the peak, or full scale, so that quiet calls are visible too.
fn scale_over(peak: f32) -> f32 {
    let scales = [1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0];
    scales
        .into_iter()
        .find(|scale| peak * 1.1 <= *scale)
        .unwrap_or(32_768.0)
}
