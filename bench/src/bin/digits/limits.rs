//! The limits of ITU-T Q.24.

use audiosocket::wire::{Digit, SampleRate};

use crate::listeners::{Listeners, NAMES, all_digits, common, row};
use crate::sound::{Pair, Sound};

/// How often each digit is tried in each case.
const TIMES: usize = 20;

struct Case {
    name: &'static str,
    /// Whether Q.24 requires all digits or none. It leaves the rest open.
    should: Option<bool>,
    /// The levels of both tones in dBm0, and their deviations.
    levels: (f64, f64),
    off: (f64, f64),
    ms: f64,
    pause_ms: f64,
    noise_below: Option<f64>,
}

const PLAIN: Case = Case {
    name: "100 ms, -10 dBm0",
    should: Some(true),
    levels: (-10.0, -10.0),
    off: (0.0, 0.0),
    ms: 100.0,
    pause_ms: 100.0,
    noise_below: None,
};

const CASES: [Case; 22] = [
    PLAIN,
    Case {
        name: "both tones 1.5 % too high",
        off: (0.015, 0.015),
        ..PLAIN
    },
    Case {
        name: "both tones 1.5 % too low",
        off: (-0.015, -0.015),
        ..PLAIN
    },
    Case {
        name: "low tone 3.5 % too high",
        should: Some(false),
        off: (0.035, 0.0),
        ..PLAIN
    },
    Case {
        name: "low tone 3.5 % too low",
        should: Some(false),
        off: (-0.035, 0.0),
        ..PLAIN
    },
    Case {
        name: "high tone 3.5 % too high",
        should: Some(false),
        off: (0.0, 0.035),
        ..PLAIN
    },
    Case {
        name: "high tone 3.5 % too low",
        should: Some(false),
        off: (0.0, -0.035),
        ..PLAIN
    },
    Case {
        name: "40 ms of tone, 40 ms of pause",
        ms: 40.0,
        pause_ms: 40.0,
        ..PLAIN
    },
    Case {
        name: "23 ms of tone",
        should: Some(false),
        ms: 23.0,
        ..PLAIN
    },
    Case {
        name: "0 dBm0, clipped",
        levels: (0.0, 0.0),
        ..PLAIN
    },
    Case {
        name: "-25 dBm0",
        levels: (-25.0, -25.0),
        ..PLAIN
    },
    Case {
        name: "-29 dBm0",
        should: Some(false),
        levels: (-29.0, -29.0),
        ..PLAIN
    },
    Case {
        name: "-55 dBm0",
        should: Some(false),
        levels: (-55.0, -55.0),
        ..PLAIN
    },
    Case {
        name: "high tone 4 dB louder",
        levels: (-12.0, -8.0),
        ..PLAIN
    },
    Case {
        name: "high tone 8 dB weaker",
        levels: (-8.0, -16.0),
        ..PLAIN
    },
    Case {
        name: "high tone 6 dB louder",
        should: None,
        levels: (-14.0, -8.0),
        ..PLAIN
    },
    Case {
        name: "high tone 10 dB weaker",
        should: None,
        levels: (-8.0, -18.0),
        ..PLAIN
    },
    Case {
        name: "noise 15 dB below",
        noise_below: Some(15.0),
        ..PLAIN
    },
    Case {
        name: "noise 15 dB below, 40 ms",
        noise_below: Some(15.0),
        ms: 40.0,
        pause_ms: 40.0,
        ..PLAIN
    },
    Case {
        name: "noise 15 dB below, high tone 8 dB weaker, both 1.5 % off",
        off: (0.015, -0.015),
        levels: (-8.0, -16.0),
        noise_below: Some(15.0),
        ..PLAIN
    },
    Case {
        name: "noise 10 dB below",
        should: None,
        noise_below: Some(10.0),
        ..PLAIN
    },
    Case {
        name: "noise 10 dB below, 40 ms",
        should: None,
        noise_below: Some(10.0),
        ms: 40.0,
        pause_ms: 40.0,
        ..PLAIN
    },
];

/// Prints which digits each program detects on both sides of each limit.
pub fn limits(listeners: &Listeners) {
    let all = 16 * TIMES;
    println!("\n{all} digits in each case at 8 kHz: how many are detected right + others\n");
    println!("| case | should be | {} |", NAMES.join(" | "));
    println!("|---|---|---|---|---|");
    for case in &CASES {
        let mut sound = Sound::new(SampleRate::Hz8000, 1).silence(100.0);
        for time in 0..TIMES {
            for digit in Digit::ALL {
                let (low_dbm0, high_dbm0) = case.levels;
                let (low_off, high_off) = case.off;
                let pair = Pair {
                    digit,
                    low_dbm0,
                    high_dbm0,
                    low_off,
                    high_off,
                };
                // The position changes from digit to digit, so no digit is always aligned to the detector's windows.
                let later = time as f64 * 0.71;
                sound = sound.pair(pair, case.ms).silence(case.pause_ms + later);
            }
        }
        if let Some(decibels) = case.noise_below {
            let (low_dbm0, high_dbm0) = case.levels;
            let pair = Pair {
                low_dbm0,
                high_dbm0,
                ..Pair::of(Digit::ALL[0], 0.0)
            };
            sound = sound.noise_below(pair, decibels);
        }
        let should = case
            .should
            .map_or("", |should| if should { "all" } else { "none" });
        let name = format!("{} | {should}", case.name);
        let heard = listeners.heard(sound.rate, &sound.samples());
        let cell = |heard: &str| {
            let right = common(heard, &all_digits(TIMES));
            format!("{right} + {}", heard.len() - right)
        };
        println!("{}", row(&name, heard, cell));
    }
}
