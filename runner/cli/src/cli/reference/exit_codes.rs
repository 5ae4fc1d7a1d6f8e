//! The page of exit codes.

use super::{page, prose, source::Sources};
use crate::cli::explain::Exit;
use std::fmt::Write as _;

const ABOUT: &str = "How `runner` ends. The numbers are stable. With `--format json` an error's document has the same number in \
`error.exit_code`.";

#[test]
fn is_what_the_code_says() {
    let sources = Sources::read();
    let mut body = String::from("| Code | Meaning |\n|---|---|\n");
    for variant in &sources.enumeration("Exit").variants {
        let (_, code) = variant.discriminant.as_ref().expect("each code is a number");
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(code), .. }) = code else {
            panic!("each code is a number")
        };
        let _ = writeln!(
            body,
            "| {} | {} |",
            code.base10_digits(),
            prose(&super::source::doc(&variant.attrs))
        );
    }
    assert_eq!(body.lines().count() - 2, Exit::list().split("; ").count(), "{body}");
    page("exit-codes.md", "Exit codes", ABOUT, &body);
}
