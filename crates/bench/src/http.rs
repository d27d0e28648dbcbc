//! As much HTTP/1.1 as a mock API server needs: one request after the other on a connection,
//! bodies with a length.

use memchr::memmem;

/// The largest request taken, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// One whole request at the start of a buffer.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// The bytes of the buffer that this request takes.
    pub(crate) length: usize,
}

/// Why a request cannot be answered; the connection is closed after saying so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    Malformed,
    LengthRequired,
    TooLarge,
}

impl Refusal {
    pub(crate) fn status(self) -> &'static str {
        match self {
            Refusal::Malformed => "400 Bad Request",
            Refusal::LengthRequired => "411 Length Required",
            Refusal::TooLarge => "413 Content Too Large",
        }
    }
}

/// The request at the start of `buffer`; none while bytes are missing.
pub(crate) fn frame(buffer: &[u8]) -> Result<Option<Frame<'_>>, Refusal> {
    let Some(head_end) = memmem::find(buffer, b"\r\n\r\n") else {
        return if buffer.len() > LARGEST { Err(Refusal::TooLarge) } else { Ok(None) };
    };
    let head = std::str::from_utf8(&buffer[..head_end]).map_err(|_| Refusal::Malformed)?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path), Some(_version)) = (first.next(), first.next(), first.next()) else {
        return Err(Refusal::Malformed);
    };
    let mut body_length = 0;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        if name.eq_ignore_ascii_case("content-length") {
            body_length = value.trim().parse().map_err(|_| Refusal::Malformed)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Refusal::LengthRequired);
        }
    }
    if body_length > LARGEST {
        return Err(Refusal::TooLarge);
    }
    let body_start = head_end + 4;
    let length = body_start + body_length;
    Ok(buffer.get(body_start..length).map(|body| Frame { method, path, body, length }))
}

/// Appends a whole response with a body of known length.
pub(crate) fn write_response(out: &mut Vec<u8>, status: &str, kind: &str, body: &[u8]) {
    out.extend_from_slice(
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(),
    );
    out.extend_from_slice(body);
}

/// Appends the head of a stream of server-sent events.
pub(crate) fn write_stream_head(out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
}

/// Appends one server-sent event as a chunk of its own.
pub(crate) fn write_event(out: &mut Vec<u8>, data: &str) {
    let length = "data: \n\n".len() + data.len();
    out.extend_from_slice(format!("{length:x}\r\ndata: {data}\n\n\r\n").as_bytes());
}

/// Appends the end of a stream.
pub(crate) fn write_stream_end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nContent-Length: 4\r\n\r\nbody";

    #[test]
    fn a_whole_request_is_framed_and_what_follows_it_left_alone() {
        let mut two = WHOLE.to_vec();
        two.extend_from_slice(b"GET ");
        let frame = frame(&two).unwrap().unwrap();
        assert_eq!((frame.method, frame.path), ("POST", "/v1/chat/completions"));
        assert_eq!(frame.body, b"body");
        assert_eq!(frame.length, WHOLE.len());
    }

    #[test]
    fn every_prefix_of_a_request_waits_for_the_rest() {
        for end in 0..WHOLE.len() {
            assert_eq!(frame(&WHOLE[..end]), Ok(None), "{end} bytes");
        }
    }

    #[test]
    fn a_body_without_a_length_is_refused() {
        let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(frame(chunked), Err(Refusal::LengthRequired));
        assert_eq!(frame(b"nonsense\r\n\r\n"), Err(Refusal::Malformed));
    }
}
