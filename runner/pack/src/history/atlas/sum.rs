//! `atlas.sum`: a checksum for each file and all before it, and one for the whole list.
//!
//! A file's line is its name and the SHA-256, in base 64, of names and contents up to it; the first line is that of
//! all other lines' names and checksums. As Atlas, the first line that differs says what happened.

use crate::history::{
    error::{FileProblem, HistoryError},
    files::File,
};
use sha2::{Digest, Sha256};

const PREFIX: &str = "h1:";
const EDITED: &str = "it is not the file that atlas.sum has a checksum of";
const ADDED: &str = "atlas.sum does not have it at this place";
const REMOVED: &str = "atlas.sum has it, and it is not there";
const MALFORMED: &str = "it is malformed, or was edited";

struct Line {
    name: String,
    checksum: String,
}

/// Refuses a folder whose `files`, in order, are not as the file `sum` says.
pub(super) fn verify(sum: &File, files: &[&File]) -> Result<(), HistoryError> {
    let text = sum.settings()?;
    let (whole, listed) = parse(&text).ok_or_else(|| sum.problem(FileProblem::Sum(MALFORMED)))?;
    if whole != total(&listed) {
        return Err(sum.problem(FileProblem::Sum(MALFORMED)));
    }
    let found = lines(files)?;
    for (at, line) in listed.iter().enumerate() {
        let here = found.get(at);
        if here.is_some_and(|(_, here)| here.name == line.name && here.checksum == line.checksum) {
            continue;
        }
        let named = found.iter().position(|(_, other)| other.name == line.name);
        return Err(match (named, here) {
            (Some(place), Some((file, _))) if place == at => file.problem(FileProblem::Sum(EDITED)),
            (Some(_), Some((file, _))) => file.problem(FileProblem::Sum(ADDED)),
            _ => sum.beside(line.name.clone()).problem(FileProblem::Sum(REMOVED)),
        });
    }
    match found.get(listed.len()) {
        Some((file, _)) => Err(file.problem(FileProblem::Sum(ADDED))),
        None => Ok(()),
    }
}

fn parse(text: &str) -> Option<(String, Vec<Line>)> {
    let mut lines = text.lines();
    let whole = lines.next()?.strip_prefix(PREFIX)?.to_owned();
    let listed = lines.map(|line| {
        let (name, checksum) = line.split_once(PREFIX)?;
        Some(Line { name: name.trim().to_owned(), checksum: checksum.to_owned() })
    });
    Some((whole, listed.collect::<Option<_>>()?))
}

/// Returns the lines that `files` would have.
fn lines<'a>(files: &[&'a File]) -> Result<Vec<(&'a File, Line)>, HistoryError> {
    let mut hash = Sha256::new();
    let mut lines = Vec::with_capacity(files.len());
    for file in files {
        hash.update(&file.name);
        let bytes = file.bytes()?;
        if super::directive::is_ignored(&bytes) {
            continue;
        }
        hash.update(&bytes);
        let checksum = base64(&hash.clone().finalize());
        lines.push((*file, Line { name: file.name.clone(), checksum }));
    }
    Ok(lines)
}

fn total(lines: &[Line]) -> String {
    let mut hash = Sha256::new();
    for Line { name, checksum } in lines {
        hash.update(name);
        hash.update(checksum);
    }
    base64(&hash.finalize())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let padded = digit > group.len();
            text.push(if padded { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64() {
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (bytes, text) in table {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
