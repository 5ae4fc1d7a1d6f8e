//! SHA-256 checksums of components and of alterations.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, io, str::FromStr};

/// What is read at once to be hashed.
const PIECE_BYTES: usize = 1 << 16;

/// SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Checksum([u8; 32]);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a checksum is 64 lower-case hexadecimal digits (SHA-256)")]
pub struct ParseChecksumError;

impl Checksum {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The checksum of all that a reader gives, of which little is in memory at once.
    pub fn read(mut reader: impl io::Read) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(Self(hash.finalize().into())),
                read => hash.update(&piece[..read]),
            }
        }
    }

    /// The checksum of several parts. Each part's length is hashed too, so that moving a byte
    /// from one part to the next changes the result.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The first twelve digits: enough to recognise, short enough for a table.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(ParseChecksumError),
        };
        let text = text.as_bytes();
        if text.len() != 64 {
            return Err(ParseChecksumError);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Checksum {
    type Error = ParseChecksumError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Checksum> for String {
    fn from(checksum: Checksum) -> Self {
        checksum.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_value_and_round_trip() {
        let checksum = Checksum::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(checksum.to_string(), text);
        assert_eq!(text.parse(), Ok(checksum));
        assert!(text.to_uppercase().parse::<Checksum>().is_err());
        assert!(text[1..].parse::<Checksum>().is_err());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Checksum::of_parts([&b"ab"[..], b"c"]), Checksum::of_parts([&b"a"[..], b"bc"]));
    }
}
