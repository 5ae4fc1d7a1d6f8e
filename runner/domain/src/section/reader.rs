//! Reads the numbers, names and byte ranges that WebAssembly is made of. Allocates nothing.

/// The longest name that is read, as WebAssembly engines bound it.
const NAME_BYTES_MAX: usize = 100_000;

/// Why bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    /// Byte of the file.
    pub(super) offset: usize,
    pub(super) message: &'static str,
}

/// Bytes of a file, and how far they were read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the bytes begin in the file.
    start: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which begin at `start` in their file.
    pub(super) fn new(bytes: &'a [u8], start: usize) -> Self {
        Self { bytes, at: 0, start }
    }

    /// The next byte's offset in the file.
    pub(super) fn position(&self) -> usize {
        self.start + self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// All that is left.
    pub(super) fn rest(self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let end = self.at.checked_add(length);
        let read = end.and_then(|end| Some((end, self.bytes.get(self.at..end)?)));
        let (end, read) =
            read.ok_or(Broken { offset: self.position(), message: "unexpected end-of-file" })?;
        self.at = end;
        Ok(read)
    }

    /// A number of 32 bits, in LEB128: seven bits a byte, the lowest first, and a mark on all but the last byte.
    pub(super) fn number(&mut self) -> Result<u32, Broken> {
        let mut number = 0;
        for shift in (0..u32::BITS).step_by(7) {
            let byte = self.byte()?;
            let (bits, goes_on) = (u32::from(byte & 0x7f), byte & 0x80 != 0);
            number |= bits << shift;
            // Of the last byte only what is left of 32 bits counts.
            let is_last = shift + 7 > u32::BITS;
            if is_last && (goes_on || bits >> (u32::BITS - shift) != 0) {
                let message = match goes_on {
                    true => "invalid var_u32: integer representation too long",
                    false => "invalid var_u32: integer too large",
                };
                return Err(self.broken_before(message));
            }
            if !goes_on {
                break;
            }
        }
        Ok(number)
    }

    /// A name: its length, then that many bytes of UTF-8.
    pub(super) fn text(&mut self) -> Result<&'a str, Broken> {
        let length = self.number()? as usize;
        if length > NAME_BYTES_MAX {
            return Err(self.broken_before("string size out of bounds"));
        }
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.broken_before("malformed UTF-8 encoding"))
    }

    /// An error about the byte that was read last.
    fn broken_before(&self, message: &'static str) -> Broken {
        Broken { offset: self.position() - 1, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let table: [(&[u8], Result<u32, usize>); 8] = [
            (&[0], Ok(0)),
            (&[0x80, 1], Ok(128)),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], Ok(u32::MAX)),
            (&[0x80, 0x80, 0x80, 0x80, 0], Ok(0)),
            (&[0xff, 0xff, 0xff, 0xff, 0x1f], Err(4)),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0], Err(4)),
            (&[], Err(0)),
            (&[0x80], Err(1)),
        ];
        for (bytes, expected) in table {
            let read = Reader::new(bytes, 0).number().map_err(|broken| broken.offset);
            assert_eq!(read, expected, "{bytes:?}");
        }
    }
}
