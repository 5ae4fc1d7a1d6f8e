//! What SQL must look like before it is packed. It is kept byte for byte, so nothing is repaired here:
//! what a database could not take is refused. Pure; does not parse SQL.

/// Upper bound for one SQL file.
pub const SQL_BYTES_MAX: usize = 64 << 20;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlTextError {
    #[error("there is no statement in it, and each step runs one; write it, or delete the file")]
    NoStatement,
    #[error("it is larger than {} MiB; load bulk data with a code component instead", SQL_BYTES_MAX >> 20)]
    TooLarge,
    #[error("line {line} is not UTF-8; save the file as UTF-8")]
    NotUtf8 { line: usize },
    #[error("it is UTF-16; save the file as UTF-8")]
    Utf16,
    #[error(
        "it starts with a byte order mark, which databases refuse; save the file as UTF-8 without one"
    )]
    ByteOrderMark,
    #[error("line {line} holds a NUL character, which databases refuse; remove it")]
    Nul { line: usize },
    #[error("line {line} ends with CR alone; save the file with LF")]
    CarriageReturn { line: usize },
}

pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the same bytes, but for a byte order mark.
pub(super) fn without_byte_order_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    bytes
}

/// Returns the text of an SQL file, unchanged.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, SqlTextError> {
    if bytes.len() > SQL_BYTES_MAX {
        return Err(SqlTextError::TooLarge);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(SqlTextError::Utf16);
    }
    let text = String::from_utf8(bytes).map_err(|error| SqlTextError::NotUtf8 {
        line: line_at(error.as_bytes(), error.utf8_error().valid_up_to()),
    })?;
    if text.starts_with('\u{feff}') {
        return Err(SqlTextError::ByteOrderMark);
    }
    if let Some(at) = text.find('\0') {
        return Err(SqlTextError::Nul { line: line_at(text.as_bytes(), at) });
    }
    Ok(text)
}

fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset].iter().filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_byte_for_byte() {
        let table = [
            "SELECT 1",
            "\r\n SELECT 'é' ;\r\n\t",
            "-- nothing to do",
            "",
            " \r\n\t\n",
            "-- migrate:up\nSELECT '-- migrate:down'",
        ];
        for sql in table {
            assert_eq!(decode(sql.into()).as_deref(), Ok(sql));
        }
    }

    #[test]
    fn refused() {
        let table: [(&[u8], SqlTextError); 5] = [
            (b"a\nb\n\xff", SqlTextError::NotUtf8 { line: 3 }),
            (b"cut \xc3", SqlTextError::NotUtf8 { line: 1 }),
            (b"\xff\xfeS\0", SqlTextError::Utf16),
            (b"\xef\xbb\xbfSELECT 1", SqlTextError::ByteOrderMark),
            (b"a\n\0", SqlTextError::Nul { line: 2 }),
        ];
        for (bytes, expected) in table {
            assert_eq!(decode(bytes.to_vec()), Err(expected), "{bytes:?}");
        }
        assert_eq!(decode(vec![b' '; SQL_BYTES_MAX + 1]), Err(SqlTextError::TooLarge));
    }
}
