//! `audiosocket call --asterisk list`: the behaviour of each version of Asterisk.

use audiosocket::asterisk::{Behaviour, Rule, TABLE, Version};
use audiosocket::wire::DtmfDialect;

use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::wrapped;

/// Prints the rules and the versions.
pub fn print(json: bool, output: &Output) -> Result<(), Failure> {
    if json {
        for &rule in Rule::ALL {
            output.line(&rule_object(rule).finish())?;
        }
        for behaviour in TABLE {
            output.line(&version_object(behaviour).finish())?;
        }
        return Ok(());
    }
    output.text(&text())
}

fn rule_object(rule: Rule) -> Object {
    Object::event("rule")
        .text("rule", rule.name())
        .text("fault", rule.fault())
        .text("source", rule.source())
        .text("seen", rule.detectability())
}

fn version_object(behaviour: &Behaviour) -> Object {
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let mut object = Object::event("version")
        .text("versions", &behaviour.versions())
        .text("evidence", behaviour.evidence)
        .text(
            "digits",
            &behaviour
                .digits
                .map_or_else(|| "none".into(), |dialect| dialect.to_string()),
        )
        .thousandths("header_wait_ms", milliseconds(behaviour.header_wait))
        .thousandths("payload_wait_ms", milliseconds(behaviour.payload_wait))
        .flag(
            "goes_on_after_hangup",
            behaviour.application.continues_after_hangup,
        );
    for &rule in Rule::ALL {
        let consequence = behaviour.consequence(rule).map(|it| it.name());
        object = object.text(rule.name(), consequence.unwrap_or("none"));
    }
    object
}

/// Returns whether all versions treat a violation of the rule alike.
fn is_for_all(rule: &Rule) -> bool {
    let waits = matches!(rule, Rule::SplitHeader | Rule::SplitPayload);
    let first = TABLE[0].consequence(*rule);
    !waits && TABLE.iter().all(|row| row.consequence(*rule) == first)
}

fn text() -> String {
    let mut text = format!(
        "A server is judged by one of these versions with\n\
         'audiosocket call ADDR --asterisk VERSION', by {} if none\n\
         is named. With --json this list tells where each rule is\n\
         known from, too. What a server may do wrong:\n\n",
        Version::default()
    );
    for &rule in Rule::ALL {
        text += &line(rule.name(), rule.fault());
    }
    text += "\nWhat every Asterisk does upon it:\n\n";
    for rule in Rule::ALL.iter().filter(|rule| is_for_all(rule)) {
        text += &line(rule.name(), &consequence(&TABLE[0], *rule));
    }
    for behaviour in TABLE {
        text += &format!("\n{}\n  ({})\n\n", behaviour.versions(), behaviour.evidence);
        text += &line(
            "digits",
            match behaviour.digits {
                None => "sends none",
                Some(DtmfDialect::Asterisk) => "sends kind 0x03",
                Some(DtmfDialect::StartStop) => "sends kind 0x02; its application none",
            },
        );
        for rule in Rule::ALL.iter().filter(|rule| !is_for_all(rule)) {
            text += &line(rule.name(), &consequence(behaviour, *rule));
        }
        text += &line(
            "a hangup frame",
            match behaviour.application.continues_after_hangup {
                true => "goes on in the dialplan",
                false => "hangs up the caller all the same",
            },
        );
    }
    text
}

fn consequence(behaviour: &Behaviour, rule: Rule) -> String {
    let Some(consequence) = behaviour.consequence(rule) else {
        let speaks_start_stop = behaviour.digits == Some(DtmfDialect::StartStop);
        return String::from(match rule {
            Rule::ForbiddenKind if speaks_start_stop => "takes digits (0x02), skips the rest",
            Rule::EmptyAudio | Rule::ForbiddenKind => "skips it",
            Rule::UnknownRate => "knows all, 0x10 to 0x18",
            Rule::Idle => "waits for ever",
            Rule::NoHangup => "takes it for a hangup",
            _ => "takes it",
        });
    };
    let wait = match rule {
        Rule::SplitPayload => behaviour.payload_wait,
        _ => std::time::Duration::ZERO,
    };
    match wait.as_millis() {
        0 => consequence.to_string(),
        milliseconds => format!("waits {milliseconds} ms, then {consequence}"),
    }
}

fn line(name: &str, text: &str) -> String {
    wrapped(&format!("  {name:<16}"), &" ".repeat(18), text) + "\n"
}
