//! Where one message of a database protocol ends and the next begins. Never looks into one further
//! than its header, and knows no TLS: the servers of the tests offer none.

use std::{
    io::{self, Read},
    sync::atomic::{AtomicUsize, Ordering},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Postgres,
    /// MariaDB's too.
    Mysql,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// What the two directions of one connection have to know of each other.
#[derive(Debug, Default)]
pub struct Dialogue {
    /// PostgreSQL answers a request for encryption with a single byte.
    bytes_expected: AtomicUsize,
}

/// Cuts one direction of one connection into messages.
#[derive(Debug)]
pub struct Frames {
    protocol: Protocol,
    direction: Direction,
    /// PostgreSQL's client speaks first, in messages without a type.
    is_starting: bool,
}

/// PostgreSQL's requests for encryption, in the place of a protocol version.
const SSL: u32 = 80_877_103;
const GSSAPI: u32 = 80_877_104;

impl Frames {
    pub fn new(protocol: Protocol, direction: Direction) -> Self {
        let is_starting = protocol == Protocol::Postgres && direction == Direction::ToServer;
        Self { protocol, direction, is_starting }
    }

    /// The next whole message with its header, as it came; `None` at the end of the stream.
    pub fn next(
        &mut self,
        from: &mut impl Read,
        dialogue: &Dialogue,
    ) -> io::Result<Option<Vec<u8>>> {
        let mut message = vec![0];
        if from.read(&mut message)? == 0 {
            return Ok(None);
        }
        if self.protocol == Protocol::Mysql {
            read_more(from, &mut message, 3)?;
            let length = u32::from_le_bytes([message[0], message[1], message[2], 0]);
            read_more(from, &mut message, length as usize)?;
        } else if self.is_starting {
            read_more(from, &mut message, 7)?;
            let code = big_endian(&message[4..]);
            let length = big_endian(&message) as usize;
            read_more(from, &mut message, length.saturating_sub(8))?;
            self.is_starting = code == SSL || code == GSSAPI;
            if self.is_starting {
                dialogue.bytes_expected.fetch_add(1, Ordering::SeqCst);
            }
        } else if !(self.direction == Direction::ToClient && dialogue.takes_a_byte()) {
            read_more(from, &mut message, 4)?;
            let length = big_endian(&message[1..]) as usize;
            read_more(from, &mut message, length.saturating_sub(4))?;
        }
        Ok(Some(message))
    }
}

impl Dialogue {
    fn takes_a_byte(&self) -> bool {
        let order = Ordering::SeqCst;
        self.bytes_expected.fetch_update(order, order, |count| count.checked_sub(1)).is_ok()
    }
}

fn read_more(from: &mut impl Read, message: &mut Vec<u8>, bytes: usize) -> io::Result<()> {
    let start = message.len();
    message.resize(start + bytes, 0);
    from.read_exact(&mut message[start..])
}

fn big_endian(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
