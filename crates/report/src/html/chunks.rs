//! Compressed chunks of JSON texts, each a `<script type="text/plain">` of base64, or a script file beside the page.
//!
//! A chunk is a gzip of the texts joined by line feeds (JSON has none within), so that the page finds a text by its number
//! without parsing the others. Chunks are compressed side by side and written in order: the same report is the same bytes.

use base64::Engine as _;
use flate2::{Compression, write::GzEncoder};
use sha2::Digest as _;
use std::io::{self, Write};
use std::path::PathBuf;

/// A chunk is closed beyond this size, uncompressed.
const SIZE: usize = 512 * 1024;

/// A text's place: the number of its chunk, and its number therein.
pub(crate) type Place = (u32, u32);

/// Where chunks go that do not fit into the page.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The folder, which exists.
    pub folder: PathBuf,
    /// Its path as seen from the page, such as `report.data`.
    pub link: String,
}

#[derive(Debug, Default)]
struct Open {
    number: u32,
    texts: u32,
    bytes: Vec<u8>,
}

/// Chunks that are being filled and written.
#[derive(Debug)]
pub(crate) struct Chunks {
    beside: Option<Beside>,
    /// What belongs into the page, and what may go beside it.
    open: [Open; 2],
    next: u32,
    full: Vec<(bool, Open)>,
    threads: usize,
    inline: u64,
}

impl Chunks {
    pub(crate) fn new(beside: Option<Beside>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let open = [Open::default(), Open { number: 1, ..Open::default() }];
        Self { beside, open, next: 2, full: Vec::new(), threads, inline: 0 }
    }

    pub(crate) fn folder(&self) -> Option<&str> {
        self.beside.as_ref().map(|b| b.link.as_str())
    }

    /// Adds a text. One that is `wanted` stands in the page itself, as long as there is room.
    pub(crate) fn add(&mut self, out: &mut impl Write, text: &[u8], wanted: bool) -> io::Result<Place> {
        let aside = self.beside.is_some() && (!wanted || self.inline > super::INLINE);
        let open = &mut self.open[usize::from(aside)];
        let place = (open.number, open.texts);
        let from = open.bytes.len();
        open.bytes.extend_from_slice(text);
        // In JSON a line feed is white space, and never within a text.
        open.bytes[from..].iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        open.bytes.push(b'\n');
        open.texts += 1;
        if open.bytes.len() >= SIZE {
            let full = std::mem::replace(open, Open { number: self.next, ..Open::default() });
            self.next += 1;
            self.full.push((aside, full));
            if self.full.len() >= self.threads {
                self.write(out)?;
            }
        }
        Ok(place)
    }

    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        for (aside, open) in [false, true].into_iter().zip(std::mem::take(&mut self.open)) {
            if open.texts > 0 {
                self.full.push((aside, open));
            }
        }
        self.write(out)
    }

    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        let full = std::mem::take(&mut self.full);
        let packed: Vec<io::Result<String>> = std::thread::scope(|scope| {
            let work: Vec<_> = full.iter().map(|(_, open)| scope.spawn(|| pack(&open.bytes))).collect();
            let failed = || Err(io::Error::other("compression failed"));
            work.into_iter().map(|work| work.join().unwrap_or_else(|_| failed())).collect()
        });
        for ((aside, open), packed) in full.iter().zip(packed) {
            let packed = packed?;
            match self.beside.as_ref().filter(|_| *aside) {
                Some(beside) => {
                    let path = beside.folder.join(format!("{}.js", open.number));
                    std::fs::write(path, format!("mocktrialChunk({},\"{packed}\")\n", open.number))?;
                }
                None => {
                    self.inline += packed.len() as u64;
                    writeln!(out, "<script type=\"text/plain\" id=\"chunk{}\">{packed}</script>", open.number)?;
                }
            }
        }
        Ok(())
    }
}

fn pack(bytes: &[u8]) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    gzip.write_all(bytes)?;
    Ok(base64(&gzip.finish()?))
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}
