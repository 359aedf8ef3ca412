//! The report, on a host (`cargo run --release`) and on a board (with `--target thumbv7m-none-eabi`).

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
mod host {
    use std::fmt;
    use std::io::Write;

    struct Output;

    impl fmt::Write for Output {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            std::io::stdout()
                .write_all(text.as_bytes())
                .map_err(|_| fmt::Error)
        }
    }

    pub fn report() -> fmt::Result {
        asterisk_audiosocket_firmware::report(&mut Output)
    }
}

#[cfg(not(target_os = "none"))]
fn main() -> std::fmt::Result {
    host::report()
}

#[cfg(target_os = "none")]
mod board {
    use core::fmt;
    use core::panic::PanicInfo;

    use semihosting::io::Write;
    use semihosting::{eprintln, io, process};

    struct Output(io::Stdout);

    impl fmt::Write for Output {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write_all(text.as_bytes()).map_err(|_| fmt::Error)
        }
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        let written = io::stdout()
            .map(Output)
            .map(|mut output| asterisk_audiosocket_firmware::report(&mut output));
        process::exit(if matches!(written, Ok(Ok(()))) { 0 } else { 1 })
    }

    #[panic_handler]
    fn panic(info: &PanicInfo<'_>) -> ! {
        eprintln!("{info}");
        process::exit(101)
    }
}
