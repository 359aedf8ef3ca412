//! A simulated Asterisk reports each fault of a server every time, and reports nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::faulty::{FAULTS, Fault};
use audiosocket::asterisk::{Rule, Rules, Version, Way};

/// How many calls each fault gets with the reference version. Each other version gets a tenth.
fn rounds() -> usize {
    match std::env::var("AUDIOSOCKET_FAULT_ROUNDS") {
        Ok(rounds) => rounds.parse().unwrap(),
        Err(_) => 10,
    }
}

/// How many calls run at the same time for each fault.
const AT_ONCE: usize = 3;

/// The number of calls, and of calls in which rules were missing.
#[derive(Default)]
struct Calls {
    placed: AtomicUsize,
    missed: AtomicUsize,
}

impl Calls {
    /// The rules found in one call. By its contract, a judge may miss a fault if its thread is late on a machine that stalls. A
    /// call in which rules are missing is repeated, at most twice, and counted. An extra rule fails the test at once. A call in which
    /// the server itself is late between half a frame and its end is repeated, too, because that frame really is split.
    fn find(&self, fault: &Fault, judged_by: Rules, expected: &[Rule]) -> Vec<Rule> {
        let mut rules = Vec::new();
        let mut tries = 3;
        let mut splits = 20;
        while tries > 0 && splits > 0 {
            let found = fault.verdict(judged_by);
            rules = found.iter().map(|it| it.rule).collect();
            self.placed.fetch_add(1, Ordering::Relaxed);
            let misses_rules = rules.len() < expected.len() && expected.starts_with(&rules);
            let is_split = expected == [Rule::Truncated] && rules == [Rule::SplitPayload];
            if !misses_rules && !is_split {
                break;
            }
            if misses_rules {
                tries -= 1;
                self.missed.fetch_add(1, Ordering::Relaxed);
            } else {
                splits -= 1;
            }
        }
        rules
    }
}

#[track_caller]
fn each_is_caught(judged_by: Rules, rounds: usize) {
    let calls = Calls::default();
    thread::scope(|scope| {
        for fault in &FAULTS {
            let expected = fault.breaks_in(judged_by);
            if !fault.ends_in(judged_by) {
                continue;
            }
            for lane in 0..AT_ONCE {
                let (calls, expected) = (&calls, expected.clone());
                scope.spawn(move || {
                    for round in (lane..rounds).step_by(AT_ONCE) {
                        let (name, rules) = (fault.name, calls.find(fault, judged_by, &expected));
                        assert_eq!(rules, expected, "{name} in {judged_by:?}, round {round}");
                    }
                });
            }
        }
    });
    // Stalls explain a few missing rules. More would mean an unreliable judge.
    let (placed, missed) = (calls.placed.into_inner(), calls.missed.into_inner());
    assert!(missed <= 2 + placed / 50, "{missed} of {placed} missed");
}

#[test]
fn reference_version_catches_each_fault() {
    each_is_caught(Version::REFERENCE.into(), rounds());
}

#[test]
fn channel_driver_catches_each_fault() {
    let rules = Rules::for_version(Version::REFERENCE).through(Way::ChannelDriver);
    each_is_caught(rules, rounds().div_ceil(10));
}

#[test]
fn other_versions_catch_each_fault_they_can_see() {
    for &version in Version::REPRESENTATIVES {
        if version != Version::REFERENCE {
            each_is_caught(version.into(), rounds().div_ceil(10));
        }
    }
}
