//! `alteration_archive`: component bytes by checksum, compressed, in chunks.

use super::Record;
use crate::{
    BackendError,
    alteration::Checksum,
    connection::{Cell, Connection},
    recorded::read_one,
    transaction::Own,
};
use std::io::Read;
use tokio::task::JoinHandle;

/// Archived components are cut into pieces of this size: some servers bound a packet.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;
const COMPRESSION_LEVEL: i32 = 3;
/// A damaged archive must not unpack without end.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// A component that another thread packs.
pub(crate) type Packing = JoinHandle<std::io::Result<Vec<u8>>>;

/// Compresses a component for storage. Takes CPU time.
pub(crate) fn pack(component: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(component, COMPRESSION_LEVEL)
}

/// Returns the statements that store a component, in the transaction that it is to be part of; a chunk that is stored
/// already stays. Takes what [`pack`] made of the component if that was begun before.
pub(crate) async fn store(
    checksum: Checksum,
    component: &[u8],
    packing: Option<Packing>,
) -> Result<Vec<Own>, BackendError> {
    let packed = match packing {
        Some(packing) => packing.await.unwrap_or_else(|_| pack(component)),
        None => pack(component),
    };
    let packed = packed.map_err(|error| BackendError::Database(error.to_string()))?;
    let chunk = |(number, chunk): (usize, &[u8])| {
        // The ledger has one row.
        let sql = "INSERT INTO @archive (component_checksum, chunk, bytes)
             SELECT ?, ?, ? FROM @ledger WHERE NOT EXISTS (
                SELECT 1 FROM @archive WHERE component_checksum = ? AND chunk = ?)";
        let (checksum, number) = (Cell::text(checksum), Cell::integer(number as u64));
        let bytes = Cell::Bytes(Some(chunk.to_vec()));
        Own::run(sql, [checksum.clone(), number.clone(), bytes, checksum, number])
    };
    Ok(packed.chunks(CHUNK_BYTES).enumerate().map(chunk).collect())
}

/// Returns whether a component is stored. Asks outside of any transaction: what is committed is never removed.
pub(crate) async fn has(
    connection: &mut dyn Connection,
    checksum: Checksum,
) -> Result<bool, BackendError> {
    let sql = "SELECT chunk FROM @archive WHERE component_checksum = ? AND chunk = 0";
    let found = read_one(connection, Own::rows(sql, [Cell::text(checksum)])).await?;
    Ok(!found.is_empty())
}

/// Reads a component back, outside of any transaction, and verifies its checksum.
pub(crate) async fn read(
    connection: &mut dyn Connection,
    checksum: Checksum,
) -> Result<Option<Vec<u8>>, BackendError> {
    let sql = "SELECT bytes FROM @archive WHERE component_checksum = ? ORDER BY chunk";
    let rows = read_one(connection, Own::rows(sql, [Cell::text(checksum)])).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let damaged = || BackendError::ArchiveDamaged(checksum.to_string());
    let mut packed = Vec::new();
    for row in rows {
        let chunk = Record::new(row, "alteration_archive").maybe_bytes("bytes");
        packed.extend(chunk.ok().flatten().ok_or_else(damaged)?);
    }
    let mut component = Vec::new();
    zstd::Decoder::new(&packed[..])
        .map_err(|_| damaged())?
        .take(UNPACKED_BYTES_MAX)
        .read_to_end(&mut component)
        .map_err(|_| damaged())?;
    if Checksum::of(&component) == checksum { Ok(Some(component)) } else { Err(damaged()) }
}
