//! WAV files built byte by byte, correct and faulty.

/// The headers and the content of a WAV file. The default is correct, and each part can be changed to a wrong value.
#[derive(Clone, Debug)]
pub struct WavFile {
    pub tag: u16,
    pub channels: u16,
    pub hz: u32,
    pub bits: u16,
    pub audio: Vec<u8>,
    /// The size in the header of the data chunk, if it differs from the size of the audio.
    pub audio_len: Option<u32>,
    /// The size in the RIFF header, if it differs from the size of the file.
    pub riff_len: Option<u32>,
}

impl Default for WavFile {
    fn default() -> WavFile {
        WavFile {
            tag: 1,
            channels: 1,
            hz: 8000,
            bits: 16,
            audio: (0..320_u16).map(|byte| byte.to_le_bytes()[0]).collect(),
            audio_len: None,
            riff_len: None,
        }
    }
}

impl WavFile {
    pub fn format(&self) -> Vec<u8> {
        let block_len = self.channels * self.bits.div_ceil(8);
        let mut bytes = Vec::new();
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.hz.to_le_bytes());
        bytes.extend((self.hz * u32::from(block_len)).to_le_bytes());
        bytes.extend(block_len.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        if self.tag != 1 {
            bytes.extend([0, 0]);
        }
        bytes
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut data = chunk(b"data", &self.audio);
        if let Some(len) = self.audio_len {
            data[4..8].copy_from_slice(&len.to_le_bytes());
        }
        let mut bytes = riff(&[chunk(b"fmt ", &self.format()), data]);
        if let Some(len) = self.riff_len {
            bytes[4..8].copy_from_slice(&len.to_le_bytes());
        }
        bytes
    }
}

/// A chunk, padded to an even length.
pub fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    bytes.extend(&[0][..content.len() % 2]);
    bytes
}

/// A file of these chunks.
pub fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut content = b"WAVE".to_vec();
    content.extend(chunks.concat());
    chunk(b"RIFF", &content)
}
