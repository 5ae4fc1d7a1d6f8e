//! The archive on SQLite: components by checksum, compressed, in chunks.

use super::error::{corrupt, host_error};
use crate::{alteration::Checksum, backend::BackendError, crash};
use sqlx::SqliteConnection;
use std::io::Read;

/// Archived components are cut into pieces of this size, as on backends that bound a row.
const CHUNK_BYTES: usize = 1 << 20;
const COMPRESSION_LEVEL: i32 = 3;
/// A damaged archive must not unpack without end.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// Stores a component, unless it is stored already.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    checksum: Checksum,
    component: &[u8],
) -> Result<(), BackendError> {
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM main.alteration_archive WHERE component_checksum = ?1",
    )
    .persistent(false)
    .bind(checksum.to_string())
    .fetch_one(&mut *connection)
    .await
    .map_err(host_error)?;
    if stored > 0 {
        return Ok(());
    }
    let packed = zstd::encode_all(component, COMPRESSION_LEVEL)
        .map_err(|error| BackendError::Database(error.to_string()))?;
    for (number, chunk) in packed.chunks(CHUNK_BYTES).enumerate() {
        sqlx::query(
            "INSERT INTO main.alteration_archive (component_checksum, chunk, bytes) VALUES (?1, ?2, ?3)",
        )
        .persistent(false)
        .bind(checksum.to_string())
        .bind(i64::try_from(number).unwrap_or(i64::MAX))
        .bind(chunk.to_vec())
        .execute(&mut *connection)
        .await
        .map_err(host_error)?;
        crash::point("after a chunk of the archive");
    }
    Ok(())
}

/// Reads a component back and verifies its checksum.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    checksum: Checksum,
) -> Result<Option<Vec<u8>>, BackendError> {
    let chunks: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT bytes FROM main.alteration_archive WHERE component_checksum = ?1 ORDER BY chunk",
    )
    .persistent(false)
    .bind(checksum.to_string())
    .fetch_all(connection)
    .await
    .map_err(corrupt)?;
    if chunks.is_empty() {
        return Ok(None);
    }
    let packed = chunks.concat();
    let damaged = || BackendError::ArchiveDamaged(checksum.to_string());
    let mut component = Vec::new();
    zstd::Decoder::new(&packed[..])
        .map_err(|_| damaged())?
        .take(UNPACKED_BYTES_MAX)
        .read_to_end(&mut component)
        .map_err(|_| damaged())?;
    if Checksum::of(&component) == checksum { Ok(Some(component)) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::{super::schema::upgrade, *};
    use sqlx::Connection;

    async fn memory() -> SqliteConnection {
        SqliteConnection::connect("sqlite::memory:").await.unwrap()
    }

    #[tokio::test]
    async fn the_archive_notices_damage() {
        let mut connection = memory().await;
        upgrade(&mut connection).await.unwrap();
        let component: Vec<u8> =
            (0..3_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let checksum = Checksum::of(&component);
        store(&mut connection, checksum, &component).await.unwrap();
        assert_eq!(read(&mut connection, checksum).await.unwrap(), Some(component));
        sqlx::query("UPDATE alteration_archive SET bytes = zeroblob(10) WHERE chunk = 1")
            .execute(&mut connection)
            .await
            .unwrap();
        let damaged = read(&mut connection, checksum).await;
        assert!(matches!(damaged, Err(BackendError::ArchiveDamaged(_))));
    }
}
