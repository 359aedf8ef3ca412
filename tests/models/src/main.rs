//! Runs each model in as many schedules as the time allows.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use asterisk_audiosocket_models::models::{ALL, Model};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

const USAGE: &str = "usage: models [SECONDS [SEED [MODEL]]]   (default: 1 second for each model, a random seed, all models)";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (seconds, seed) = (args.next(), args.next());
    let name = args.next();
    let seconds = seconds.map_or(Ok(1.0), |it| it.parse::<f64>());
    let seed = seed.map_or_else(|| Ok(random_seed()), |it| it.parse::<u64>());
    let (Ok(seconds), Ok(seed)) = (seconds, seed) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let chosen: Vec<&Model> = ALL
        .iter()
        .filter(|model| name.as_ref().is_none_or(|name| name == model.name))
        .collect();
    if chosen.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    println!("seed {seed}");
    for model in chosen {
        let started = Instant::now();
        let until = |share| started + Duration::from_secs_f64(seconds * share);
        // Even chances find shallow faults soon; few switches, at chosen places, find deep ones.
        let even = run(model, seed, until(0.5), RandomScheduler::new_from_seed);
        let few = run(model, seed, until(1.0), |seed, count| {
            PctScheduler::new_from_seed(seed, 3, count)
        });
        println!(
            "{:26} {even:7} and {few:7} schedules in {:.1} s: nothing found",
            model.name,
            started.elapsed().as_secs_f64()
        );
    }
    ExitCode::SUCCESS
}

/// Returns the number of schedules. A schedule that fails panics, and shuttle prints it.
fn run<S: Scheduler + 'static>(
    model: &Model,
    mut seed: u64,
    until: Instant,
    scheduler: impl Fn(u64, usize) -> S,
) -> usize {
    let mut count = 0;
    while Instant::now() < until {
        let mut config = Config::new();
        config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
        config.stack_size = 1 << 18;
        // Memory orderings are for `orderings`.
        config.silence_warnings = true;
        let model = *model;
        count += Runner::new(scheduler(seed, BATCH), config).run(move || model.run());
        seed = seed.wrapping_add(1);
    }
    count
}

/// The number of schedules between two looks at the clock.
const BATCH: usize = 100;

/// A schedule that needs more steps has threads that wait forever.
const MOST_STEPS: usize = 50_000;

fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(1, |it| it.as_nanos() as u64)
}
