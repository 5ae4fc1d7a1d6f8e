//! A rehearsal on a copy of the database, which is compared with the original first.

use super::Runner;
use crate::{
    alteration::{AlterationKey, Checksum},
    backend::{Access, Backend, DatabaseUrl, Snapshot},
    deploy::{Control, DeployOptions},
    error::Error,
    event::Report,
};
use std::collections::BTreeMap;

impl Runner {
    /// Applies what is pending to `scratch`, a copy of this runner's database, and leaves this one as it is. For alterations
    /// that cannot run in a transaction that is rolled back.
    pub async fn rehearse_on(
        &self,
        scratch: &DatabaseUrl,
        options: &DeployOptions,
        control: &Control,
    ) -> Result<Report, Error> {
        let mut original = self.connect(Access::Read).await?;
        let copy = Self { url: scratch.clone(), ..self.clone() };
        let mut there = copy.connect(Access::Read).await?;
        let compared = compare(self.url(), scratch, &mut original, &mut there).await;
        original.close().await;
        there.close().await;
        compared?;
        let report = copy.deploy(options, control).await?;
        // Only the copy's records say so.
        Ok(Report { rehearsed: true, released: Vec::new(), ..report })
    }
}

/// Makes sure that `scratch` is another database, in the same state.
async fn compare(
    database: &DatabaseUrl,
    scratch: &DatabaseUrl,
    original: &mut Backend,
    there: &mut Backend,
) -> Result<(), Error> {
    let (one, other) = (original.identity().await?, there.identity().await?);
    if database == scratch || (one.is_some() && one == other) {
        return Err(Error::RehearsesOnItself);
    }
    let applied = |snapshot: &Snapshot| -> BTreeMap<AlterationKey, Checksum> {
        snapshot.applied().map(|row| (row.key.clone(), row.checksum)).collect()
    };
    let (expected, found) =
        (applied(&original.snapshot().await?), applied(&there.snapshot().await?));
    let here = expected.iter().find(|(key, checksum)| found.get(key) != Some(checksum));
    let difference = match (here, found.keys().find(|key| !expected.contains_key(key))) {
        (None, None) if one.is_none() || other.is_some() || expected.is_empty() => return Ok(()),
        (Some((key, _)), _) => format!("{key} is not applied there, or another build of it"),
        (None, Some(key)) => format!("{key} is applied there alone"),
        (None, None) => "it is not there".to_owned(),
    };
    let (scratch, database) = (scratch.to_string(), database.to_string());
    Err(Error::NoCopy { scratch, database, difference })
}
