//! A test call to a server.

use core::fmt;
use std::boxed::Box;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::string::{String, ToString};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::{SimulatedAsterisk, SimulatedCaller};
use crate::asterisk::{Rule, Rules, Version, Violation, Way};
use crate::call::{Call, End, Event, PATIENCE, SendError};
use crate::server::Server;
use crate::wire::{Audio, Digit, InvalidDigit, SampleRate};

/// A test of a server: one call for each group of Asterisk versions that behave alike, at the same time.
///
/// ```
/// use std::error::Error;
/// use std::time::Duration;
/// use audiosocket::call::Call;
/// use audiosocket::simulator::TestCall;
///
/// fn answer(call: &mut Call) -> Result<(), Box<dyn Error + Send + Sync>> {
///     let voice = call.voice();
///     while let Some(event) = call.receive() {
///         if let Some(audio) = event.audio() {
///             voice.send_now(audio)?;
///         }
///     }
///     Ok(())
/// }
///
/// let report = TestCall::new().tone(Duration::from_millis(500)).press("5")?.run(answer)?;
/// assert!(report.passed(), "{report}");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
///
/// The caller performs the steps in order and hangs up at the end. Without any steps, the caller sends a tone for 1 s. To call a
/// server in another process or language by its address, use [`run_against`](TestCall::run_against).
#[derive(Clone, Debug)]
#[must_use = "it has to be placed"]
pub struct TestCall {
    versions: Vec<Rules>,
    script: Vec<Step>,
    is_one_way: bool,
}

/// A step of the caller.
#[derive(Clone, Copy, Debug)]
enum Step {
    Talk(Duration),
    Press(Digit),
    KeepSilent(Duration),
}

/// The time a key is held, as in Asterisk's `SendDTMF()`.
const KEY_HELD: Duration = Duration::from_millis(100);
/// The time that the caller receives after the last step, so that frames in transit arrive.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// The time between two checks whether the other side has finished.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

impl TestCall {
    /// Creates a call from one version of each group that behaves alike, including the start-stop fork.
    ///
    /// The groups are the rows of the [table](crate::asterisk::TABLE).
    pub fn new() -> TestCall {
        TestCall {
            versions: Version::REPRESENTATIVES
                .iter()
                .copied()
                .map(Rules::for_version)
                .collect(),
            script: Vec::new(),
            is_one_way: false,
        }
    }

    /// Sets the versions that call, in place of the default ones.
    pub fn versions<R: Into<Rules>>(mut self, rules: impl IntoIterator<Item = R>) -> TestCall {
        self.versions = rules.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the way in which all versions call: the application `AudioSocket()` or the channel driver.
    ///
    /// By default, the start-stop fork calls from the channel driver, because its application sends no digits. All other versions
    /// call from the application.
    pub fn through(mut self, way: Way) -> TestCall {
        for rules in &mut self.versions {
            *rules = rules.through(way);
        }
        self
    }

    /// Adds a tone: the caller sends a soft tone of 500 Hz.
    ///
    /// Its samples are 500 or -500, in frames of 20 ms at 8 kHz. The tone ends early if the server hangs up.
    pub fn tone(self, duration: Duration) -> TestCall {
        self.then(Step::Talk(duration))
    }

    /// Adds key presses of 100 ms each. A version that sends no digits sends nothing during a press.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidDigit`] for a character that is not on a key.
    pub fn press(mut self, digits: &str) -> Result<TestCall, InvalidDigit> {
        for digit in digits.chars() {
            self = self.then(Step::Press(Digit::try_from(digit)?));
        }
        Ok(self)
    }

    /// Adds a silence, in which Asterisk sends nothing. It ends early if the server hangs up.
    pub fn silence(self, duration: Duration) -> TestCall {
        self.then(Step::KeepSilent(duration))
    }

    /// Lets a server that sends nothing pass. Use it for a server that only receives, for example to transcribe.
    ///
    /// Otherwise, a call on which the server sends nothing has not [passed](TestReport::passed), because the kernel accepts
    /// connections even for a server that hangs.
    pub const fn one_way(mut self) -> TestCall {
        self.is_one_way = true;
        self
    }

    /// Calls a server from all versions at the same time, until all calls have ended.
    ///
    /// # Errors
    ///
    /// Returns the error of a connection (see [`SimulatedAsterisk::connect`]) or of the system, such as a lack of threads: each
    /// version needs three.
    pub fn run_against(&self, address: impl ToSocketAddrs) -> io::Result<TestReport> {
        let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
        let calls = thread::scope(|scope| {
            let place = |rules: &Rules| {
                let (rules, addresses) = (*rules, &addresses[..]);
                thread::Builder::new().spawn_scoped(scope, move || self.place(rules, addresses))
            };
            // `collect` starts all calls before the first is waited for. All are waited for, also after an error.
            let calls: Vec<_> = self.versions.iter().map(place).collect();
            let outcomes = calls.into_iter().map(|call| {
                call?
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a caller's thread panicked")))
            });
            outcomes.collect::<Vec<io::Result<TestOutcome>>>()
        });
        let calls = calls.into_iter().collect::<io::Result<_>>()?;
        Ok(TestReport {
            calls,
            incidents: Vec::new(),
        })
    }

    /// Calls a new server with this handler from all versions at the same time.
    ///
    /// The system chooses the server's port. This method returns when the handlers of all calls have returned.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`run_against`](TestCall::run_against), and those of the server.
    pub fn run<F>(&self, handler: F) -> io::Result<TestReport>
    where
        F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
    {
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&incidents);
        let server = Server::builder()
            .on_incident(move |incident| {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push(incident.to_string());
            })
            .bind("127.0.0.1:0")?;
        let (address, handle) = (server.local_addr(), server.handle());
        let mut report = thread::scope(|scope| {
            let serving = thread::Builder::new().spawn_scoped(scope, || server.run(&handler))?;
            let report = self.run_against(address);
            handle.shut_down(PATIENCE);
            match serving.join() {
                Ok(served) => served.and(report),
                Err(_) => Err(io::Error::other("the server panicked")),
            }
        })?;
        report.incidents =
            core::mem::take(&mut *incidents.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(report)
    }

    fn then(mut self, step: Step) -> TestCall {
        self.script.push(step);
        self
    }

    fn place(&self, rules: Rules, addresses: &[SocketAddr]) -> io::Result<TestOutcome> {
        let uuid = SimulatedAsterisk::random_uuid();
        let mut asterisk = SimulatedAsterisk::connect_judged(addresses, uuid, rules)?;
        let (receiver, caller) = asterisk.split();
        let digits_not_pressed = thread::scope(|scope| {
            let performing = thread::Builder::new().spawn_scoped(scope, || self.perform(caller))?;
            let mut last_words: Option<Instant> = None;
            'call: loop {
                let now = Instant::now();
                if last_words.is_none() && performing.is_finished() {
                    last_words = now.checked_add(LAST_WORDS);
                }
                if last_words.is_some_and(|end| end <= now) {
                    break;
                }
                let next_look = now.checked_add(BETWEEN_LOOKS).unwrap_or(now);
                let until = last_words.map_or(next_look, |end| end.min(next_look));
                // The events themselves do not matter, because the call counts the frames.
                while !matches!(receiver.receive_until(until), Some(Event::TimeUp)) {
                    if receiver.end().is_some() {
                        break 'call;
                    }
                }
            }
            let performed = performing.join();
            performed.map_err(|_| io::Error::other("a caller's thread panicked"))
        })?;
        let (end, frames_received) = (asterisk.end(), asterisk.stats().frames_received);
        Ok(TestOutcome {
            rules,
            end,
            frames_received,
            digits_not_pressed,
            is_one_way: self.is_one_way,
            violations: asterisk.hang_up(),
        })
    }

    /// Performs all steps, until a send fails. Returns the digits that were not pressed.
    fn perform(&self, caller: &mut SimulatedCaller) -> Vec<Digit> {
        let default = [Step::Talk(Duration::from_secs(1))];
        let script = match self.script.as_slice() {
            [] => &default,
            script => script,
        };
        let mut left = script.iter();
        let failed = left.find(|step| step.perform(caller).is_err());
        let digits = failed
            .into_iter()
            .chain(left)
            .filter_map(|step| match step {
                Step::Press(digit) => Some(*digit),
                Step::Talk(_) | Step::KeepSilent(_) => None,
            });
        digits.collect()
    }
}

impl Step {
    fn perform(&self, caller: &mut SimulatedCaller) -> Result<(), SendError> {
        match *self {
            Step::Talk(duration) => {
                // 500 Hz at 8 kHz is 16 samples a period, half of them high.
                let tone: [i16; 160] = core::array::from_fn(|place| match place % 16 < 8 {
                    true => 500,
                    false => -500,
                });
                let mut bytes = [0; 320];
                let Ok(audio) = Audio::from_samples(SampleRate::Hz8000, &tone, &mut bytes) else {
                    return Ok(());
                };
                for _ in 0..duration.as_millis().saturating_div(20) {
                    caller.send_frame(audio)?;
                }
            }
            Step::Press(digit) => caller.press(digit, KEY_HELD)?,
            Step::KeepSilent(duration) => {
                caller.keep_silent(Duration::ZERO);
                let started = Instant::now();
                // In parts, because the server may hang up meanwhile.
                while !caller.has_ended() {
                    let left = duration.saturating_sub(started.elapsed());
                    if left.is_zero() {
                        break;
                    }
                    caller.keep_silent(left.min(BETWEEN_LOOKS));
                }
            }
        }
        Ok(())
    }
}

impl Default for TestCall {
    fn default() -> TestCall {
        TestCall::new()
    }
}

/// The result of a [`TestCall`].
///
/// As text, it lists the violations, a [remedy](Rule::remedy) for each violated rule, and the incidents, one a line.
#[derive(Clone, Debug)]
#[must_use = "a report that nobody looks at lets a failed test pass"]
pub struct TestReport {
    calls: Vec<TestOutcome>,
    incidents: Vec<String>,
}

impl TestReport {
    /// Returns whether the server passed: no incident, and each call [passed](TestOutcome::passed).
    ///
    /// A handler that fails or panics is an incident. A server that only receives passes with [`TestCall::one_way`]. A test without
    /// calls has not passed.
    pub fn passed(&self) -> bool {
        !self.calls.is_empty()
            && self.incidents.is_empty()
            && self.calls.iter().all(TestOutcome::passed)
    }

    /// Returns the calls, one for each version.
    pub fn calls(&self) -> &[TestOutcome] {
        &self.calls
    }

    /// Returns the rules that the server violated in any of the calls, each once, in the order of [`Rule::ALL`].
    pub fn violated_rules(&self) -> impl Iterator<Item = Rule> + '_ {
        let found = |rule: &Rule| {
            let mut violations = self.calls.iter().flat_map(|call| &call.violations);
            violations.any(|it| it.rule == *rule)
        };
        Rule::ALL.iter().copied().filter(found)
    }

    /// Returns the incidents of the server that [`run`](TestCall::run) started.
    ///
    /// Examples are handlers that failed or panicked. They are not violations, because the server still hangs up cleanly.
    pub fn incidents(&self) -> &[String] {
        &self.incidents
    }
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passed() {
            return f.write_str("no version reports a violation");
        }
        if self.calls.is_empty() {
            return f.write_str("no call was placed: choose at least one version");
        }
        let mut separator = "";
        for call in &self.calls {
            for violation in &call.violations {
                let version = call.rules.version();
                write!(f, "{separator}Asterisk {version}: {violation}")?;
                separator = "\n";
            }
            if call.lacks_an_answer() {
                let version = call.rules.version();
                write!(
                    f,
                    "{separator}Asterisk {version}: the server sent nothing: if it only receives, test it with one_way()"
                )?;
                separator = "\n";
            }
            if !call.digits_not_pressed.is_empty() {
                let version = call.rules.version();
                write!(
                    f,
                    "{separator}Asterisk {version}: the call ended before these digits were pressed: "
                )?;
                for digit in &call.digits_not_pressed {
                    write!(f, "{digit}")?;
                }
                separator = "\n";
            }
        }
        for rule in self.violated_rules() {
            write!(f, "{separator}remedy for {rule}: {}", rule.remedy())?;
            separator = "\n";
        }
        for incident in &self.incidents {
            write!(f, "{separator}{incident}")?;
            separator = "\n";
        }
        Ok(())
    }
}

/// The outcome of one call of a [`TestReport`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestOutcome {
    /// The rules of the version that called.
    pub rules: Rules,
    /// The violations of the server.
    pub violations: Vec<Violation>,
    /// How the call ended; `None` if the caller hung up.
    pub end: Option<End>,
    /// The number of frames received from the server. A hangup is not counted.
    pub frames_received: usize,
    /// The digits of [`press`](TestCall::press) that were not pressed, because the call ended first.
    ///
    /// A version that sends no digits still presses keys.
    pub digits_not_pressed: Vec<Digit>,
    is_one_way: bool,
}

impl TestOutcome {
    /// Returns whether the server passed: no violation, something received, and all digits pressed.
    pub fn passed(&self) -> bool {
        self.violations.is_empty() && self.digits_not_pressed.is_empty() && !self.lacks_an_answer()
    }

    /// Returns whether the server sent neither a frame nor a hangup, although the call was not [one-way](TestCall::one_way).
    pub const fn lacks_an_answer(&self) -> bool {
        !self.is_one_way
            && self.frames_received == 0
            && !matches!(self.end, Some(End::RemoteHangup))
    }
}
