fn main() {
    // Start files would bring in the C library's `main`. This program is linked but never run.
    println!("cargo::rustc-link-arg-bins=-nostartfiles");
    // For memcpy, memmove, memset and memcmp, which every compiler expects, also for microcontrollers.
    println!("cargo::rustc-link-arg-bins=-lc");
    println!("cargo::rerun-if-changed=build.rs");
}
