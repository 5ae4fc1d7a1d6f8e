//! `alteration_archive`: component bytes by checksum, compressed, in chunks.

use super::Record;
use crate::{
    alteration::Checksum,
    backend::{
        BackendError,
        connection::{Cell, Connection},
    },
    crash,
};
use std::io::Read;
use tokio::task::JoinHandle;

/// Archived components are cut into pieces of this size: some servers bound a packet.
const CHUNK_BYTES: usize = 1 << 20;
const COMPRESSION_LEVEL: i32 = 3;
/// A damaged archive must not unpack without end.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// A component that another thread packs.
pub(crate) type Packing = JoinHandle<std::io::Result<Vec<u8>>>;

/// A component as it is stored. Takes CPU time.
pub(crate) fn pack(component: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(component, COMPRESSION_LEVEL)
}

/// Stores a component, unless it is stored already; tells whether it was. Needs the caller's
/// transaction, and what [`pack`] made of the component if that was begun before.
pub(crate) async fn store(
    connection: &mut dyn Connection,
    checksum: Checksum,
    component: &[u8],
    packing: Option<Packing>,
) -> Result<bool, BackendError> {
    let sql = "SELECT chunk FROM @archive WHERE component_checksum = ? AND chunk = 0";
    if !connection.own_rows(sql, &[Cell::text(checksum)]).await?.is_empty() {
        return Ok(true);
    }
    let packed = match packing {
        Some(packing) => packing.await.unwrap_or_else(|_| pack(component)),
        None => pack(component),
    };
    let packed = packed.map_err(|error| BackendError::Database(error.to_string()))?;
    for (number, chunk) in packed.chunks(CHUNK_BYTES).enumerate() {
        let sql = "INSERT INTO @archive (component_checksum, chunk, bytes) VALUES (?, ?, ?)";
        let params =
            [Cell::text(checksum), Cell::integer(number as u64), Cell::Bytes(Some(chunk.to_vec()))];
        connection.own_execute(sql, &params).await?;
        crash::point("after a chunk of the archive");
    }
    Ok(false)
}

/// Reads a component back and verifies its checksum.
pub(crate) async fn read(
    connection: &mut dyn Connection,
    checksum: Checksum,
) -> Result<Option<Vec<u8>>, BackendError> {
    let sql = "SELECT bytes FROM @archive WHERE component_checksum = ? ORDER BY chunk";
    let rows = connection.own_rows(sql, &[Cell::text(checksum)]).await?;
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
