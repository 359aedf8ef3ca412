//! A small file system that fills up quickly.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of 64 KiB in a folder, if the test may mount one.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it, or prints why the test is skipped.
    pub fn mount(path: &Path) -> Option<SmallDisk> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64k", "none"])
            .arg(path);
        match mount.output() {
            Ok(output) if output.status.success() => Some(SmallDisk(path.to_path_buf())),
            failed => {
                eprintln!("skipped: it needs to mount a small tmpfs: {failed:?}");
                None
            }
        }
    }

    /// Writes a file until the disk is full.
    pub fn fill(&self) {
        let mut file = File::create(self.0.join("fill")).unwrap();
        while file.write_all(&[0; 1024]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
