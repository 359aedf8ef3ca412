//! `audiosocket call --asterisk list`: the behaviour of each version of Asterisk.

use audiosocket::asterisk::{Behaviour, Consequences, OtherFrames, Rule, TABLE, Version, Way};
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
            for &way in Way::ALL {
                output.line(&version_object(behaviour, behaviour.through(way)).finish())?;
            }
        }
        return Ok(());
    }
    output.text(&text())
}

fn rule_object(rule: Rule) -> Object {
    Object::event("rule")
        .text("rule", rule.name())
        .text("fault", rule.fault())
        .text("remedy", rule.remedy())
        .text("source", rule.source())
        .text("seen", rule.detectability())
}

fn version_object(behaviour: &Behaviour, way: &Consequences) -> Object {
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let mut object = Object::event("version")
        .text("versions", &behaviour.versions())
        .text("through", way.way.name())
        .text("evidence", way.evidence)
        .text(
            "digits",
            &way.digits
                .map_or_else(|| "none".into(), |dialect| dialect.to_string()),
        )
        .thousandths("header_wait_ms", milliseconds(behaviour.header_wait))
        .thousandths("payload_wait_ms", milliseconds(behaviour.payload_wait))
        .flag("goes_on_after_hangup", way.continues_after_hangup)
        .text("comfort_noise", way.other_frames.name());
    if way.way == Way::Application {
        object = object.text("busy_during_call", &behaviour.busy_releases());
    }
    for &rule in Rule::ALL {
        let consequence = behaviour.consequence_in(way, rule).map(|it| it.name());
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

const REACTIONS: &str = "
The reaction of every version is below. A fault is a
violation, except where the line starts with 'no violation'.
'Dial:' marks the reaction of the channel driver (--through
dial) where it differs from that of the application. If the
driver ends the AudioSocket channel, the dialplan continues
only if Dial() has the option g.

Some lines are not about rules:

  digits          how Asterisk sends the caller's digits
  comfort noise   treatment of the caller's frames that are
                  neither audio nor digits
  during a call   what happens even without a fault
  a hangup frame  what follows when the server hangs up

Reactions of all versions:

";

fn text() -> String {
    let mut text = format!(
        "'audiosocket call ADDR --asterisk VERSION' checks a server\n\
         by the rules of one of these versions ({} by default).\n\
         --json adds the source of each rule. The rules, each with\n\
         the fault that violates it, and the remedy:\n\n",
        Version::default()
    );
    for &rule in Rule::ALL {
        text += &line(rule.name(), rule.fault());
        text += &line("", &format!("remedy: {}", rule.remedy()));
    }
    text += REACTIONS;
    for rule in Rule::ALL.iter().filter(|rule| is_for_all(rule)) {
        text += &both(rule.name(), |way| {
            consequence(&TABLE[0], TABLE[0].through(way), *rule)
        });
    }
    for behaviour in TABLE {
        text += &format!("\n{}\n  ({})\n\n", behaviour.versions(), behaviour.evidence);
        text += &both("digits", |way| {
            String::from(match behaviour.through(way).digits {
                None => "sends none",
                Some(DtmfDialect::Asterisk) => "sends kind 0x03",
                Some(DtmfDialect::StartStop) => "sends kind 0x02",
            })
        });
        text += &both("comfort noise", |way| {
            String::from(match behaviour.through(way).other_frames {
                OtherFrames::SentAsAudio => "is sent as audio",
                OtherFrames::EndLeg => "ends the AudioSocket channel",
                _ => "is ignored",
            })
        });
        let busy = behaviour.busy_releases();
        if !busy.is_empty() {
            text += &line(
                "during a call",
                &format!("{busy}: the application uses up a processor core"),
            );
        }
        for rule in Rule::ALL.iter().filter(|rule| !is_for_all(rule)) {
            text += &both(rule.name(), |way| {
                consequence(behaviour, behaviour.through(way), *rule)
            });
        }
        text += &both("a hangup frame", |way| {
            let continues = behaviour.through(way).continues_after_hangup;
            String::from(match (way, continues) {
                (Way::ChannelDriver, true) => "ends the AudioSocket channel",
                (_, true) => "continues the dialplan",
                (_, false) => "still hangs up the caller",
            })
        });
    }
    text
}

/// Returns a line for the application, with what the channel driver does differently.
fn both(name: &str, behaviour: impl Fn(Way) -> String) -> String {
    let application = behaviour(Way::Application);
    let driver = behaviour(Way::ChannelDriver);
    match application == driver {
        true => line(name, &application),
        false => line(name, &format!("{application}. Dial: {driver}")),
    }
}

fn consequence(behaviour: &Behaviour, way: &Consequences, rule: Rule) -> String {
    let Some(consequence) = behaviour.consequence_in(way, rule) else {
        let fork_accepts_digits = behaviour.channel_driver.digits == Some(DtmfDialect::StartStop);
        let reaction = match rule {
            Rule::ForbiddenKind if fork_accepts_digits => "accepts digits (0x02), skips the rest",
            Rule::EmptyAudio | Rule::ForbiddenKind => "skips it",
            Rule::UnknownRate => "supports all, 0x10 to 0x18",
            Rule::Idle => "waits indefinitely",
            Rule::StalledHeader => "does not wait",
            Rule::NoHangup => "treats it as a hangup",
            _ => "accepts it",
        };
        return format!("no violation: {reaction}");
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
