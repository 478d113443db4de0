//! JSON as bytes that keep every float bit for bit: what a text of JSON does not promise.
//!
//! Reading is total: whatever the bytes are, it ends with a value or with nothing.

use serde_json::{Map, Number, Value as Json};

/// Deeper than anything we write; no input makes the reader go deeper.
const DEEPEST: usize = 200;

#[must_use]
pub fn pack(value: &Json) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

/// `None` when these are no bytes that [`pack`] wrote.
#[must_use]
pub fn unpack(bytes: &[u8]) -> Option<Json> {
    let mut reader = Reader { bytes };
    let value = reader.value(0)?;
    reader.bytes.is_empty().then_some(value)
}

fn write(value: &Json, bytes: &mut Vec<u8>) {
    match value {
        Json::Null => bytes.push(0),
        Json::Bool(false) => bytes.push(1),
        Json::Bool(true) => bytes.push(2),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => {
                bytes.push(3);
                write_size(whole, bytes);
            }
            (None, Some(whole)) => {
                bytes.push(4);
                bytes.extend(whole.to_le_bytes());
            }
            (None, None) => {
                bytes.push(5);
                bytes.extend(number.as_f64().unwrap_or(0.0).to_le_bytes());
            }
        },
        Json::String(text) => {
            bytes.push(6);
            write_text(text, bytes);
        }
        Json::Array(items) => {
            bytes.push(7);
            write_size(items.len() as u64, bytes);
            items.iter().for_each(|item| write(item, bytes));
        }
        Json::Object(fields) => {
            bytes.push(8);
            write_size(fields.len() as u64, bytes);
            for (name, value) in fields {
                write_text(name, bytes);
                write(value, bytes);
            }
        }
    }
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_size(text.len() as u64, bytes);
    bytes.extend(text.as_bytes());
}

/// Seven bits a byte, the lowest first.
fn write_size(mut size: u64, bytes: &mut Vec<u8>) {
    while size >= 0x80 {
        bytes.push((size as u8 & 0x7f) | 0x80);
        size >>= 7;
    }
    bytes.push(size as u8);
}

struct Reader<'b> {
    bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > DEEPEST {
            return None;
        }
        Some(match self.take(1)?[0] {
            0 => Json::Null,
            1 => false.into(),
            2 => true.into(),
            3 => self.size()?.into(),
            4 => i64::from_le_bytes(self.take(8)?.try_into().ok()?).into(),
            5 => Json::Number(Number::from_f64(f64::from_le_bytes(self.take(8)?.try_into().ok()?))?),
            6 => self.text()?.into(),
            7 => {
                let size = self.size()?;
                // Each item has a byte at least: what says to be longer than it is makes no room.
                let mut items = Vec::with_capacity(usize::try_from(size).ok()?.min(self.bytes.len()).min(1 << 16));
                for _ in 0..size {
                    items.push(self.value(depth + 1)?);
                }
                Json::Array(items)
            }
            8 => {
                let mut fields = Map::new();
                for _ in 0..self.size()? {
                    let name = self.text()?;
                    fields.insert(name.to_owned(), self.value(depth + 1)?);
                }
                Json::Object(fields)
            }
            _ => return None,
        })
    }

    fn text(&mut self) -> Option<&'b str> {
        let size = usize::try_from(self.size()?).ok()?;
        std::str::from_utf8(self.take(size)?).ok()
    }

    fn size(&mut self) -> Option<u64> {
        let mut size = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            size |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(size);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
    use serde_json::{Value as Json, json};

    #[test]
    fn what_was_packed_is_unpacked_bit_for_bit() {
        let floats = [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, -0.0, 1.7976931348623155e308];
        let value =
            json!({ "a": [null, true, false, 0, 127, 128, u64::MAX, -1, i64::MIN, "é", ""], "f": floats, "": {} });
        let back = unpack(&pack(&value)).unwrap();
        assert_eq!(back, value);
        for (at, float) in floats.iter().enumerate() {
            assert_eq!(back["f"][at].as_f64().unwrap().to_bits(), float.to_bits());
        }
    }

    #[test]
    fn bytes_that_are_none_give_nothing() {
        let whole = pack(&json!({ "a": [1, 2.5, "text"], "b": { "c": -7 } }));
        for end in 0..whole.len() {
            assert_eq!(unpack(&whole[..end]), None, "{end}");
        }
        assert_eq!(unpack(&[&whole[..], &[0]].concat()), None);
        for at in 0..whole.len() {
            for byte in [0, 5, 7, 8, 0x7f, 0xff] {
                let mut altered = whole.clone();
                altered[at] = byte;
                let _: Option<Json> = unpack(&altered);
            }
        }
        assert_eq!(unpack(&[7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), None);
        assert_eq!(unpack(&vec![7u8; 10_000]), None);
        assert_eq!(unpack(&[[7u8, 1].repeat(100_000), vec![0]].concat()), None);
    }
}
