//! The WAV files that can be played, and the errors for those that cannot.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::slice;
use std::time::Duration;

use crate::common::wav_file::{WavFile, chunk, riff};
use audiosocket::wav::{Wav, WavError, WavErrorReason};
use audiosocket::wire::SampleRate;

/// Returns a folder for the files of one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[track_caller]
fn refused(bytes: &[u8]) -> WavError {
    Wav::read(bytes)
        .expect_err("a file that is not taken")
        .with_path("in.wav")
}

#[test]
fn each_rate_is_read() {
    for &rate in SampleRate::ALL {
        let file = WavFile {
            hz: rate.hz(),
            ..WavFile::default()
        };
        let wav = Wav::read(&file.bytes()[..]).unwrap();
        assert_eq!(wav.rate(), rate);
        assert_eq!(wav.bytes(), file.audio);
        assert_eq!(wav.samples().next(), Some(0x0100));
        assert_eq!(wav.samples().len(), 160);
        let seconds = 160.0 / f64::from(rate.hz());
        assert!(
            (wav.duration().as_secs_f64() - seconds).abs() < 1e-8,
            "{rate}"
        );
        assert_eq!(format!("{wav:?}"), format!("Wav({rate}, 160 samples)"));
    }
}

#[test]
fn unknown_chunks_are_skipped_in_any_order() {
    let file = WavFile::default();
    let (fmt, data) = (chunk(b"fmt ", &file.format()), chunk(b"data", &file.audio));
    let (odd, list) = (chunk(b"odd ", b"123"), chunk(b"LIST", b"INFO"));
    let stereo = WavFile {
        channels: 2,
        ..WavFile::default()
    };
    for chunks in [
        vec![fmt.clone(), data.clone()],
        vec![data.clone(), fmt.clone()],
        vec![
            odd.clone(),
            fmt.clone(),
            odd.clone(),
            list.clone(),
            data.clone(),
        ],
        vec![list.clone(), data.clone(), odd.clone(), fmt.clone(), list],
        // The first chunk of each kind counts.
        vec![fmt.clone(), chunk(b"fmt ", &stereo.format()), data.clone()],
        vec![data, chunk(b"data", b"12"), fmt],
    ] {
        let wav = Wav::read(&riff(&chunks)[..]).unwrap();
        assert_eq!(wav.bytes(), file.audio);
    }
}

#[test]
fn unknown_data_size_means_to_the_end_of_file() {
    for (audio_len, riff_len) in [
        (0x7fff_f000, 0x7fff_f024), // sox
        (0x7fff_ffff, 0x7fff_ffff), // Android's oboe
        (0xffff_ffff, 0xffff_ffff), // ffmpeg
        (0xffff_ffff, 0),
        (0, 0),
        (0, 36), // killed before it updated its header
        (0, 0xffff_ffff),
    ] {
        let file = WavFile {
            audio_len: Some(audio_len),
            riff_len: Some(riff_len),
            ..WavFile::default()
        };
        let wav = Wav::read(&file.bytes()[..]).unwrap();
        assert_eq!(wav.bytes(), file.audio, "{audio_len:#x} {riff_len:#x}");
    }
    // The RIFF header counts 8 bytes more, so the data chunk is empty and another chunk follows.
    let fmt = chunk(b"fmt ", &WavFile::default().format());
    let error = refused(&riff(&[fmt, chunk(b"data", b""), chunk(b"LIST", b"")]));
    assert!(matches!(error.reason(), WavErrorReason::Empty));
}

#[test]
fn riff_size_is_ignored_otherwise() {
    for riff_len in [0, 1, 36, 355, 357, 0x7fff_efff, 0xffff_ffff] {
        let file = WavFile {
            riff_len: Some(riff_len),
            ..WavFile::default()
        };
        let mut bytes = file.bytes();
        bytes.extend(b"TAG and more that is no chunk");
        assert_eq!(Wav::read(&bytes[..]).unwrap().bytes(), file.audio);
    }
}

#[test]
fn refused_file_is_named_in_one_line() {
    let good = WavFile::default();
    let fmt = chunk(b"fmt ", &good.format());
    let data = chunk(b"data", &good.audio);
    let sox = "; convert it: sox in.wav -r 8000 -c 1 -b 16 out.wav";
    let rest = "; convert the audio that it has: sox in.wav -r 8000 -c 1 -b 16 out.wav";
    let of = |tag, channels, bits, hz| {
        let file = WavFile {
            tag,
            channels,
            bits,
            hz,
            ..WavFile::default()
        };
        file.bytes()
    };
    let with_audio = |audio: &[u8], audio_len| {
        let audio = audio.to_vec();
        WavFile {
            audio,
            audio_len,
            ..WavFile::default()
        }
        .bytes()
    };
    for (bytes, reason, command) in [
        (of(1, 2, 16, 44_100), "is stereo, 16-bit, 44100 Hz", sox),
        (of(1, 1, 16, 22_050), "is mono, 16-bit, 22050 Hz", sox),
        (of(1, 1, 8, 8_000), "is mono, 8-bit, 8000 Hz", sox),
        (of(1, 1, 24, 8_000), "is mono, 24-bit, 8000 Hz", sox),
        (of(3, 1, 32, 8_000), "is mono, 32-bit float, 8000 Hz", sox),
        (of(6, 1, 8, 8_000), "is mono, A-law, 8000 Hz", sox),
        (of(7, 1, 8, 8_000), "is mono, u-law, 8000 Hz", sox),
        (of(0x31, 1, 0, 8_000), "is mono, GSM 6.10, 8000 Hz", sox),
        (of(0x11, 1, 4, 8_000), "is mono, IMA ADPCM, 8000 Hz", sox),
        (
            of(0x55, 1, 0, 8_000),
            "is mono, MP3, 8000 Hz",
            "; convert it: ffmpeg -i in.wav -ar 8000 -ac 1 -c:a pcm_s16le out.wav",
        ),
        (
            with_audio(&good.audio, Some(640)),
            "is truncated: it has 320 of 640 bytes of audio",
            rest,
        ),
        (
            with_audio(&[], Some(640)),
            "is truncated: it has 0 of 640 bytes of audio",
            "",
        ),
        (
            with_audio(&[1; 321], None),
            "ends inside a sample: it has 321 bytes of audio",
            rest,
        ),
        (with_audio(&[], None), "has no audio in its data chunk", ""),
        (
            riff(slice::from_ref(&data)),
            "has no fmt chunk, which describes the audio",
            "",
        ),
        (
            riff(slice::from_ref(&fmt)),
            "has no data chunk, which holds the audio",
            "",
        ),
        (
            riff(&[chunk(b"fmt ", &good.format()[..14]), data.clone()]),
            "has a fmt chunk of 14 bytes, expected 16",
            "",
        ),
        (
            of(0xfffe, 1, 16, 8_000),
            "has a fmt chunk of 18 bytes, expected 40",
            "",
        ),
        (
            b"\xff\xfb\x90\x64".to_vec(),
            "is an MP3 file, not WAV",
            "; convert it: ffmpeg -i in.wav -ar 8000 -ac 1 -c:a pcm_s16le out.wav",
        ),
        (
            vec![0; 320],
            "is not a WAV file: it starts with 000000000000000000000000",
            "; convert it if it is raw 16-bit audio at 8000 Hz: \
             sox -t raw -r 8000 -c 1 -b 16 -e signed in.wav out.wav",
        ),
        (
            b"<html>not found".to_vec(),
            "is not a WAV file: it starts with \"<html>not fo\"",
            "",
        ),
        (Vec::new(), "is empty", ""),
    ] {
        let error = refused(&bytes);
        assert_eq!(error.to_string(), format!("in.wav {reason}{command}"));
        assert_eq!(error.reason().to_string(), reason);
        let command = command.split_once(": ").map(|(_, command)| command);
        assert_eq!(error.suggested_command().as_deref(), command, "{reason}");
    }
}

/// Asterisk's sounds have no header.
#[test]
fn file_without_header_is_judged_by_extension() {
    let raw = "convert it if it is raw 16-bit audio at";
    for (name, advice) in [
        (
            "a.gsm",
            "convert it: sox -t gsm a.gsm -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            "a.ulaw",
            "convert it: sox -t ul -r 8000 -c 1 a.ulaw -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            "a.alaw",
            "convert it: sox -t al -r 8000 -c 1 a.alaw -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            "a.g722",
            "convert it: ffmpeg -i a.g722 -ar 8000 -ac 1 -c:a pcm_s16le out.wav",
        ),
        (
            "a.sln",
            &format!("{raw} 8000 Hz: sox -t raw -r 8000 -c 1 -b 16 -e signed a.sln out.wav"),
        ),
        (
            "a.sln16",
            &format!(
                "{raw} 16000 Hz: sox -t raw -r 16000 -c 1 -b 16 -e signed a.sln16 -r 8000 out.wav"
            ),
        ),
        (
            "a.pcm",
            &format!("{raw} 8000 Hz: sox -t raw -r 8000 -c 1 -b 16 -e signed a.pcm out.wav"),
        ),
    ] {
        let error = refused(&[0xd9; 330]).with_path(name);
        let reason = "is not a WAV file: it starts with d9d9d9d9d9d9d9d9d9d9d9d9";
        assert_eq!(error.to_string(), format!("{name} {reason}; {advice}"));
    }
    // Silence in A-law looks like text.
    let error = refused(&[0x55; 330]).with_path("a.alaw");
    assert!(
        error
            .to_string()
            .ends_with("; convert it: sox -t al -r 8000 -c 1 a.alaw -r 8000 -c 1 -b 16 out.wav")
    );
    // A file with a known header is judged by it.
    let error = refused(b"fLaC\0\0\0\x22").with_path("a.gsm");
    assert!(error.to_string().contains("is a FLAC file"), "{error}");
    assert!(!error.to_string().contains("-t gsm"), "{error}");
}

#[test]
fn unknown_data_size_allows_no_fmt_chunk_after() {
    let good = WavFile::default();
    let mut data = chunk(b"data", &good.audio);
    data[4..8].fill(0xff);
    let error = refused(&riff(&[data, chunk(b"fmt ", &good.format())]));
    assert!(
        matches!(error.reason(), WavErrorReason::NoFormat),
        "{error}"
    );
}

#[test]
fn no_prefix_of_a_file_is_accepted() {
    let good = WavFile::default();
    let (fmt, data) = (chunk(b"fmt ", &good.format()), chunk(b"data", &good.audio));
    for file in [
        riff(&[fmt.clone(), data.clone()]),
        riff(&[data, chunk(b"LIST", b"INFO"), fmt]),
    ] {
        assert!(Wav::read(&file[..]).is_ok());
        for len in 0..file.len() {
            assert!(Wav::read(&file[..len]).is_err(), "{len}");
        }
    }
}

/// Announces gigabytes, and fails when bytes are read that are not needed.
struct Announcing {
    header: Vec<u8>,
    place: usize,
}

impl Read for Announcing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(
            self.place < self.header.len(),
            "it was read after the result was known"
        );
        let rest = &self.header[self.place..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.place += len;
        Ok(len)
    }
}

#[test]
fn refused_file_is_not_read_further() {
    let file = WavFile {
        channels: 2,
        audio: Vec::new(),
        audio_len: Some(0x7fff_0000),
        ..WavFile::default()
    };
    let mut unknown_and_no_format = riff(&[chunk(b"data", b"")]);
    unknown_and_no_format[4..8].fill(0xff);
    for header in [
        // With the header of the data chunk, which has the size of the audio.
        file.bytes()[..44].to_vec(),
        b"fLaC".repeat(9),
        unknown_and_no_format,
    ] {
        assert!(Wav::read(Announcing { header, place: 0 }).is_err());
    }
}

#[test]
fn error_of_the_source_is_reported() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("out of tape"))
        }
    }
    let file = WavFile::default().bytes();
    for len in [0, 12, 20, 36, 44, 100] {
        let error = Wav::read(file[..len].chain(Failing)).unwrap_err();
        assert_eq!(error.to_string(), "the audio cannot be read: out of tape");
        assert!(matches!(error.reason(), WavErrorReason::Io(_)) && error.path().is_none());
    }
}

#[test]
fn error_of_an_opened_file_names_its_path() {
    let path = folder("opened").join("good.wav");
    fs::write(&path, WavFile::default().bytes()).unwrap();
    let wav = Wav::open(&path).unwrap();
    assert_eq!(wav.duration(), Duration::from_millis(20));

    let missing = path.with_file_name("missing.wav");
    let error = Wav::open(&missing).unwrap_err();
    assert_eq!(error.path(), Some(&*missing));
    let line = error.to_string();
    assert!(
        line.starts_with(&format!("{} cannot be read: ", missing.display())),
        "{line}"
    );
    let error = Wav::open(folder("opened")).unwrap_err();
    assert!(matches!(error.reason(), WavErrorReason::Io(_)), "{error}");
}

/// Two bytes of audio are the least that plays. One of these follows a data chunk of size 0.
#[test]
fn data_chunk_of_size_0_plays_what_follows() {
    let loud = WavFile::default().audio;
    // No letters of a chunk. Then letters, but a size beyond the end of the file. Then too few bytes for a chunk.
    for audio in [
        loud,
        [&b"data\x00\x01\x00\x00"[..], &[7; 100]].concat(),
        b"data".to_vec(),
        vec![0; 320],
    ] {
        let file = WavFile {
            audio: audio.clone(),
            audio_len: Some(0),
            ..WavFile::default()
        };
        assert_eq!(Wav::read(&file.bytes()[..]).unwrap().bytes(), audio);
    }
    let fmt = chunk(b"fmt ", &WavFile::default().format());
    let (empty, list) = (chunk(b"data", b""), chunk(b"LIST", b"INFO"));
    for chunks in [
        vec![fmt.clone(), empty.clone(), list.clone()],
        vec![empty, list, fmt],
    ] {
        let error = refused(&riff(&chunks));
        assert!(matches!(error.reason(), WavErrorReason::Empty), "{error}");
    }
}

#[test]
fn size_smaller_than_the_audio_is_reported() {
    let path = folder("understated").join("in.wav");
    let understated = WavFile {
        audio: [1, 2].repeat(400),
        audio_len: Some(320),
        ..WavFile::default()
    };
    // The size in the RIFF header may be smaller too.
    for riff_len in [None, Some(356)] {
        let file = WavFile {
            riff_len,
            ..understated.clone()
        };
        fs::write(&path, file.bytes()).unwrap();
        let error = Wav::open(&path).unwrap_err().with_path("in.wav");
        assert_eq!(
            error.to_string(),
            "in.wav has 800 bytes of audio, but its header states 320; convert all of it: \
             sox -t wav --ignore-length in.wav -r 8000 -c 1 -b 16 out.wav"
        );
    }
    // The RIFF size of a file in another format may be smaller too.
    let stereo = WavFile {
        channels: 2,
        ..understated
    };
    fs::write(&path, stereo.bytes()).unwrap();
    let error = Wav::open(&path).unwrap_err().with_path("in.wav");
    assert_eq!(
        error.to_string(),
        "in.wav is stereo, 16-bit, 8000 Hz, and has more audio than its header states; convert it: \
         sox -t wav --ignore-length in.wav -r 8000 -c 1 -b 16 out.wav"
    );
    // Chunks, tags, text, padding, and leftovers too short to matter.
    for behind in [
        chunk(b"LIST", &[7; 1000]),
        [b"TAG".to_vec(), vec![b' '; 1000]].concat(),
        b"ID3\x04\0\0\0\0\x07\x76"
            .iter()
            .copied()
            .chain([0x80; 1000])
            .collect(),
        vec![0; 100_000],
        vec![0x80; 319],
    ] {
        let bytes = [WavFile::default().bytes(), behind].concat();
        fs::write(&path, bytes).unwrap();
        assert_eq!(Wav::open(&path).unwrap().bytes(), WavFile::default().audio);
    }
}

/// The file has holes instead of gigabytes. Reading it would take memory and seconds. Unit tests of `wav` show that it is not read.
#[test]
fn files_of_gigabytes_are_refused() {
    let path = folder("large").join("large.wav");
    let header = |audio_len| {
        let file = WavFile {
            audio: Vec::new(),
            audio_len: Some(audio_len),
            riff_len: Some(0xffff_ffff),
            ..WavFile::default()
        };
        file.bytes()
    };
    for (len, audio_len, message) in [
        (
            5 << 30,
            0xffff_ffff,
            "has too much audio: expected at most 2147479550 bytes",
        ),
        (
            5 << 30,
            0,
            "has too much audio: expected at most 2147479550 bytes",
        ),
        (
            1 << 30,
            0x7000_0000,
            "is truncated: it has 1073741780 of 1879048192 bytes of audio",
        ),
    ] {
        fs::write(&path, header(audio_len)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_len(len).unwrap();
        let error = Wav::open(&path).unwrap_err();
        assert_eq!(error.reason().to_string(), message);
    }
    fs::remove_file(path).unwrap();
}

/// Runs a file's command in a shell in the file's folder, and opens the resulting file.
#[track_caller]
fn converted(folder: &Path, name: &str, program: &str) -> Wav {
    let error = Wav::open(folder.join(name)).unwrap_err().with_path(name);
    let command = error.suggested_command().expect(name);
    assert!(command.starts_with(program), "{command}");
    let (_, made) = command.rsplit_once(' ').expect("an output");
    let made = folder.join(made);
    let _ = fs::remove_file(&made);
    let shell = Command::new("sh")
        .args(["-c", &command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(
        shell.status.success(),
        "{command}: {}",
        String::from_utf8_lossy(&shell.stderr)
    );
    let wav = Wav::open(&made).unwrap_or_else(|error| panic!("{command}: {error}"));
    assert_eq!(wav.rate(), SampleRate::Hz8000, "{command}");
    wav
}

/// Checks a conversion of half a second. Some encoders add silence or drop their last block, of up to `inexact`.
#[track_caller]
fn check_half_a_second(wav: &Wav, name: &str, inexact: Duration) {
    let off = wav.duration().abs_diff(Duration::from_millis(500));
    assert!(off < inexact + Duration::from_millis(2), "{name}: {wav:?}");
}

/// Half a second of audio that differs between encodings.
fn half_a_second(tag: u16, channels: u16, bits: u16, hz: u32) -> WavFile {
    let len = u32::from(channels) * u32::from(bits.div_ceil(8)) * hz / 2;
    WavFile {
        tag,
        channels,
        bits,
        hz,
        audio: (0..len)
            .map(|place| (place.wrapping_mul(place) % 251) as u8 / 8)
            .collect(),
        ..WavFile::default()
    }
}

fn is_missing(program: &str, version: &str) -> bool {
    match Command::new(program).arg(version).output() {
        Ok(_) => false,
        Err(error) => {
            println!("skipped: {program} cannot be run: {error}");
            true
        }
    }
}

/// Files that start like WAV files but have other headers.
fn relatives(file: &WavFile) -> [(&'static str, Vec<u8>); 3] {
    let audio = &file.audio;
    let sixty_four = |id: &[u8; 4]| {
        let mut ds64 = Vec::new();
        for number in [audio.len() + 72, audio.len(), audio.len() / 2] {
            ds64.extend((number as u64).to_le_bytes());
        }
        ds64.extend([0; 4]);
        let mut data = chunk(b"data", audio);
        data[4..8].fill(0xff);
        let mut bytes = riff(&[chunk(b"ds64", &ds64), chunk(b"fmt ", &file.format()), data]);
        bytes[..4].copy_from_slice(id);
        bytes[4..8].fill(0xff);
        bytes
    };
    let swapped = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .chunks(2)
            .flat_map(|pair| [pair[1], pair[0]])
            .collect()
    };
    let mut rifx = b"RIFX".to_vec();
    rifx.extend((audio.len() as u32 + 36).to_be_bytes());
    rifx.extend(b"WAVEfmt \0\0\0\x10\0\x01\0\x01\0\0\x1f\x40\0\0\x3e\x80\0\x02\0\x10data");
    rifx.extend((audio.len() as u32).to_be_bytes());
    rifx.extend(swapped(audio));
    [
        ("rifx.wav", rifx),
        ("rf64.wav", sixty_four(b"RF64")),
        ("bw64.wav", sixty_four(b"BW64")),
    ]
}

/// Every kind of file that sox converts.
#[test]
fn sox_commands_make_files_that_play() {
    if is_missing("sox", "--version") {
        return;
    }
    let folder = folder("converted-by-sox");
    let good = half_a_second(1, 1, 16, 8_000);
    let cut = WavFile {
        audio_len: Some(good.audio.len() as u32 + 1000),
        ..good.clone()
    };
    let understated = WavFile {
        audio_len: Some(320),
        ..good.clone()
    };
    let understated_stereo = WavFile {
        audio_len: Some(320),
        ..half_a_second(7, 2, 8, 16_000)
    };
    let mut half_a_sample = good.clone();
    half_a_sample.audio.push(0);
    fs::write(folder.join("good.wav"), good.bytes()).unwrap();
    for (name, file) in [
        ("stereo.wav", half_a_second(1, 2, 16, 44_100).bytes()),
        ("six channels.wav", half_a_second(1, 6, 16, 48_000).bytes()),
        ("22050.wav", half_a_second(1, 1, 16, 22_050).bytes()),
        ("it's 8-bit.wav", half_a_second(1, 1, 8, 8_000).bytes()),
        ("24-bit.wav", half_a_second(1, 1, 24, 16_000).bytes()),
        ("32-bit.wav", half_a_second(1, 2, 32, 96_000).bytes()),
        ("float.wav", half_a_second(3, 1, 32, 48_000).bytes()),
        ("double.wav", half_a_second(3, 1, 64, 48_000).bytes()),
        ("-a-law.wav", half_a_second(6, 1, 8, 8_000).bytes()),
        ("u-law.wav", half_a_second(7, 2, 8, 8_000).bytes()),
        ("out.wav", half_a_sample.bytes()),
        ("understated-stereo.wav", understated_stereo.bytes()),
        ("raw.wav", vec![0; 8000]),
        ("raw.sln16", vec![0; 16_000]),
        ("raw.ulaw", vec![0xff; 4000]),
        ("raw.alaw", vec![0xd5; 4000]),
        // 25 frames of 33 bytes, each of 20 ms, that start with 0xd.
        ("raw.gsm", [0xd0].repeat(33 * 25)),
    ] {
        fs::write(folder.join(name), &file).unwrap();
        check_half_a_second(&converted(&folder, name, "sox "), name, Duration::ZERO);
    }
    let [rifx, rf64, _] = relatives(&good);
    for (name, file) in [
        rifx,
        rf64,
        ("cut.wav", cut.bytes()),
        ("understated.wav", understated.bytes()),
    ] {
        fs::write(folder.join(name), &file).unwrap();
        let wav = converted(&folder, name, "sox ");
        assert!(wav.bytes() == good.audio, "{name}");
    }
    for (name, options) in [
        ("made.flac", ""),
        ("made.aiff", ""),
        ("made.au", ""),
        ("made.caf", ""),
        ("made.w64", ""),
        ("made.ogg", ""),
        ("ms.wav", "-e ms-adpcm"),
        ("ima.wav", "-e ima-adpcm"),
        ("gsm.wav", "-e gsm"),
    ] {
        let made = Command::new("sox")
            .arg("good.wav")
            .args(options.split_whitespace())
            .arg(name)
            .current_dir(&folder)
            .status();
        assert!(made.unwrap().success(), "{name}");
        let wav = converted(&folder, name, "sox ");
        check_half_a_second(&wav, name, Duration::from_millis(60));
        let is_exact = options.is_empty() && name != "made.ogg";
        assert!(!is_exact || wav.bytes() == good.audio, "{name}");
    }
}

/// Every kind of file that ffmpeg converts.
#[test]
fn ffmpeg_commands_make_files_that_play() {
    if is_missing("ffmpeg", "-version") {
        return;
    }
    let folder = folder("converted-by-ffmpeg");
    let good = half_a_second(1, 1, 16, 8_000);
    // A tag of 500 bytes.
    let mut tag = b"ID3\x04\0\0\0\0\x03\x6a".to_vec();
    tag.resize(500, 0);
    let [_, _, bw64] = relatives(&good);
    for (name, file) in [bw64, ("tagged.wav", [&tag[..], &good.bytes()].concat())] {
        fs::write(folder.join(name), &file).unwrap();
        let wav = converted(&folder, name, "ffmpeg ");
        assert!(wav.bytes() == good.audio, "{name}");
    }
    let stereo = WavFile {
        audio_len: Some(0),
        ..half_a_second(1, 2, 16, 8_000)
    };
    fs::write(folder.join("stereo-of-size-0.wav"), stereo.bytes()).unwrap();
    let wav = converted(&folder, "stereo-of-size-0.wav", "ffmpeg ");
    check_half_a_second(&wav, "stereo of size 0", Duration::ZERO);

    fs::write(folder.join("good.wav"), good.bytes()).unwrap();
    let made = Command::new("ffmpeg")
        .args(
            "-y -i good.wav made.mp3 made.opus made.webm made.wma made.m4a -ar 16000 made.g722"
                .split(' '),
        )
        .args("-c:a mp2 -ar 16000 mp2.wav -c:a libmp3lame mp3.wav -c:a g726 g726.wav".split(' '))
        .args("-c:a wmav2 -ar 16000 wma.wav -c:a g722 -ar 16000 g722.wav".split(' '))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    // ffmpeg writes 0x45 for G.726. RFC 2361 assigns 0x64 to it and 0x40 to its predecessor.
    let mut g726 = fs::read(folder.join("g726.wav")).unwrap();
    for (name, tag) in [("rfc-g726.wav", 0x64), ("rfc-g721.wav", 0x40)] {
        g726[20] = tag;
        fs::write(folder.join(name), &g726).unwrap();
    }
    let mut mp3 = fs::read(folder.join("made.mp3")).unwrap();
    assert!(mp3.starts_with(b"ID3"));
    let tag_len = 10 + usize::from(mp3[8]) * 128 + usize::from(mp3[9]);
    fs::write(folder.join("untagged.mp3"), mp3.split_off(tag_len)).unwrap();
    for name in [
        "made.mp3",
        "untagged.mp3",
        "made.opus",
        "made.webm",
        "made.wma",
        "made.m4a",
        "made.g722",
        "mp2.wav",
        "mp3.wav",
        "g726.wav",
        "rfc-g726.wav",
        "rfc-g721.wav",
        "wma.wav",
        "g722.wav",
    ] {
        let wav = converted(&folder, name, "ffmpeg ");
        check_half_a_second(&wav, name, Duration::from_millis(200));
    }
}
