//! G.711 compared with another implementation.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use audiosocket::g711::Law;

/// Returns the output of sox for raw input, without dither, or `None` if sox is not installed.
fn sox(input: Vec<u8>, from: [&str; 4], to: [&str; 4]) -> Option<Vec<u8>> {
    let mut command = Command::new("sox");
    command.args(["-D", "-t", "raw", "-r", "8000", "-c", "1"]);
    command
        .args(from)
        .args(["-", "-t", "raw"])
        .args(to)
        .arg("-");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: sox cannot be run: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(output.stdout)
}

const LINEAR: [&str; 4] = ["-e", "signed", "-b", "16"];

/// Each law with sox's options, how many bits fewer than 16 its samples have, and how many samples have another code in sox.
const LAWS: [(Law, [&str; 4], u32, usize); 2] = [
    (Law::Mu, ["-e", "u-law", "-b", "8"], 2, 510),
    (Law::A, ["-e", "a-law", "-b", "8"], 3, 1020),
];

/// Returns the code that sox chooses. It rounds to the law's 14 or 13 bits, where G.191 drops the lowest bits. For negative u-law
/// values, sox uses the code of the positive value with the other sign, and G.191 uses the complement.
fn by_sox(law: Law, bits: u32, sample: i16) -> u8 {
    let half = 1 << (bits - 1);
    let most = (1 << (15 - bits)) - 1;
    let rounded = ((i32::from(sample) + half) >> bits).min(most);
    let code = |level: i32| law.encode((level << bits) as i16);
    if law == Law::Mu && rounded < 0 {
        code((-rounded).min(most)) & 0x7f
    } else {
        code(rounded)
    }
}

#[test]
fn g711_encodes_as_sox_except_for_rounding() {
    let samples: Vec<u8> = (i16::MIN..=i16::MAX).flat_map(i16::to_le_bytes).collect();
    for (law, words, bits, expected_differences) in LAWS {
        let Some(codes) = sox(samples.clone(), LINEAR, words) else {
            return;
        };
        assert_eq!(codes.len(), 65_536);
        let mut differences = 0;
        for (sample, code) in (i16::MIN..=i16::MAX).zip(codes) {
            assert_eq!(by_sox(law, bits, sample), code, "{law:?} {sample}");
            differences += usize::from(law.encode(sample) != code);
        }
        println!("{law:?}: sox rounds {differences} of 65536 samples to a neighbouring code");
        assert_eq!(differences, expected_differences, "{law:?}");
    }
}

#[test]
fn g711_decodes_all_codes_as_sox() {
    for (law, words, ..) in LAWS {
        let Some(bytes) = sox((0..=u8::MAX).collect(), words, LINEAR) else {
            return;
        };
        let samples: Vec<i16> = bytes
            .chunks(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let ours: Vec<i16> = (0..=u8::MAX).map(|code| law.decode(code)).collect();
        assert_eq!(ours, samples, "{law:?}");
    }
}
