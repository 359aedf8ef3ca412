//! A file that is deleted with the test.

use std::fs;
use std::path::{Path, PathBuf};

pub struct TestFile(PathBuf);

impl TestFile {
    pub fn new(name: &str, bytes: &[u8]) -> TestFile {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, bytes).unwrap();
        TestFile(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
