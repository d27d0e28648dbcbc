//! Compressed chunks of JSON texts, each a `<script type="text/plain">` of base64, or a script file beside the page.
//!
//! A chunk is a gzip of the texts joined by line feeds (JSON has none within), so that the page finds a text by its number
//! without parsing the others. Chunks are compressed side by side and written in order: the same report is the same bytes.

use base64::Engine as _;
use flate2::{Compression, write::GzEncoder};
use sha2::Digest as _;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread::JoinHandle;

/// A chunk is closed beyond this size, uncompressed.
const SIZE: usize = 512 * 1024;

/// So many are compressed at once. On every machine as many, for what goes beside the page depends on what has been written.
const AHEAD: usize = 4;

/// A text's place: the number of its chunk, and its number therein.
pub(crate) type Place = (u32, u32);

/// Where chunks go that do not fit into the page.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    /// The folder, which exists.
    pub(crate) folder: PathBuf,
    /// Its path as seen from the page, such as `report.data`.
    pub(crate) link: String,
}

#[derive(Debug, Default)]
struct Open {
    number: u32,
    texts: u32,
    bytes: Vec<u8>,
}

/// Chunks that are being filled, compressed and written.
#[derive(Debug)]
pub(crate) struct Chunks {
    beside: Option<Beside>,
    /// What belongs into the page, and what may go beside it.
    open: [Open; 2],
    next: u32,
    /// Those that are being compressed, in order.
    closed: VecDeque<Closed>,
    inline: u64,
}

#[derive(Debug)]
struct Closed {
    aside: bool,
    number: u32,
    packed: JoinHandle<io::Result<String>>,
}

impl Chunks {
    pub(crate) fn new(beside: Option<Beside>) -> Self {
        let open = [Open::default(), Open { number: 1, ..Open::default() }];
        Self { beside, open, next: 2, closed: VecDeque::new(), inline: 0 }
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
            self.close(out, aside, full)?;
        }
        Ok(place)
    }

    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        for (aside, open) in [false, true].into_iter().zip(std::mem::take(&mut self.open)) {
            if open.texts > 0 {
                self.close(out, aside, open)?;
            }
        }
        while !self.closed.is_empty() {
            self.write(out)?;
        }
        Ok(())
    }

    /// Has a chunk compressed while others are filled; what is waited for is bounded.
    fn close(&mut self, out: &mut impl Write, aside: bool, full: Open) -> io::Result<()> {
        let Open { number, bytes, .. } = full;
        let packed = std::thread::Builder::new().name("compress".into()).spawn(move || pack(&bytes))?;
        self.closed.push_back(Closed { aside, number, packed });
        if self.closed.len() > AHEAD {
            self.write(out)?;
        }
        Ok(())
    }

    /// Writes the first of those that are closed.
    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        let Some(Closed { aside, number, packed }) = self.closed.pop_front() else { return Ok(()) };
        let packed = packed.join().unwrap_or_else(|_| Err(io::Error::other("compression failed")))?;
        match self.beside.as_ref().filter(|_| aside) {
            Some(beside) => {
                let path = beside.folder.join(format!("{number}.js"));
                std::fs::write(path, format!("mocktrialChunk({number},\"{packed}\")\n"))
            }
            None => {
                self.inline += packed.len() as u64;
                writeln!(out, "<script type=\"text/plain\" id=\"chunk{number}\">{packed}</script>")
            }
        }
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
