//! Other resamplers, each as a function from samples to samples.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use audiosocket::resample::Resampler;
use audiosocket::wire::SampleRate;

#[cfg(feature = "rubato")]
use crate::rubato_peers::{fft, rubato, sinc};

/// A resampler to compare: the library's own or another one.
pub enum Peer {
    Ours,
    Sox {
        folder: PathBuf,
    },
    Speex {
        program: PathBuf,
    },
    #[cfg(feature = "rubato")]
    RubatoSinc,
    #[cfg(feature = "rubato")]
    RubatoFft,
}

impl Peer {
    /// Returns all resamplers that can run here. Prints the reason for each one that cannot.
    pub fn all(folder: &Path) -> Vec<Peer> {
        let mut peers = vec![Peer::Ours];
        match build_speex(folder) {
            Ok(program) => peers.push(Peer::Speex { program }),
            Err(reason) => {
                println!("left out: speexdsp: {reason}; apt-get install libspeexdsp-dev")
            }
        }
        match Command::new("sox").arg("--version").output() {
            Ok(_) => peers.push(Peer::Sox {
                folder: folder.to_path_buf(),
            }),
            Err(error) => println!("left out: sox: {error}; apt-get install sox"),
        }
        #[cfg(feature = "rubato")]
        peers.extend([Peer::RubatoSinc, Peer::RubatoFft]);
        #[cfg(not(feature = "rubato"))]
        println!("left out: rubato: it takes a while to build; --features rubato");
        peers
    }

    pub fn name(&self) -> &'static str {
        match self {
            Peer::Ours => "`resample`",
            Peer::Sox { .. } => "sox `rate -m`",
            Peer::Speex { .. } => "speexdsp, quality 4",
            #[cfg(feature = "rubato")]
            Peer::RubatoSinc => "rubato, sinc",
            #[cfg(feature = "rubato")]
            Peer::RubatoFft => "rubato, FFT",
        }
    }

    /// Resamples a whole input in frames of 20 ms. Returns the output and the time in nanoseconds.
    pub fn run(&self, from: SampleRate, to: SampleRate, input: &[i16]) -> (Vec<i16>, f64) {
        match self {
            Peer::Ours => timed(|| {
                let mut resampler = Resampler::new(from, to);
                let mut output = Vec::with_capacity(room(from, to, input));
                for frame in input.chunks(from.samples_in(20)) {
                    output.extend(resampler.feed(frame));
                }
                output
            }),
            Peer::Sox { folder } => (sox(folder, from, to, input), 0.0),
            Peer::Speex { program } => speex(program, from, to, input),
            #[cfg(feature = "rubato")]
            Peer::RubatoSinc => timed(|| rubato(&mut sinc(from, to), input)),
            #[cfg(feature = "rubato")]
            Peer::RubatoFft => timed(|| rubato(&mut fft(from, to), input)),
        }
    }

    /// Returns the time in nanoseconds, and the time of the same program without resampling.
    pub fn nanoseconds(&self, from: SampleRate, to: SampleRate, input: &[i16]) -> [f64; 2] {
        match self {
            Peer::Sox { folder } => times_of_sox(folder, from, to, input),
            peer => [peer.run(from, to, input).1, 0.0],
        }
    }
}

fn room(from: SampleRate, to: SampleRate, input: &[i16]) -> usize {
    let ratio = f64::from(to.hz()) / f64::from(from.hz());
    (input.len() as f64 * ratio) as usize + 10_000
}

fn timed(work: impl Fn() -> Vec<i16>) -> (Vec<i16>, f64) {
    let start = Instant::now();
    let output = work();
    (output, start.elapsed().as_secs_f64() * 1e9)
}

fn to_bytes(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

fn to_samples(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

fn build_speex(folder: &Path) -> Result<PathBuf, String> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/speex.c");
    let program = folder.join("speex");
    let output = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(&program)
        .args([source, "-lspeexdsp"])
        .output()
        .map_err(|error| format!("cc: {error}"))?;
    if output.status.success() {
        Ok(program)
    } else {
        Err("speex.c cannot be built".into())
    }
}

fn speex(program: &Path, from: SampleRate, to: SampleRate, input: &[i16]) -> (Vec<i16>, f64) {
    let mut child = Command::new(program)
        .args([from.hz(), to.hz(), 4].map(|number| number.to_string()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program that was built");
    let (mut stdin, bytes) = (child.stdin.take().expect("piped"), to_bytes(input));
    let writer = thread::spawn(move || stdin.write_all(&bytes).expect("read to the end"));
    let output = child.wait_with_output().expect("waited for");
    writer.join().expect("no panic");
    let printed = String::from_utf8_lossy(&output.stderr);
    let nanoseconds = printed.trim().parse().expect("nanoseconds");
    (to_samples(&output.stdout), nanoseconds)
}

fn run_sox(folder: &Path, from: SampleRate, output: &[&str], effect: &[&str]) {
    let status = Command::new("sox")
        .current_dir(folder)
        .args([
            "-D",
            "--single-threaded",
            "-t",
            "raw",
            "-e",
            "signed",
            "-b",
            "16",
        ])
        .args(["-c", "1", "-r", &from.hz().to_string(), "in.raw"])
        .args(output)
        .args(effect)
        .stderr(Stdio::null())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "sox {effect:?}"
    );
}

fn sox(folder: &Path, from: SampleRate, to: SampleRate, input: &[i16]) -> Vec<i16> {
    fs::write(folder.join("in.raw"), to_bytes(input)).expect("a folder to write to");
    run_sox(
        folder,
        from,
        &["-t", "raw", "out.raw"],
        &["rate", "-m", &to.hz().to_string()],
    );
    to_samples(&fs::read(folder.join("out.raw")).expect("what sox wrote"))
}

/// Returns sox's time with the effect and without it, both without output.
fn times_of_sox(folder: &Path, from: SampleRate, to: SampleRate, input: &[i16]) -> [f64; 2] {
    // With this many repeats, the program's start does not matter.
    const REPEATS: usize = 10;
    fs::write(folder.join("in.raw"), to_bytes(input).repeat(REPEATS))
        .expect("a folder to write to");
    let rate = to.hz().to_string();
    let effects: [&[&str]; 2] = [&["rate", "-m", &rate], &[]];
    effects.map(|effect| {
        let start = Instant::now();
        run_sox(folder, from, &["-n"], effect);
        start.elapsed().as_secs_f64() * 1e9 / REPEATS as f64
    })
}
