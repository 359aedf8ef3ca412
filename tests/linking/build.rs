fn main() {
    // Start files would bring in the C library's `main`; the program is linked, never run.
    println!("cargo::rustc-link-arg-bins=-nostartfiles");
    // For memcpy, memmove, memset and memcmp, which every compiler expects to find, on microcontrollers too.
    println!("cargo::rustc-link-arg-bins=-lc");
    println!("cargo::rerun-if-changed=build.rs");
}
