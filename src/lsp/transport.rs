//! Messages on a stream: a header with a length, then JSON. What is no message is passed over, and the next one is read.

use std::io::{BufRead, Read};

use lsp_server::{Message, RequestId};

/// A text of more is no message.
const LARGEST: usize = 256 << 20;

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    Message(Message),
    /// Something that is no message, why, and who waits for an answer.
    Malformed(String, Option<RequestId>),
    Closed,
}

/// The next message, however long it takes.
pub fn read(input: &mut impl BufRead) -> Incoming {
    let Some(length) = read_length(input) else { return Incoming::Closed };
    if length > LARGEST {
        let mut rest = input.take(length as u64);
        return match std::io::copy(&mut rest, &mut std::io::sink()) {
            Ok(_) => Incoming::Malformed("the message is too large".to_owned(), None),
            Err(_) => Incoming::Closed,
        };
    }
    let mut body = Vec::new();
    match input.take(length as u64).read_to_end(&mut body) {
        Ok(read) if read == length => {}
        _ => return Incoming::Closed,
    }
    match serde_json::from_slice(&body) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Malformed(error.to_string(), asker(&body)),
    }
}

/// The id of what is JSON and might be a request.
fn asker(body: &[u8]) -> Option<RequestId> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let is_answer = value.get("result").is_some() || value.get("error").is_some();
    serde_json::from_value(value.get("id").filter(|_| !is_answer)?.clone()).ok()
}

/// The length that the next header says; lines that belong to no header are passed over. None at the end.
fn read_length(input: &mut impl BufRead) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        match input.take(1 << 16).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            if length.is_some() {
                return length;
            }
            continue;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
            && let Ok(value) = value.trim().parse()
        {
            length = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Incoming, read};

    #[test]
    fn messages_are_read_around_what_is_none() {
        let body = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let text = format!("garbage\n\nContent-Length: 3\r\n\r\n{{x}}Content-Length: {}\r\n\r\n{body}", body.len());
        // The third byte of the broken one ends it; what is left of it is no header.
        let mut input = text.as_bytes();
        assert!(matches!(read(&mut input), Incoming::Malformed(_, None)));
        assert!(matches!(read(&mut input), Incoming::Message(_)));
        assert!(matches!(read(&mut input), Incoming::Closed));
        let odd = r#"{"id":7,"method":3}"#;
        let text = format!("Content-Length: {}\r\n\r\n{odd}", odd.len());
        assert!(matches!(read(&mut text.as_bytes()), Incoming::Malformed(_, Some(id)) if id == 7.into()));
        let mut endless: &[u8] = b"Content-Length: 99999999999999\r\n\r\nabc";
        assert!(matches!(read(&mut endless), Incoming::Malformed(..)));
    }
}
