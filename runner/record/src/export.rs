//! Tables written out row by row, and their rows counted, in a look.

use super::{Backend, BackendError, Export, RowSource, exported::Lines};

impl Backend {
    /// How a table is written out that [`Backend::things`] named so. In a look.
    pub async fn export_of(&mut self, table: &str) -> Result<Export, BackendError> {
        self.shared()?.lock().await.export_of(table).await
    }

    /// Hands each row to `line`. In a look.
    pub async fn export(
        &mut self,
        export: &Export,
        line: &mut Lines<'_>,
    ) -> Result<(), BackendError> {
        self.shared()?.lock().await.export(export, line).await
    }

    /// How many rows there are. In a look.
    pub async fn count_rows(&mut self, rows: &RowSource) -> Result<u64, BackendError> {
        let mut counted = None;
        let each = &mut |row: Vec<String>| counted = row.into_iter().next();
        self.shared()?.lock().await.each_row(&rows.count(), each).await?;
        let counted = counted.and_then(|count| count.trim_matches('\'').parse().ok());
        counted.ok_or_else(|| BackendError::Database("a count is no number".to_owned()))
    }
}
