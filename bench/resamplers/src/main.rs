//! Measures `resample` at all 72 pairs of rates, and compares it with other resamplers: `cargo run --release --features rubato`.
//! With `-- --tiny` this takes only a moment. Exits with 1 if a pair is outside the limits in the documentation of `resample`. Writes
//! `response.svg`.

mod chart;
mod peers;
// The library's tests share this file and use all of it.
#[allow(dead_code)]
#[path = "../../../tests/common/response.rs"]
mod response;
#[cfg(feature = "rubato")]
mod rubato_peers;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use audiosocket::wire::SampleRate;
use chart::Line;
use peers::Peer;
use response::{Measurement, Worst, ours, pairs};

/// The pairs that speech services need, and both directions with 44.1 kHz.
const COMPARED: [(u32, u32); 10] = [
    (8_000, 16_000),
    (16_000, 8_000),
    (8_000, 24_000),
    (24_000, 8_000),
    (16_000, 24_000),
    (24_000, 16_000),
    (8_000, 48_000),
    (48_000, 8_000),
    (8_000, 44_100),
    (44_100, 8_000),
];

fn main() -> ExitCode {
    let is_tiny = env::args().any(|word| word == "--tiny");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/measured");
    fs::create_dir_all(&folder).expect("a folder for files");
    let all_hold = measure_all_pairs(if is_tiny { 6 } else { 150 });
    let peers = Peer::all(&folder);
    compare(
        &peers,
        if is_tiny { 1 } else { 15 },
        if is_tiny { 5 } else { 40 },
        if is_tiny { 200 } else { 10_000 },
    );
    draw(&peers, &folder, if is_tiny { 20 } else { 300 });
    if all_hold {
        ExitCode::SUCCESS
    } else {
        println!("a pair is outside the limits");
        ExitCode::FAILURE
    }
}

fn measure_all_pairs(tones: u32) -> bool {
    let measurement = Measurement {
        convert: &ours,
        edge_ms: 10,
        measured_ms: 20,
    };
    println!(
        "| from | to | gain to 0.42, dB | images and aliases, dB | from 0.58, dB | 1 kHz to noise, dB |"
    );
    println!("|---|---|---|---|---|---|");
    let mut all_hold = true;
    let mut worst = Worst {
        gain: 0.0,
        images: -200.0,
        leak: Some(-200.0),
        signal_to_noise: 200.0,
    };
    for (from, to) in pairs() {
        let met = measurement.worst(from, to, tones);
        println!("| {from} | {to} | {}", row(&met));
        all_hold &= met.gain.abs() < 0.1
            && met.images < -70.0
            && met.leak.is_none_or(|leak| leak < -70.0)
            && met.signal_to_noise > 80.0;
        worst = Worst {
            gain: if met.gain.abs() > worst.gain.abs() {
                met.gain
            } else {
                worst.gain
            },
            images: met.images.max(worst.images),
            leak: worst.leak.map(|leak| leak.max(met.leak.unwrap_or(leak))),
            signal_to_noise: met.signal_to_noise.min(worst.signal_to_noise),
        };
    }
    println!("| worst | of all | {}\n", row(&worst));
    all_hold
}

fn row(worst: &Worst) -> String {
    let leak = worst
        .leak
        .map_or(String::new(), |leak| format!("{leak:.1}"));
    let Worst {
        gain,
        images,
        signal_to_noise,
        ..
    } = worst;
    format!("{gain:+.3} | {images:.1} | {leak} | {signal_to_noise:.1} |")
}

fn compare(peers: &[Peer], rounds: u32, tones: u32, milliseconds: u16) {
    println!(
        "Nanoseconds for a sample of the higher rate, frames of 20 ms, and how many times those of speexdsp:\n"
    );
    let names: Vec<&str> = peers.iter().map(Peer::name).collect();
    println!("| from | to | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(peers.len()));
    for (from, to) in compared() {
        let input = noise(from.samples_in(milliseconds));
        let samples = input.len() as f64 * f64::from(to.hz().max(from.hz())) / f64::from(from.hz());
        // Each round runs all resamplers in turn. The minimum of all rounds counts, because disturbances only add time.
        let mut least = vec![[f64::INFINITY; 2]; peers.len()];
        for _ in 0..rounds {
            for (least, peer) in least.iter_mut().zip(peers) {
                let times = peer.nanoseconds(from, to, &input);
                *least = [least[0].min(times[0]), least[1].min(times[1])];
            }
        }
        let times = least
            .iter()
            .map(|[with, without]| (with - without) / samples);
        let times: Vec<f64> = times.collect();
        let speex = peers
            .iter()
            .position(|peer| matches!(peer, Peer::Speex { .. }));
        let cells = times.iter().map(|time| match speex {
            Some(place) => format!("{time:.1} ({:.2})", time / times[place]),
            None => format!("{time:.1}"),
        });
        println!(
            "| {from} | {to} | {} |",
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
    println!(
        "\n| from | to | resampler | gain to 0.42, dB | images and aliases, dB | from 0.58, dB | 1 kHz to noise, dB |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (from, to) in compared() {
        for peer in peers {
            let convert =
                |from: SampleRate, to: SampleRate, input: &[i16]| peer.run(from, to, input).0;
            let met = measurement(&convert).worst(from, to, tones);
            println!("| {from} | {to} | {} | {}", peer.name(), row(&met));
        }
    }
}

fn compared() -> impl Iterator<Item = (SampleRate, SampleRate)> {
    let rate = |hz| SampleRate::from_hz(hz).expect("one of the nine");
    COMPARED
        .into_iter()
        .map(move |(from, to)| (rate(from), rate(to)))
}

/// Creates a measurement whose edges are longer than the delay of any of these resamplers.
fn measurement(convert: response::Convert<'_>) -> Measurement<'_> {
    Measurement {
        convert,
        edge_ms: 60,
        measured_ms: 40,
    }
}

fn draw(peers: &[Peer], folder: &Path, tones: u32) {
    let (from, to) = (SampleRate::Hz24000, SampleRate::Hz8000);
    let lines = peers.iter().map(|peer| {
        let convert = |from: SampleRate, to: SampleRate, input: &[i16]| peer.run(from, to, input).0;
        // The frequencies avoid round fractions, because all samples of a tone at exactly half of the rate are zero.
        let fractions = (0..tones).map(|place| 1.2 * (f64::from(place) + 0.5) / f64::from(tones));
        let points = fractions.map(|fraction| {
            let hertz = fraction * f64::from(to.hz());
            (fraction, measurement(&convert).level(from, to, hertz))
        });
        Line {
            name: peer.name(),
            points: points.collect(),
        }
    });
    let lines: Vec<Line> = lines.collect();
    let title =
        "A tone at 24 kHz brought to 8 kHz: all of the output, and the limits of resample (dashed)";
    let path = if tones < 100 {
        folder.join("response.svg")
    } else {
        folder.join("../../response.svg")
    };
    fs::write(&path, chart::svg(title, 1.2, &lines)).expect("a file to write to");
    println!(
        "\nthe responses are drawn in {}",
        path.file_name().unwrap_or_default().display()
    );
}

/// Returns noise at full scale, the same in each run.
fn noise(len: usize) -> Vec<i16> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16
    };
    std::iter::repeat_with(next).take(len).collect()
}
