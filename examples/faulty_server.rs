//! Servers with one fault each, to see how a real or a simulated Asterisk reacts to it.
//!
//! ```text
//! cargo run --example faulty_server                     list the faults, and whether the caller
//!                                                       must talk or be silent to show each
//! cargo run --example faulty_server FAULT [PORT]        serve with a fault until killed
//! cargo run --example faulty_server judge [VERSION [WAY]]
//!                                                       list what a simulated Asterisk reports for each fault, if it
//!                                                       calls by its application (the default) or by dial, and what
//!                                                       it does after a hangup frame
//! ```
//!
//! A server's first line is `listening on IP:PORT`. Without PORT, or with 0, the system chooses the port. At the end of each call,
//! the server prints a line.

#[path = "../tests/common/faulty.rs"]
mod faulty;

use std::error::Error;
use std::net::TcpListener;
use std::thread;

use audiosocket::asterisk::{Rules, Version};
use faulty::{Caller, FAULTS, Fault};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => list(),
        ["judge"] => judge(Rules::default()),
        ["judge", version] => judge(Rules::for_version(version.parse()?)),
        ["judge", version, way] => {
            let version: Version = version.parse()?;
            judge(Rules::for_version(version).through(way.parse()?));
        }
        [name] => serve(name, 0)?,
        [name, port] => serve(name, port.parse()?)?,
        _ => {
            return Err(
                "too many arguments: expected FAULT [PORT] or judge [VERSION [WAY]]".into(),
            );
        }
    }
    Ok(())
}

/// Lists each fault with what the caller must do to show it.
fn list() {
    for fault in &FAULTS {
        let caller = match fault.caller {
            Caller::Talks => "talks",
            Caller::KeepsSilent => "silent",
        };
        println!("{:<19} {caller:<7} {}", fault.name, fault.does);
    }
}

fn serve(name: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let fault = Fault::named(name)
        .ok_or_else(|| format!("no fault {name}: run without arguments to list all"))?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || match (fault.serve)(stream) {
            Ok(()) => println!("{}: done", fault.name),
            Err(error) => println!("{}: {error}", fault.name),
        });
    }
    Ok(())
}

fn judge(rules: Rules) {
    for fault in &FAULTS {
        if !fault.ends_in(rules) {
            println!("{:<19} the call goes on", fault.name);
            continue;
        }
        let mut verdict = String::new();
        for violation in fault.verdict(rules) {
            let (rule, at) = (violation.rule, violation.at.as_secs_f64());
            verdict += &format!(" {rule} at {at:.3} s: {}.", violation.consequence);
        }
        if verdict.is_empty() {
            verdict += " -";
        }
        println!("{:<19}{verdict}", fault.name);
    }
    let after_hangup = match rules.consequences().continues_after_hangup {
        true => "the dialplan continues",
        false => "hangs up the caller",
    };
    println!("{:<19} {after_hangup}", "hangup-frame");
}
