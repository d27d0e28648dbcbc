//! Server-sent events, as servers really send them.
//!
//! Lines end with LF, CRLF or CR; comments and unknown fields are skipped; several `data` lines make
//! one event, joined by LF; the last event counts even where the blank line after it is missing.

/// More than this in one event is refused.
const MAX_EVENT: usize = 16 << 20;

/// An event's bytes exceeded the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Whether `[DONE]` ends these bytes, as it ends the streams of OpenAI and those who follow it.
pub(crate) fn ends_with_done(body: &[u8]) -> bool {
    body[body.len().saturating_sub(64)..].trim_ascii_end().ends_with(b"[DONE]")
}

/// The last event of these bytes, where it is whole: its lines, without the blank one after them. It looks
/// at no byte before that event.
pub(crate) fn last_event(body: &[u8]) -> Option<&[u8]> {
    let blank: &[u8] = if body.ends_with(b"\r\n\r\n") { b"\r\n\r\n" } else { b"\n\n" };
    let body = body.strip_suffix(blank)?;
    Some(memchr::memmem::rfind(body, blank).map_or(body, |at| &body[at + blank.len()..]))
}

/// Takes bytes in any pieces and gives whole events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    name: Vec<u8>,
    has_data: bool,
    after_cr: bool,
    begun: bool,
}

impl Events {
    /// Takes the next bytes; `give` is called with name and data of every event they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], give: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.line.extend_from_slice(bytes);
                return if self.line.len() > MAX_EVENT { Err(TooLong) } else { Ok(()) };
            };
            self.after_cr = bytes[end] == b'\r';
            if self.line.is_empty() {
                self.take_line(&bytes[..end], give)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&bytes[..end]);
                self.take_line(&line, give)?;
                line.clear();
                self.line = line;
            }
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    /// Takes the end of the stream.
    pub(crate) fn finish(&mut self, give: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, give)?;
        }
        self.take_line(b"", give)
    }

    fn take_line(&mut self, mut line: &[u8], give: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), TooLong> {
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                give(&self.name, &self.data);
            }
            self.data.clear();
            self.name.clear();
            return Ok(());
        }
        let (field, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                if self.data.len() > MAX_EVENT {
                    return Err(TooLong);
                }
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut give =
            |n: &[u8], d: &[u8]| out.push((String::from_utf8_lossy(n).into(), String::from_utf8_lossy(d).into()));
        let mut parser = Events::default();
        for piece in pieces {
            parser.push(piece, &mut give).unwrap();
        }
        parser.finish(&mut give).unwrap();
        out
    }

    #[test]
    fn all_line_ends_comments_and_several_data_lines_are_read() {
        let expected = vec![(String::new(), "a\nb".to_owned()), ("error".to_owned(), "c".to_owned())];
        for end in ["\n", "\r\n", "\r"] {
            let text =
                format!("\u{feff}: hello{end}data: a{end}data:b{end}{end}{end}event: error{end}id: 7{end}data: c");
            assert_eq!(events(&[text.as_bytes()]), expected, "{end:?}");
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(events(&bytes), expected, "byte by byte, {end:?}");
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Events::default();
        let piece = vec![b'x'; 1 << 20];
        let ended = (0..32).any(|_| parser.push(&piece, &mut |_, _| {}).is_err());
        assert!(ended);
    }
}
