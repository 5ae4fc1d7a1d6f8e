//! The interfaces `log`, `entropy` and `settings`: what a guest may say, the only chance it is given, and what
//! the operator says to it. All of it was fixed before the hook began: the host reads nothing here.

use super::{
    HookError, HookEvent,
    bindings::runner::alteration::{entropy, log, settings},
    error::cut,
    log::Level,
    state::HookState,
};
use crate::alteration::Permission;

impl log::Host for HookState {
    async fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.statements.gate.session().await;
        self.statements.log.line(level, &message);
        Ok(())
    }

    async fn progress(&mut self, done: u64, total: Option<u64>) -> wasmtime::Result<()> {
        self.statements.gate.session().await;
        self.statements.log.event(HookEvent::Progress { done, total });
        Ok(())
    }
}

impl HookState {
    fn permit_entropy(&mut self) -> wasmtime::Result<()> {
        if self.permissions.contains(&Permission::Entropy) {
            return Ok(());
        }
        self.undeclared = Some(HookError::Undeclared("entropy"));
        Err(wasmtime::Error::msg("entropy is not permitted"))
    }
}

impl entropy::Host for HookState {
    async fn random_bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.permit_entropy()?;
        if length as usize > self.limits.result_bytes_max {
            return Err(wasmtime::Error::msg("more random bytes than one result may hold"));
        }
        Ok(self.entropy.bytes(length as usize))
    }

    async fn now_ms(&mut self) -> wasmtime::Result<u64> {
        self.permit_entropy()?;
        Ok(self.entropy.now_ms)
    }
}

impl settings::Host for HookState {
    async fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        match self.settings.get(name.as_str()) {
            Some(value) => Ok(value.clone().map(String::from)),
            None => {
                self.undeclared = Some(HookError::UndeclaredSetting(cut(name)));
                Err(wasmtime::Error::msg("the setting is not declared"))
            }
        }
    }
}
