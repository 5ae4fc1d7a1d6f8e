//! The application as its operator sees it: it refuses, then it starts.

use runner::{Control, DeployOptions, Runner};
use std::{
    path::Path,
    process::{Command, Output},
};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/acme/shop");

fn start(folder: &Path, plugins: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_startup-check"))
        .args(["sqlite:shop.db", plugins])
        .current_dir(folder)
        .output()
        .expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn deploy(folder: &Path, target: &str) {
    let url = format!("sqlite:{}", folder.join("shop.db").display());
    let target = runner::plan::Target::parse(&[target]).expect("a target");
    Runner::new(&url)
        .expect("a URL")
        .plugins([SHOP])
        .deploy(&DeployOptions { target, ..DeployOptions::default() }, &Control::default())
        .await
        .expect("the shop deploys");
}

#[tokio::test]
async fn it_starts_when_everything_is_deployed() {
    let folder = tempfile::tempdir().expect("a temporary folder");

    let refused = start(folder.path(), SHOP);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(text(&refused.stdout), "");
    assert!(!folder.path().join("shop.db").exists(), "a check creates nothing");

    deploy(folder.path(), "acme/shop@1.1.0").await;
    let refused = start(folder.path(), SHOP);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        text(&refused.stderr),
        "The shop does not start. Found undeployed database alterations: \
         acme/shop 1.2.0-1743465600-create-invoices; apply them with `runner deploy`\n"
    );

    deploy(folder.path(), "latest").await;
    let started = start(folder.path(), SHOP);
    assert_eq!(text(&started.stderr), "");
    assert_eq!(text(&started.stdout), "The shop is open.\n");
    assert_eq!(started.status.code(), Some(0));
}

#[test]
fn it_does_not_start_without_its_plugins() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = start(folder.path(), "plugins");
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(text(&refused.stderr), "The shop does not start. plugins: no such file or folder\n");
}
