//! The map of owners, for those who read it.

use super::{Backend, BackendError, map, tables::schema};
use alteration_domain::record::Owners;

impl Backend {
    /// Which alteration made each object; empty where nothing is recorded yet.
    pub async fn owners(&mut self) -> Result<Owners, BackendError> {
        let Some(shared) = self.connection.clone() else { return Ok(Owners::default()) };
        let connection = &mut *shared.lock().await;
        connection.look().await?;
        let read = async {
            match schema::version(connection).await? {
                Some(version) => map::read(connection, version).await,
                None => Ok(Owners::default()),
            }
        };
        let read = read.await;
        connection.rollback().await?;
        read
    }
}
