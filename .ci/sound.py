"""The tone of which calls are made, and whether it has come through whole."""

import array
import functools
import math
import operator
import sys
import wave

from failure import Failure

FRAME_SECONDS = 0.020  # how much sound Asterisk puts into one frame

# What the lab's far legs say: write_sounds in asterisk-lab.sh says why it is like this.
TONE_HZ = 1007
TONE_AMPLITUDE = 8000

# What its tone3s holds: silence around the tone.
TONE_SECONDS = 3.0
QUIET_SECONDS = 0.2


def read_wav(path, channels=1):
    """The samples of a 16-bit file, those of several channels in turn, and their rate in Hz."""
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (channels, 2):
                raise Failure(f"{path.name} is not of 16 bits and {channels} channels")
            samples = array.array("h", file.readframes(file.getnframes()))
            rate = file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise Failure(f"no recording {path.name}: {error}") from None
    if sys.byteorder == "big":
        samples.byteswap()  # WAV is little-endian
    return samples, rate


def write_wav(path, samples, rate):
    """A 16-bit mono file."""
    samples = array.array("h", samples)
    if sys.byteorder == "big":
        samples.byteswap()  # WAV is little-endian
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def silence(seconds, rate):
    return array.array("h", bytes(2 * round(seconds * rate)))


@functools.cache
def sines_and_cosines(rate):
    """A second of TONE_HZ, after which it begins anew as it is a whole number of Hz, and a bit more to look beyond."""
    angles = [2 * math.pi * TONE_HZ * n / rate for n in range(rate + rate // 10)]
    return [math.sin(angle) for angle in angles], [math.cos(angle) for angle in angles]


def tone(seconds, rate):
    """Samples of the tone that the lab's far legs say too, from the begin of a period on."""
    sines, _ = sines_and_cosines(rate)
    return array.array("h", (round(TONE_AMPLITUDE * sines[n % rate]) for n in range(round(seconds * rate))))


def dot(left, right):
    return sum(map(operator.mul, left, right))


def tone_in(samples, first, count, rate):
    """How much TONE_HZ is in samples[first : first + count]: its amplitude, its phase in degrees, and the amplitude of
    the tone that would be as loud as everything in there. The phase is that at sample 0, so an unbroken tone has the
    same one wherever it is looked at. `count` is up to a tenth of a second."""
    sines, cosines = sines_and_cosines(rate)
    piece = samples[first : first + count]
    place = first % rate
    real = dot(piece, cosines[place : place + count])
    imaginary = dot(piece, sines[place : place + count])
    amplitude = 2 * math.hypot(real, imaginary) / count
    return amplitude, math.degrees(math.atan2(real, imaginary)), math.sqrt(2 * dot(piece, piece) / count)


def expect_unbroken_tone(samples, rate, sent_seconds=None, amplitude=TONE_AMPLITUDE):
    """A Failure unless the samples hold the tone, once, at this level, without a break or a click, and as long as it was
    sent. Returns its length in seconds.

    No tolerance is about time that passes: a recording is a count of samples, and a late frame is still in it. With 12
    busy loops beside it on a machine of two cores it came out the same to the sample, until the machine stood still for
    a second: then the server sends a frame of silence, which is in the recording.
    """
    # The recording is digital silence around the tone, except that a resampler rings at the tone's edges with up to 1 %
    # of its amplitude. A tenth is far from both, and a sine passes it within 0.1 ms of its begin.
    loud = [n for n, sample in enumerate(samples) if abs(sample) > amplitude / 10]
    if not loud:
        raise Failure(f"nothing was heard: the far leg has {len(samples) / rate:.2f} s of silence")
    first, last = loud[0], loud[-1]
    seconds = (last + 1 - first) / rate
    length = f"the tone {seconds:.3f} s long" + (f", {sent_seconds:.3f} s were sent" if sent_seconds else "")

    window = rate // 100  # 10 ms, half a frame: a lost frame is seen even if it is a short one
    starts = range(first, last + 2 - window, window)
    previous_phase = None
    for start in starts:
        at = f"{(start - first) / rate:.2f} s after its begin"
        found, phase, loudness = tone_in(samples, start, window, rate)
        # The measure itself is off by up to 1 %, as a window holds 10.07 periods. Resampling costs nothing visible. A
        # phase jump in the middle of a window, which comes out below as well, lowers its amplitude by 10 %.
        if not 0.8 < found / amplitude < 1.2:
            raise Failure(f"the tone breaks {at}: amplitude {found:.0f} of {amplitude:.0f}; {length}")
        # Foreign sound in the window; again 1 % is what the measure is off by.
        if not 0.8 < loudness / amplitude < 1.2:
            raise Failure(f"the tone is disturbed {at}: {loudness:.0f} loud instead of {amplitude:.0f}; {length}")
        # An unbroken tone moves by less than 3 degrees in this measure. A lost or doubled frame of 20 ms moves it by
        # 50, one of 10 ms by 25; if that falls inside a window, half of it shows before and half behind.
        jump = 0 if previous_phase is None else (phase - previous_phase + 180) % 360 - 180
        if abs(jump) > 10:
            raise Failure(f"the tone jumps {at}, as if sound were lost or doubled: phase off by {jump:.0f} degrees; "
                          f"{length}")
        previous_phase = phase

    # From one sample to the next it moves by no more than a sine does where it is steepest: so it was measured, after a
    # resampler too. After u-law, which rounds, it was 1.6 % more.
    steepest = 2 * amplitude * math.sin(math.pi * TONE_HZ / rate)
    steps = [abs(step) for step in map(operator.sub, samples[first + 1 : last + 1], samples[first:last])]
    if max(steps) > 1.03 * steepest:
        raise Failure(f"a click {steps.index(max(steps)) / rate:.4f} s after the tone's begin: a step by {max(steps)}, "
                      f"where the tone itself has none of more than {steepest:.0f}")

    # A sample or two is lost at the edges to the threshold above, and a resampler of Asterisk keeps the last 5 ms of a
    # call for itself. The least that a server can lose or double is a frame, 10 ms or more.
    if sent_seconds and abs(seconds - sent_seconds) > 0.0075:
        raise Failure(f"the tone is unbroken, but {length}")
    return seconds
