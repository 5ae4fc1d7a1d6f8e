//! Refuses components that are small as files and huge once compiled: compiling inlines every
//! instance of a nested component, so a few hundred bytes can ask for more than a machine has. Refuses those with more
//! code than is compiled in a reasonable time, too.
//!
//! Counts from above, without compiling. What does not parse is left to the compiler to explain.

use super::error::LoadError;
use wasmparser::{ComponentInstance, ComponentTypeRef, Parser, Payload};

/// Toolchains and compositions stay below some hundreds.
const INSTANCES_MAX: u64 = 10_000;
const NESTING_MAX: usize = 100;

pub(super) fn check(component: &[u8], code_bytes_max: usize) -> Result<(), LoadError> {
    let too_much =
        |what: &str| Err(LoadError::Compile(format!("{what}: it would not fit into memory")));
    // Instances that one instance of each open component makes, and the most of any closed one.
    let mut open: Vec<u64> = Vec::new();
    let mut most = 0;
    let mut code: u64 = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Ok(payload) = payload else { return Ok(()) };
        match payload {
            Payload::Version { .. } => open.push(0),
            Payload::End(_) => most = open.pop().unwrap_or_default().max(most),
            Payload::CodeSectionStart { size, .. } => code += u64::from(size),
            Payload::InstanceSection(section) => add(&mut open, section.count().into()),
            Payload::ComponentInstanceSection(section) => {
                for instance in section.into_iter().flatten() {
                    if matches!(instance, ComponentInstance::Instantiate { .. }) {
                        // Whatever it is an instance of stands before it, and is closed.
                        add(&mut open, most.saturating_add(1));
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                let mut imports = section.into_iter().flatten();
                if imports.any(|import| matches!(import.ty, ComponentTypeRef::Component(_))) {
                    return too_much("it imports components");
                }
            }
            _ => {}
        }
        if open.len() > NESTING_MAX {
            return too_much(&format!("components are nested deeper than {NESTING_MAX}"));
        }
        if open.last().is_some_and(|instances| *instances > INSTANCES_MAX) {
            return too_much(&format!("it makes more than {INSTANCES_MAX} instances"));
        }
    }
    match usize::try_from(code) {
        Ok(bytes) if bytes <= code_bytes_max => Ok(()),
        _ => Err(LoadError::Code { bytes: code, bytes_max: code_bytes_max }),
    }
}

fn add(open: &mut [u64], instances: u64) {
    if let Some(last) = open.last_mut() {
        *last = last.saturating_add(instances);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with `inner` in it, and `count` instances of that.
    fn around(inner: &str, count: usize) -> String {
        format!("(component $c {inner} {})", "(instance (instantiate $c))".repeat(count))
    }

    fn checked(text: &str) -> Result<(), LoadError> {
        check(&wat::parse_str(text.replacen(" $c", "", 1)).unwrap(), usize::MAX)
    }

    #[test]
    fn code_is_counted_in_all_modules() {
        let module = "(core module (func) (func (result i32) i32.const 1))";
        let two = wat::parse_str(format!("(component {module} (component {module}))")).unwrap();
        let LoadError::Code { bytes, bytes_max: 0 } = check(&two, 0).unwrap_err() else {
            panic!("it has code")
        };
        let bytes = usize::try_from(bytes).unwrap();
        assert!(check(&two, bytes).is_ok() && check(&two, bytes - 1).is_err());
        let one = wat::parse_str(format!("(component {module})")).unwrap();
        assert!(check(&one, bytes / 2).is_ok() && check(&one, bytes / 2 - 1).is_err());
    }

    #[test]
    fn instances_are_counted_through_all_levels() {
        let mut bomb = "(component $c)".to_owned();
        for level in 1..=5 {
            bomb = around(&bomb, 10);
            assert_eq!(checked(&bomb).is_ok(), level < 4, "10 to the {level}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| {
            (1..depth).fold(wasm_encoder::Component::new(), |inner, _| {
                let mut outer = wasm_encoder::Component::new();
                outer.section(&wasm_encoder::NestedComponentSection(&inner));
                outer
            })
        };
        assert!(check(nested(100).as_slice(), usize::MAX).is_ok());
        assert!(check(nested(101).as_slice(), usize::MAX).is_err());
    }
}
