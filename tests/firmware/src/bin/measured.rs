//! Measures the flash, memory, stack and time of each part of the crate. The flash of a part is the difference between a build with
//! this part and a build with none. A build with all parts prints the memory each kept, the depth of its stack, and the ticks of
//! the system timer.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    eprintln!("measured: runs on a board only, --target thumbv7m-none-eabi");
    std::process::ExitCode::FAILURE
}

#[cfg(target_os = "none")]
mod board {
    use core::arch::asm;
    use core::hint::black_box;
    use core::panic::PanicInfo;
    use core::ptr::addr_of_mut;

    #[cfg(any(
        feature = "wire",
        feature = "detector",
        feature = "generator",
        feature = "resampler",
        feature = "g711"
    ))]
    use asterisk_audiosocket_firmware::parts;
    use asterisk_audiosocket_firmware::parts::Kept;
    use audiosocket::g711::Law;
    use audiosocket::wire::{Digit, SampleRate};
    use semihosting::io::Write;
    use semihosting::{io, process};

    /// A frame of each kind, a malformed frame, and the start of a frame that is too long.
    const RECEIVED: &[u8] = b"\x01\0\x10sixteen bytes id\
        \x10\0\x08\x01\x02\x03\x04\x05\x06\x07\x08\
        \x02\0\x06\x005\x64\0\0\0\
        \x03\0\x01#\
        \x03\0\x01?\
        \xff\0\x01\x04\
        \x77\0\x02ab\
        \0\0\0\
        \x10\x02\0\x01\x02";

    #[cortex_m_rt::entry]
    fn main() -> ! {
        // In each build, needed or not, so that the builds differ only in their parts.
        let received: &[u8] = black_box(RECEIVED);
        let (mut sent, mut samples) = ([0; 323], [0; 1600]);
        let sent: &mut [u8] = black_box(&mut sent);
        let samples: &mut [i16] = black_box(&mut samples);
        let digits: &[Digit] = black_box(&Digit::ALL);
        let rate = black_box(SampleRate::Hz8000);
        let rates = black_box([SampleRate::Hz8000, SampleRate::Hz16000]);
        let law = black_box(Law::Mu);
        let mut silence = [0; 800];
        let silence: &mut [i16] = black_box(&mut silence);
        start_timer();

        measure("nothing", &mut || 0);
        // Two instructions per round show how long a tick is.
        measure("loop", &mut || {
            unsafe {
                asm!("2: subs {0}, #1", "bne 2b", inout(reg) LOOPED / 2 => _);
            }
            0
        });
        #[cfg(feature = "wire")]
        measure("wire", &mut || parts::wire(received, &mut *sent));
        #[cfg(feature = "generator")]
        measure("generator", &mut || {
            parts::generator(rate, digits, &mut *samples)
        });
        // After the generator, because it detects the generator's tones.
        #[cfg(feature = "detector")]
        measure("detector", &mut || parts::detector(rate, &*samples));
        #[cfg(feature = "g711")]
        measure("g711", &mut || {
            parts::g711(law, &mut silence[..320], &mut sent[..320])
        });
        // Up for 20 ms and down for 20 ms.
        #[cfg(feature = "resampler")]
        {
            measure("resampler", &mut || {
                parts::resampler(rates, &samples[..160], &mut *silence)
            });
            let [low, high] = rates;
            measure("resampler-down", &mut || {
                parts::resampler([high, low], &samples[..320], &mut *silence)
            });
        }
        #[cfg(feature = "control-division")]
        measure("division", &mut || {
            (black_box(1_u64 << 40) / black_box(10_u64)) as usize
        });
        black_box((received, sent, samples, digits, rate, rates, law, silence));
        process::exit(0)
    }

    /// The number of instructions in the loop that measures a tick.
    const LOOPED: u32 = 1_000_000;

    /// Prints the name of a part, the bytes it kept, the bytes of stack it used, including those, and the ticks it took.
    #[inline(never)]
    fn measure(name: &str, part: &mut dyn FnMut() -> Kept) {
        let top = paint();
        let before = timer();
        let kept = part();
        let taken = before.wrapping_sub(timer()) & TIMER_BITS;
        let used = top - first_unpainted(top);
        print(name.as_bytes());
        print_number(kept);
        print_number(used);
        print_number(taken as usize);
        print(b"\n");
    }

    /// The system timer of every Cortex-M3 (ARMv7-M Architecture Reference Manual, B3.3): control, reload and current value. It
    /// counts down in 24 bits.
    const TIMER: *mut u32 = 0xe000_e010 as *mut u32;
    const TIMER_BITS: u32 = 0xff_ffff;

    fn start_timer() {
        // Nothing else uses the timer, and no interrupt is on.
        unsafe {
            TIMER.add(1).write_volatile(TIMER_BITS);
            TIMER.add(2).write_volatile(0);
            // Enabled, with the processor's clock.
            TIMER.write_volatile(0b101);
        }
    }

    fn timer() -> u32 {
        // As in `start_timer`.
        unsafe { TIMER.add(2).read_volatile() }
    }

    const PAINT: u32 = 0xa5c3_5a3c;

    unsafe extern "C" {
        /// The end of the static variables in memory. The stack grows towards it.
        static mut __sheap: u32;
    }

    /// Fills the free part of the stack with a pattern, and returns its end, the stack pointer.
    #[inline(always)]
    fn paint() -> usize {
        let top: usize;
        let mut word = addr_of_mut!(__sheap);
        // Nothing lies between the static variables and the stack pointer, and no interrupt is on.
        unsafe {
            asm!("mov {}, sp", out(reg) top);
            while (word as usize) < top {
                word.write_volatile(PAINT);
                word = word.add(1);
            }
        }
        top
    }

    #[inline(always)]
    fn first_unpainted(top: usize) -> usize {
        let mut word = addr_of_mut!(__sheap).cast_const();
        // As in `paint`.
        unsafe {
            while (word as usize) < top && word.read_volatile() == PAINT {
                word = word.add(1);
            }
        }
        word as usize
    }

    fn print(bytes: &[u8]) {
        if io::stdout()
            .and_then(|mut out| out.write_all(bytes))
            .is_err()
        {
            process::exit(1);
        }
    }

    /// Prints a number without `core::fmt`, which would make the program larger.
    fn print_number(mut number: usize) {
        let mut text = [b' '; 12];
        for place in text[1..].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        print(&text);
    }

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        process::exit(101)
    }
}
