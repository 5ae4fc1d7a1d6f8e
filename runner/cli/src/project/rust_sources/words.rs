//! Reads the tokens of one file: paths, included files, `#[path]`, and `impl` for types of others.
//!
//! Knows no module and asks no file system; `modules` gives what is found here a place.

use alteration_sdk_build::scan::Token;
use std::collections::BTreeSet;

/// Pushes the path at the start of `tokens`, or all of a group.
pub(super) fn follow(tokens: &[Token], mut path: Vec<String>, paths: &mut Vec<Vec<String>>) {
    let mut rest = tokens;
    loop {
        match rest {
            [Token::Word(name), after @ ..] => {
                if *name != "self" || path.is_empty() {
                    path.push((*name).to_owned());
                }
                match after {
                    [Token::Sign(':'), Token::Sign(':'), after @ ..] => rest = after,
                    _ => return paths.push(path),
                }
            }
            [Token::Sign('{'), inner @ ..] => {
                return parts(inner).for_each(|part| follow(part, path.clone(), paths));
            }
            // All of a module, or arguments of a type.
            _ => return paths.push(path),
        }
    }
}

/// Returns the parts of a group between its commas, up to the brace that ends it.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t [Token<'a>]> {
    let mut depth = 0_usize;
    let mut starts = vec![0];
    let mut end = tokens.len();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') if depth == 0 => {
                end = at;
                break;
            }
            Token::Sign('}') => depth -= 1,
            Token::Sign(',') if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts.into_iter().map(move |start| &tokens[start..end]).filter(|part| !part.is_empty())
}

/// Returns whether a path can begin after `before`: not in `pub(crate)`, nor within a path.
pub(super) fn is_start(before: &[Token]) -> bool {
    !matches!(
        before,
        [.., Token::Word("pub"), Token::Sign('(')]
            | [.., Token::Word("pub"), Token::Sign('('), Token::Word("in")]
            | [.., Token::Sign(':'), Token::Sign(':')]
    )
}

/// Returns the file that `#[path = "…"]` names before a `mod`.
pub(super) fn path_attribute<'a>(before: &[Token<'a>]) -> Option<&'a str> {
    // The attributes follow what ends the item before.
    let is_end = |token: &Token| matches!(token, Token::Sign(';' | '{' | '}'));
    let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    before[start..].windows(3).find_map(|window| match window {
        [Token::Word("path"), Token::Sign('='), Token::Text(path)] => Some(*path),
        _ => None,
    })
}

/// The file that a macro puts into the text.
pub(super) enum Included<'a> {
    /// A file beside the one that includes it.
    Beside(&'a str),
    /// A file of the project.
    OfProject(&'a str),
    /// A file that its text does not name.
    Unknown,
    /// A file that the build script wrote, or no macro.
    Nothing,
}

/// Reads what follows `include` and its like.
pub(super) fn included<'a>(tokens: &[Token<'a>]) -> Included<'a> {
    let open = Token::Sign('(');
    match tokens {
        [Token::Sign('!'), Token::Sign('(' | '[' | '{'), inner @ ..] => match inner {
            [Token::Text(path), Token::Sign(')' | ']' | '}' | ','), ..] => Included::Beside(path),
            [
                Token::Word("concat"),
                Token::Sign('!'),
                first,
                Token::Word("env"),
                Token::Sign('!'),
                second,
                Token::Text(variable),
                Token::Sign(')'),
                Token::Sign(','),
                Token::Text(path),
                Token::Sign(')' | ','),
                ..,
            ] if *first == open && *second == open => match *variable {
                "CARGO_MANIFEST_DIR" => Included::OfProject(path),
                "OUT_DIR" => Included::Nothing,
                _ => Included::Unknown,
            },
            _ => Included::Unknown,
        },
        _ => Included::Nothing,
    }
}

/// Returns whether there is an `impl` for a type that the text does not define.
pub(super) fn reaches_out(tokens: &[Token]) -> bool {
    let defined: BTreeSet<&str> = tokens
        .windows(2)
        .filter_map(|window| match window {
            [Token::Word("struct" | "enum" | "union" | "type" | "trait"), Token::Word(name)] => {
                Some(*name)
            }
            _ => None,
        })
        .collect();
    (0..tokens.len()).filter(|at| tokens[*at] == Token::Word("impl")).any(|at| {
        // Elsewhere it is a type.
        let is_item = matches!(
            tokens[..at].last(),
            None | Some(Token::Sign('{' | '}' | ';' | ']') | Token::Word("unsafe" | "default"))
        );
        let header = tokens[at + 1..].split(|token| *token == Token::Sign('{')).next();
        let header = header.unwrap_or_default();
        let of = header.iter().rposition(|token| *token == Token::Word("for"));
        let of = header[of.map_or(0, |at| at + 1)..].iter();
        let mut of = of.take_while(|token| **token != Token::Word("where"));
        is_item && !of.any(|token| matches!(token, Token::Word(name) if defined.contains(name)))
    })
}
