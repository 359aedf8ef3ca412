//! Command-line tool for AudioSocket calls: demonstrates, answers, places and inspects them.

#![forbid(unsafe_code)]

mod address;
mod analysis;
mod args;
mod call;
mod capture;
mod closed_at_once;
mod demo;
mod failure;
mod histogram;
mod inspect;
mod json;
mod load;
mod on_panic;
mod output;
mod panel;
mod printer;
mod received_audio;
mod recordings;
mod reports;
mod serve;
mod tap;
mod tap_file;
mod text;
mod violation;

use std::process::ExitCode;

use args::{Arg, Args};
use failure::Failure;
use output::Output;
use text::quoted;

const HELP: &str = "\
audiosocket: run, test and inspect AudioSocket calls

AudioSocket is Asterisk's TCP protocol for call audio. All
commands also work without Asterisk.

  audiosocket demo           run a call in this process
  audiosocket serve --echo   answer calls
  audiosocket call ADDR      place a call, as Asterisk does
  audiosocket tap            forward calls to your server,
                             and report what happens
  audiosocket inspect FILE   print a recording of a call
  audiosocket load ADDR      place many calls at once, and
                             check the echo of each frame

'audiosocket COMMAND --help' describes a command.
--version prints the version.
";

fn main() -> ExitCode {
    match run(&mut Args::from_command_line()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                // If this message cannot be printed, the exit code still reports the failure.
                let _ = output::print_error(&message);
            }
            failure.exit_code()
        }
    }
}

fn run(args: &mut Args) -> Result<(), Failure> {
    match args.next()? {
        None => Err(Failure::usage(
            "missing command: expected demo, serve, call, tap, inspect or load",
        )),
        Some(Arg::Option(option)) => match option.as_str() {
            "--help" | "-h" => {
                args.end()?;
                Output::new().text(HELP).map_err(Failure::of_printing)
            }
            "--version" | "-V" => {
                args.end()?;
                Output::new().line(&format!("audiosocket {}", env!("CARGO_PKG_VERSION")))
            }
            _ => Err(args.unknown()),
        },
        Some(Arg::Value(command)) => match command.to_str() {
            Some("demo") => demo::run(args).map_err(Failure::of_printing),
            Some("serve") => serve::run(args),
            Some("call") => call::run(args),
            Some("tap") => tap::run(args),
            Some("inspect") => inspect::run(args).map_err(Failure::of_printing),
            Some("load") => load::run(args),
            _ => Err(Failure::Usage(format!(
                "unknown command {}: expected demo, serve, call, tap, inspect or load",
                quoted(&command)
            ))),
        },
    }
}
