//! The faults of real lines: lost frames, DC, hum, dial tone, and speech under a digit.

use std::f64::consts::TAU;

use audiosocket::wire::{Digit, SampleRate};

use crate::listeners::{Listeners, NAMES, common, row};
use crate::sound::{Pair, Random, Sound, peak};
use crate::speech::spoken;

/// Random alignments at each rate.
const TIMES: usize = 25;
const RATES: [SampleRate; 3] = [SampleRate::Hz8000, SampleRate::Hz16000, SampleRate::Hz48000];
const TWELVE: &str = "0123456789*#";

struct Line {
    name: &'static str,
    digits: &'static str,
    /// The level of each tone.
    dbm0: f64,
    /// Appends one press to the sound.
    press: fn(Sound, Pair, &mut Random) -> Sound,
    pause_ms: f64,
    /// A sound added to the whole, as a function of the time in seconds.
    under: fn(f64) -> f64,
}

const PLAIN: Line = Line {
    name: "",
    digits: TWELVE,
    dbm0: -10.0,
    press: |sound, pair, _| sound.pair(pair, 100.0),
    pause_ms: 100.0,
    under: |_| 0.0,
};

const LINES: [Line; 19] = [
    Line {
        name: "one lost frame of 20 ms, as zeros, in a press of 160 ms",
        digits: "7",
        press: |sound, pair, random| {
            let after = 20.0 + 140.0 * random.unit();
            sound.pair(pair, 160.0).zeroed(after, 20.0)
        },
        ..PLAIN
    },
    Line {
        name: "one lost frame of 20 ms, as missing samples, in a press of 160 ms",
        digits: "7",
        press: |sound, pair, random| {
            let after = 20.0 + 140.0 * random.unit();
            sound.pair(pair, 160.0).without(after, 20.0)
        },
        ..PLAIN
    },
    Line {
        name: "a press of 2 s, with 20 ms of zeros each 500 ms",
        digits: "4",
        press: |sound, pair, random| {
            let after = 20.0 + 480.0 * random.unit();
            let press = sound.pair(pair, 2000.0);
            (0..4).fold(press, |press, lost| {
                press.zeroed(after + 500.0 * f64::from(lost), 20.0)
            })
        },
        ..PLAIN
    },
    Line {
        name: "a break of 25 ms in a press of 160 ms",
        digits: "7",
        press: |sound, pair, random| {
            let after = 25.0 + 135.0 * random.unit();
            sound.pair(pair, 160.0).zeroed(after, 25.0)
        },
        ..PLAIN
    },
    Line {
        name: "two presses of 60 ms with a pause of 40 ms",
        digits: "77",
        press: |sound, pair, _| sound.pair(pair, 60.0),
        pause_ms: 40.0,
        ..PLAIN
    },
    Line {
        name: "DC of 1000, tones of -25 dBm0",
        dbm0: -25.0,
        under: |_| 1000.0,
        ..PLAIN
    },
    Line {
        name: "DC of 3276, tones of -25 dBm0",
        dbm0: -25.0,
        under: |_| 3276.0,
        ..PLAIN
    },
    Line {
        name: "50 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 50.0, seconds),
        ..PLAIN
    },
    Line {
        name: "60 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 60.0, seconds),
        ..PLAIN
    },
    Line {
        name: "100 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 100.0, seconds),
        ..PLAIN
    },
    Line {
        name: "120 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 120.0, seconds),
        ..PLAIN
    },
    Line {
        name: "150 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 150.0, seconds),
        ..PLAIN
    },
    Line {
        name: "180 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 180.0, seconds),
        ..PLAIN
    },
    Line {
        name: "3,700 Hz as loud as one tone",
        under: |seconds| sine(-10.0, 3700.0, seconds),
        ..PLAIN
    },
    Line {
        name: "DC of 1000 and 50, 100 and 150 Hz, each 6 dB below a tone",
        under: |seconds| {
            let harmonics = [50.0, 100.0, 150.0].map(|hertz| sine(-16.0, hertz, seconds));
            1000.0 + harmonics.iter().sum::<f64>()
        },
        ..PLAIN
    },
    Line {
        name: "dial tone, 350 and 440 Hz, each 6 dB below a tone",
        under: |seconds| dial_tone(-16.0, seconds),
        ..PLAIN
    },
    Line {
        name: "the same, digits of 40 ms and pauses of 40 ms",
        press: |sound, pair, _| sound.pair(pair, 40.0),
        pause_ms: 40.0,
        under: |seconds| dial_tone(-16.0, seconds),
        ..PLAIN
    },
    Line {
        name: "dial tone, 425 Hz, 3 dB below a tone",
        under: |seconds| sine(-13.0, 425.0, seconds),
        ..PLAIN
    },
    Line {
        name: "dial tone, 350 and 440 Hz, each 12 dB below a tone",
        under: |seconds| dial_tone(-22.0, seconds),
        ..PLAIN
    },
];

fn sine(dbm0: f64, hertz: f64, seconds: f64) -> f64 {
    peak(dbm0) * (TAU * hertz * seconds).sin()
}

fn dial_tone(dbm0: f64, seconds: f64) -> f64 {
    sine(dbm0, 350.0, seconds) + sine(dbm0, 440.0, seconds)
}

/// Prints how each program detects digits on such lines. Returns whether the detector is right in every row.
pub fn lines(listeners: &Listeners) -> bool {
    println!("\n{TIMES} random alignments at 8, 16 and 48 kHz: digits detected right + others\n");
    println!("| line | made | {} |", NAMES.join(" | "));
    println!("|---|---|---|---|---|");
    let mut is_right = true;
    for line in &LINES {
        let made = line.digits.repeat(TIMES);
        let heard = RATES.map(|rate| {
            let sound = line.sound(rate);
            listeners.heard(rate, &sound.samples())
        });
        is_right &= heard.iter().all(|[ours, ..]| ours.as_ref() == Some(&made));
        println!(
            "{}",
            row_of_rates(&format!("{} | {}", line.name, made.len()), &heard, &made)
        );
    }
    is_right
}

impl Line {
    fn sound(&self, rate: SampleRate) -> Sound {
        let mut random = Random::new(u64::from(rate.hz()));
        let mut sound = Sound::new(rate, 1);
        for _ in 0..TIMES {
            sound = sound.silence(200.0 + 100.0 * random.unit());
            for digit in digits(self.digits) {
                let pair = Pair::of(digit, self.dbm0);
                sound = (self.press)(sound, pair, &mut random).silence(self.pause_ms);
            }
        }
        sound.over(self.under)
    }
}

/// The levels of speech, in decibels below a digit.
const BELOW: [f64; 8] = [14.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0, 0.0];

/// Prints how many digits each program detects over speech.
pub fn over_speech(listeners: &Listeners) {
    println!(
        "\nDigits of 100 ms over a voice: digits detected right + others at 8, 16 and 48 kHz\n"
    );
    println!("| speech | made | {} |", NAMES.join(" | "));
    println!("|---|---|---|---|---|");
    let voices = RATES.map(|rate| spoken("en-us+f2", rate));
    for below in BELOW {
        let made = TWELVE.repeat(TIMES);
        let mut heard = Vec::new();
        for (rate, voice) in RATES.into_iter().zip(&voices) {
            let sound = PLAIN.sound(rate);
            // The power of the digit's two sines, averaged over the whole length of the speech.
            let squares = voice.iter().map(|sample| f64::from(*sample).powi(2));
            let mean = squares.sum::<f64>() / voice.len() as f64;
            let gain = peak(PLAIN.dbm0) * 10_f64.powf(-below / 20.0) / mean.sqrt();
            let mut speech = voice.iter();
            let sound =
                sound.over(|_| gain * speech.next().map_or(0.0, |sample| f64::from(*sample)));
            heard.push(listeners.heard(rate, &sound.samples()));
        }
        let name = format!("{below} dB below the digit | {}", made.len());
        println!("{}", row_of_rates(&name, &heard, &made));
    }
}

fn row_of_rates(name: &str, heard: &[[Option<String>; 3]], made: &str) -> String {
    let cells = [0, 1, 2].map(|program| {
        let cells = heard.iter().map(|heard| {
            let heard = heard[program].as_ref()?;
            let right = common(heard, made);
            let others = heard.len() - right;
            Some(if others == 0 {
                right.to_string()
            } else {
                format!("{right} + {others}")
            })
        });
        cells
            .collect::<Option<Vec<_>>>()
            .map(|cells| cells.join(", "))
    });
    row(name, cells, str::to_owned)
}

fn digits(text: &str) -> impl Iterator<Item = Digit> {
    text.chars()
        .map(|character| Digit::try_from(character).expect("a digit"))
}
