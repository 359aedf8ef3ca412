//! Gives the linker the memory layout of the board, if the build is for a board.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let here = env::var("CARGO_MANIFEST_DIR").expect("set by Cargo");
        println!("cargo::rustc-link-search={here}");
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
}
