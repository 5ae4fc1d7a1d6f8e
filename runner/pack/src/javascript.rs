//! Native `async` functions in a component of the QuickJS engine.
//!
//! The engine never drains promises: a hook that is an `async` function of its own "succeeds" at its first
//! `await`, with the rest of it undone. The JavaScript SDK lowers such functions; this finds those
//! that were not. It looks at the snapshot of the engine's memory, in which every function holds the
//! address and the length of the text that it was compiled from.
//!
//! Guards authors against a mistake, not operators against an author: whoever wants a hook to do nothing
//! needs no promise for it. Two limits follow from looking at functions and not at hooks. An `async`
//! function that no hook calls is found too. And what leaves no text behind is not: engines built to
//! drop it, and functions that `eval` makes while a hook runs. Other engines are not looked at;
//! StarlingMonkey runs its promises.

use std::collections::HashMap;
use wasmparser::{DataKind, DataSectionReader, Operator, Parser, Payload};

/// What every component of this engine carries: the name of the module that sets it up.
const ENGINE: &[u8] = b"componentize-qjs:shim.js";
const ASYNC: &[u8] = b"async";
/// Beyond it no snapshot reaches; the addresses are a stranger's, and memory is made for them.
const MEMORY_BYTES_MAX: usize = 256 << 20;
/// A function holds the length of its text not far from the text's address.
const LENGTH_WORDS_AWAY_MAX: usize = 4;
const SHOWN_CHARS_MAX: usize = 60;

/// Returns the native `async` functions of a component, each by the beginning of its text.
pub(super) fn native_async(component: &[u8]) -> Vec<String> {
    if find(component, ENGINE).is_none() {
        return Vec::new();
    }
    Parser::new(0)
        .parse_all(component)
        .filter_map(|payload| match payload {
            Ok(Payload::DataSection(reader)) => Some(memory(reader)),
            // What cannot be read is for those to say who compile it.
            _ => None,
        })
        .flat_map(|memory| functions(&memory))
        .collect()
}

/// Returns the memory as a core module's active data segments leave it.
fn memory(reader: DataSectionReader<'_>) -> Vec<u8> {
    let mut memory = Vec::new();
    for data in reader.into_iter().flatten() {
        let DataKind::Active { memory_index: 0, offset_expr } = data.kind else { continue };
        let Ok(Operator::I32Const { value }) = offset_expr.get_operators_reader().read() else {
            continue;
        };
        let start = value.cast_unsigned() as usize;
        let end = start + data.data.len();
        if end > MEMORY_BYTES_MAX {
            continue;
        }
        memory.resize(memory.len().max(end), 0);
        memory[start..end].copy_from_slice(data.data);
    }
    memory
}

fn functions(memory: &[u8]) -> Vec<String> {
    let mut texts = HashMap::new();
    let mut from = 0;
    while let Some(at) = find(&memory[from..], ASYNC).map(|at| from + at) {
        from = at + ASYNC.len();
        let rest = &memory[at..];
        let text = &rest[..rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())];
        if is_async_function(text) {
            texts.insert(at, text);
        }
    }
    // Text that is merely left over, or a string or a comment, is not referred to like that.
    let word = |at: usize| {
        let bytes: Option<[u8; 4]> = memory.get(at * 4..at * 4 + 4)?.try_into().ok();
        bytes.map(|bytes| u32::from_le_bytes(bytes) as usize)
    };
    let mut found: Vec<_> = (0..memory.len() / 4)
        .filter_map(|at| {
            let address = word(at)?;
            let text = *texts.get(&address)?;
            let near = at.saturating_sub(LENGTH_WORDS_AWAY_MAX)..=at + LENGTH_WORDS_AWAY_MAX;
            near.into_iter().any(|at| word(at) == Some(text.len())).then_some((address, text))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, text)| shown(text)).collect()
}

/// Returns whether the text of a function is that of an `async` one, and not of one that is called `async` or whose
/// parameter is.
fn is_async_function(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(ASYNC) else { return false };
    let after = rest.trim_ascii_start();
    match after.first() {
        Some(b'(') => is_followed_by_arrow(after),
        Some(b'=') | None => false,
        Some(b'*' | b'/' | b'[' | b'#' | b'"' | b'\'') => true,
        Some(_) => after.len() < rest.len(),
    }
}

/// Returns whether the parentheses that `text` begins with are an arrow function's.
fn is_followed_by_arrow(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text[at + 1..].trim_ascii_start().starts_with(b"=>");
        }
    }
    false
}

/// Returns the first line of a function, and not too much of that.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == what[0])?;
        if bytes[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds a component whose memory holds the engine's mark, then `texts`, each a C string; and for each of
    /// those that are `held` a function's three words: length, something else, address.
    fn component(mark: &str, texts: &[(&str, bool)]) -> Vec<u8> {
        let mut memory = vec![0; 16];
        let mut words = Vec::new();
        for (text, is_held) in texts {
            if *is_held {
                words.extend([text.len(), 7, memory.len()]);
            }
            memory.extend(text.bytes().chain([0]));
        }
        memory.resize(memory.len().next_multiple_of(4), 0);
        for word in words {
            memory.extend(u32::try_from(word).expect("small").to_le_bytes());
        }
        let escape =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\{byte:02x}")).collect() };
        // The snapshot is in pieces: what is zero between them is left out.
        let (one, two) = memory.split_at(memory.len() / 2);
        let text = format!(
            r#"(component (core module (memory 1) (data "{mark}") (data (i32.const {}) "{}") (data (i32.const {}) "{}")))"#,
            0,
            escape(one),
            one.len(),
            escape(two)
        );
        wat::parse_str(&text).expect("a component")
    }

    const MARK: &str = "componentize-qjs:shim.js";

    #[test]
    fn functions_that_are_held_are_found() {
        let texts = [
            ("async up() { await 1 }", true),
            ("function up() {}", true),
            ("async down() { /* only left over, or a string */ }", false),
            ("async (id) => {\n  await id;\n}", true),
        ];
        let found = native_async(&component(MARK, &texts));
        assert_eq!(found, ["async up() { await 1 }", "async (id) => {…"]);
        assert!(native_async(&component("another engine", &texts)).is_empty());
        assert!(native_async(b"no component").is_empty());
    }

    #[test]
    fn texts_of_functions() {
        for text in [
            "async function up() {}",
            "async up(a) {}",
            "async () => 1",
            "async(a, b = (1)) => 1",
            "async x => x",
            "async *up() {}",
            "async* up() {}",
            "async\nfunction* x() {}",
            "async [name]() {}",
            "async/**/x() {}",
            "async #secret() {}",
            "async 'up'() {}",
        ] {
            assert!(is_async_function(text.as_bytes()), "{text}");
        }
        for text in [
            "async() { return 1 }",
            "async (a, b) { return a => b }",
            "async => 1",
            "asyncUp() {}",
            "async",
            "async (",
            "function async() {}",
        ] {
            assert!(!is_async_function(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn addresses_are_a_strangers() {
        let module = format!(
            r#"(component (core module (memory 1) (data "{MARK}") (data (i32.const -1) "async up() {{}}")))"#
        );
        assert!(native_async(&wat::parse_str(&module).expect("a component")).is_empty());
    }
}
