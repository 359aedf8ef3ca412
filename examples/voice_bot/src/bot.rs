//! The loop of a call.

use std::error::Error;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, Direction, Event, KeyEvent, KeyEvents, Mark, Unplayed, Voice};
use audiosocket::resample::Resampler;
use audiosocket::wav::Wav;
use audiosocket::wire::{Audio, SampleRate};

use crate::dialogue::{GIVES_UP, GREETING, Next, Reply, STILL_THERE, reply_to, reply_to_key};
use crate::program::{Program, Run};
use crate::speech_detector::{Loudness, Sound, SpeechDetector};

type Failure = Box<dyn Error + Send + Sync>;

/// The helpers are asked for their answers this often on a silent line, else with each frame received.
const TICK: Duration = Duration::from_millis(40);
/// On a line without audio for this long, silence is assumed.
const LINE_GAP: Duration = Duration::from_millis(120);

/// The settings of all calls.
pub struct Bot {
    /// Receives speech, raw samples of 16 kHz, and writes the words that it has recognized, or nothing.
    pub recognizer: Program,
    /// Receives text, and writes a WAV file of 16-bit mono.
    pub synthesizer: Program,
    /// Leaves a result for the dialplan: its arguments are the call's UUID and the result.
    pub result: Program,
    /// How long a caller may be silent before the bot asks for them.
    pub silence: Duration,
    /// Receives a line for each thing that happens on a call.
    pub log: fn(String),
}

impl Bot {
    /// Handles a call until its end.
    ///
    /// # Errors
    ///
    /// One line of a helper that failed.
    pub fn answer(&self, call: &mut Call) -> Result<(), Failure> {
        let own_voice = Loudness::default();
        let noted = own_voice.clone();
        call.set_audio_hook(move |direction, audio, at| {
            if direction == Direction::Sent {
                noted.note(audio, at);
            }
        });
        call.with_player(|receiver, voice| {
            let mut talk = Talk::new(self, voice, SpeechDetector::new(own_voice));
            while let Some(event) = receiver.receive_until(Instant::now() + TICK) {
                talk.on_event(&event)?;
                talk.ask_helpers()?;
                talk.watch_silence()?;
            }
            Ok(())
        })
    }
}

/// A conversation with one caller.
struct Talk<'a> {
    bot: &'a Bot,
    voice: &'a Voice,
    detector: SpeechDetector,
    keys: KeyEvents,
    recognizing: Option<Run>,
    synthesizing: Option<(Run, Next)>,
    leaving_result: Option<Run>,
    /// The end of what is played, its length, and what follows.
    playing: Option<(Mark, Duration, Next)>,
    /// What an interruption has stopped, until it is known whether it was a word.
    interrupted: Option<(Unplayed, Next)>,
    greeted: bool,
    last_audio: Instant,
    quiet_since: Instant,
    silences: u32,
}

impl<'a> Talk<'a> {
    fn new(bot: &'a Bot, voice: &'a Voice, detector: SpeechDetector) -> Talk<'a> {
        let now = Instant::now();
        Talk {
            bot,
            voice,
            detector,
            keys: KeyEvents::new(),
            recognizing: None,
            synthesizing: None,
            leaving_result: None,
            playing: None,
            interrupted: None,
            greeted: false,
            last_audio: now,
            quiet_since: now,
            silences: 0,
        }
    }

    fn on_event(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        let now = Instant::now();
        if let Some(audio) = event.audio() {
            self.last_audio = now;
            self.on_audio(audio)?;
        } else if let Some(signal) = event.dtmf() {
            self.keys.push(signal, now);
        } else if *event == Event::TimeUp && now - self.last_audio > LINE_GAP {
            // A line that suppresses silence, or a key that is held.
            self.on_audio(Audio::new(
                SampleRate::Hz16000,
                &[0; TICK.as_millis() as usize * 32],
            )?)?;
        } else if let Event::MarkReached(mark) = event {
            self.on_mark(*mark)?;
        }
        while let Some(key) = self.keys.pop(now) {
            self.on_key(key)?;
        }
        Ok(())
    }

    fn on_audio(&mut self, audio: Audio<'_>) -> Result<(), Failure> {
        let mut sounds = Vec::new();
        self.detector.push(audio, |sound| sounds.push(sound));
        for sound in sounds {
            match sound {
                Sound::Started(speech) => {
                    self.stop_playing("voice");
                    let run = self.start(&self.bot.recognizer, &[])?;
                    run.feed(bytes_of(&speech));
                    self.recognizing = Some(run);
                }
                Sound::Speech(speech) => {
                    if let Some(run) = &self.recognizing {
                        run.feed(bytes_of(&speech));
                    }
                }
                Sound::Ended => {
                    self.quiet_since = Instant::now();
                    if let Some(run) = &mut self.recognizing {
                        run.finish();
                    }
                }
            }
        }
        Ok(())
    }

    fn on_key(&mut self, key: KeyEvent) -> Result<(), Failure> {
        self.stop_playing("key");
        if let KeyEvent::Press { digit, .. } = key {
            self.log(format_args!("pressed: {digit}"));
            self.recognizing = None;
            self.answer_with(reply_to_key(&digit.to_string()))?;
        }
        Ok(())
    }

    fn stop_playing(&mut self, reason: &str) {
        let Some((_, length, next)) = self.playing.take() else {
            return;
        };
        let unplayed = self.voice.clear();
        let frames = length.saturating_sub(unplayed.duration()).as_millis() / 20;
        self.log(format_args!("stopped by {reason} after {frames} frames"));
        self.interrupted = Some((unplayed, next));
    }

    fn answer_with(&mut self, reply: Reply) -> Result<(), Failure> {
        self.interrupted = None;
        self.silences = 0;
        self.say(reply)
    }

    fn say(&mut self, Reply { text, next }: Reply) -> Result<(), Failure> {
        self.log(format_args!("plays: {text}"));
        let mut run = self.start(&self.bot.synthesizer, &[])?;
        run.feed(text.into_bytes());
        run.finish();
        self.synthesizing = Some((run, next));
        Ok(())
    }

    /// Does what the helpers' answers ask for, if there are any.
    fn ask_helpers(&mut self) -> Result<(), Failure> {
        if let Some(words) = answer_of(self.recognizing.as_mut())? {
            self.recognizing = None;
            self.understand(String::from_utf8_lossy(&words).trim())?;
        }
        // The reply to a caller who goes on talking waits.
        if let (None, Some((run, next))) = (&self.recognizing, &mut self.synthesizing) {
            let next = *next;
            if let Some(wav) = run.answer()? {
                self.synthesizing = None;
                self.play(&wav, next)?;
            }
        }
        if answer_of(self.leaving_result.as_mut())?.is_some() {
            self.voice.hang_up();
        }
        Ok(())
    }

    fn understand(&mut self, words: &str) -> Result<(), Failure> {
        if !words.is_empty() {
            self.log(format_args!("recognized: {words}"));
            return self.answer_with(reply_to(words));
        }
        self.log(format_args!("recognized no word"));
        if let Some((unplayed, next)) = self.interrupted.take() {
            self.log(format_args!("goes on"));
            self.voice.play(unplayed.bytes())?;
            self.playing = Some((self.voice.mark(), unplayed.duration(), next));
        }
        Ok(())
    }

    fn play(&mut self, wav: &[u8], next: Next) -> Result<(), Failure> {
        let path = &self.bot.synthesizer.path;
        let wav = Wav::read(wav).map_err(|error| format!("synthesizer {path}: {error}"))?;
        let samples = at_rate(&wav, self.rate());
        let length = Duration::from_secs(samples.len() as u64) / self.rate().hz();
        self.voice.set_rate(self.rate())?;
        self.voice.play_samples(&samples)?;
        self.playing = Some((self.voice.mark(), length, next));
        Ok(())
    }

    fn on_mark(&mut self, reached: Mark) -> Result<(), Failure> {
        let Some((mark, length, next)) = self.playing else {
            return Ok(());
        };
        if mark == reached {
            self.log(format_args!(
                "played it, {} frames",
                length.as_millis().div_ceil(20)
            ));
            self.playing = None;
            self.quiet_since = Instant::now();
            match next {
                Next::Listen => {}
                Next::HangUp => self.voice.hang_up_after_playback(),
                Next::Transfer => {
                    self.log(format_args!("result: operator"));
                    let call = self.voice.uuid().to_string();
                    let mut run = self.start(&self.bot.result, &[&call, "operator"])?;
                    run.finish();
                    self.leaving_result = Some(run);
                }
            }
        }
        Ok(())
    }

    /// Greets the caller, asks for one who is silent, and gives up at the third time.
    fn watch_silence(&mut self) -> Result<(), Failure> {
        let is_busy = self.recognizing.is_some()
            || self.synthesizing.is_some()
            || self.leaving_result.is_some()
            || self.playing.is_some();
        if is_busy {
            return Ok(());
        }
        // The rate of the call is known with its first audio. A silent caller is greeted without.
        if !self.greeted
            && (self.voice.received_rate().is_some() || self.quiet_since.elapsed() > LINE_GAP)
        {
            self.greeted = true;
            return self.say(Reply {
                text: GREETING.into(),
                next: Next::Listen,
            });
        }
        if self.greeted && self.quiet_since.elapsed() > self.bot.silence {
            self.silences += 1;
            self.log(format_args!("silence {}", self.silences));
            return match self.silences {
                1 | 2 => self.say(Reply {
                    text: STILL_THERE.into(),
                    next: Next::Listen,
                }),
                3 => self.say(Reply {
                    text: GIVES_UP.into(),
                    next: Next::HangUp,
                }),
                // It has given up, and the call is ending.
                _ => Ok(()),
            };
        }
        Ok(())
    }

    fn start(&self, program: &Program, arguments: &[&str]) -> Result<Run, String> {
        program.start(arguments, &self.voice.uuid().to_string(), self.rate().hz())
    }

    fn rate(&self) -> SampleRate {
        self.voice.received_rate().unwrap_or(SampleRate::Hz8000)
    }

    fn log(&self, what: std::fmt::Arguments<'_>) {
        (self.bot.log)(format!("{} {what}", self.voice.uuid()));
    }
}

fn answer_of(run: Option<&mut Run>) -> Result<Option<Vec<u8>>, String> {
    run.map_or(Ok(None), Run::answer)
}

fn bytes_of(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

/// Returns the samples of a WAV file at another rate.
pub fn at_rate(wav: &Wav, rate: SampleRate) -> Vec<i16> {
    let mut resampler = Resampler::new(wav.rate(), rate);
    let mut samples: Vec<i16> = resampler.feed(wav.samples()).collect();
    samples.extend(resampler.finish());
    samples.split_off(resampler.delay())
}
