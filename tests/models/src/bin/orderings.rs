//! Runs pieces in every order of threads and of memory, with at most three preemptions.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use asterisk_audiosocket_models::models::orderings;

/// Each piece returns whether it went wrong.
const PIECES: [(&str, fn() -> bool); 6] = [
    (WITHOUT_FENCES, || orderings::store_buffer(false)),
    ("store_buffer, with fences", || {
        orderings::store_buffer(true)
    }),
    ("hangup_meets_a_frame", orderings::hangup_meets_a_frame),
    (
        "hangup_of_all_meets_a_frame",
        orderings::hangup_of_all_meets_a_frame,
    ),
    ("hangup_meets_a_look", orderings::hangup_meets_a_look),
    ("hangup_meets_an_end", orderings::hangup_meets_an_end),
];

/// The pattern with the fault. It shows that these runs can find the fault.
const WITHOUT_FENCES: &str = "store_buffer, without fences";

fn main() -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for (name, piece) in PIECES {
        let started = Instant::now();
        let (count, wrong) = explore(piece);
        let seconds = started.elapsed().as_secs_f64();
        let must_go_wrong = name == WITHOUT_FENCES;
        let (verdict, is_right) = match (wrong > 0, must_go_wrong) {
            (true, true) => ("some of them went wrong, as they must", true),
            (false, false) => ("none went wrong", true),
            (true, false) => ("some WENT WRONG", false),
            (false, true) => ("none went wrong, although SOME MUST", false),
        };
        println!("{name:28} {count:5} orders in {seconds:.1} s: {verdict}");
        if !is_right {
            exit = ExitCode::FAILURE;
        }
    }
    exit
}

/// Returns the number of orders, and the number of those that went wrong.
fn explore(piece: fn() -> bool) -> (usize, usize) {
    let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let counted = Arc::clone(&counts);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        counted[0].fetch_add(1, Ordering::Relaxed);
        counted[1].fetch_add(usize::from(piece()), Ordering::Relaxed);
    });
    let count = |index: usize| counts[index].load(Ordering::Relaxed);
    (count(0), count(1))
}
