//! A simulated Asterisk takes offence at each fault of a server, at that one and at no other, every time.

use std::thread;

use crate::common::faulty::FAULTS;
use audiosocket::asterisk::{Rule, Version};

/// How often each is tried with the version that was measured; a tenth of it with each of the others.
fn rounds() -> usize {
    match std::env::var("AUDIOSOCKET_FAULT_ROUNDS") {
        Ok(rounds) => rounds.parse().unwrap(),
        Err(_) => 10,
    }
}

/// How many calls are tried at the same time for each fault.
const AT_ONCE: usize = 3;

#[track_caller]
fn each_is_caught(version: Version, rounds: usize) {
    thread::scope(|scope| {
        for fault in &FAULTS {
            let expected = fault.breaks_in(version);
            if !fault.ends_in(version) {
                continue;
            }
            for lane in 0..AT_ONCE {
                let expected = expected.clone();
                scope.spawn(move || {
                    for round in (lane..rounds).step_by(AT_ONCE) {
                        let found = fault.verdict(version);
                        let rules: Vec<Rule> = found.iter().map(|it| it.rule).collect();
                        let name = fault.name;
                        assert_eq!(rules, expected, "{name} in {version}, round {round}");
                    }
                });
            }
        }
    });
}

#[test]
fn each_fault_is_caught_by_the_version_that_was_measured() {
    each_is_caught(Version::REFERENCE, rounds());
}

#[test]
fn each_fault_is_caught_by_every_other_version_that_has_the_rule() {
    for &version in Version::REPRESENTATIVES {
        if version != Version::REFERENCE {
            each_is_caught(version, rounds().div_ceil(10));
        }
    }
}
