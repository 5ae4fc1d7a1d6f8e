//! E-mail addresses: trimmed, lower case, and not obviously wrong.
//!
//! Only a letter sent would show that an address works; this refuses what cannot.

#[derive(Debug, PartialEq)]
pub(crate) struct Email {
    text: String,
    domain_at: usize,
}

impl Email {
    pub(crate) fn domain(&self) -> &str {
        &self.text[self.domain_at..]
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

pub(crate) fn email(text: &str) -> Option<Email> {
    const BYTES_MAX: usize = 254;
    const LOCAL_BYTES_MAX: usize = 64;
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || "@<>()[],;:\\\"".contains(c);
    let local_ok = !local.is_empty()
        && local.len() <= LOCAL_BYTES_MAX
        && !local.contains(odd)
        && local.split('.').all(|part| !part.is_empty());
    let domain_ok = domain.contains('.') && domain.split('.').all(is_label) && !is_number(domain);
    let domain_at = local.len() + 1;
    (local_ok && domain_ok && text.len() <= BYTES_MAX).then_some(Email { text, domain_at })
}

fn is_label(label: &str) -> bool {
    const BYTES_MAX: usize = 63;
    !label.is_empty()
        && label.len() <= BYTES_MAX
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The last label of a real domain has a letter; an IPv4 address has not.
fn is_number(domain: &str) -> bool {
    domain.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular() {
        let table = [
            ("Ada@Example.COM", "ada@example.com", "example.com"),
            (
                "mailto:ada+shop@mail.example.co.uk",
                "ada+shop@mail.example.co.uk",
                "mail.example.co.uk",
            ),
            ("<ada@example.com>", "ada@example.com", "example.com"),
            ("jörg@müller.example", "jörg@müller.example", "müller.example"),
            (
                "o'neill@xn--mller-kva.example",
                "o'neill@xn--mller-kva.example",
                "xn--mller-kva.example",
            ),
        ];
        for (text, expected, domain) in table {
            let found = email(text).unwrap();
            assert_eq!(found.domain(), domain);
            assert_eq!(found.into_text(), expected);
        }
    }

    #[test]
    fn refused() {
        for text in [
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "a b@example.com",
            "ada@exa mple.com",
            "ada@example..com",
            "ada@-example.com",
            "ada@example.com.",
            ".a@b.cd",
            "ada@10.0.0.1",
            "none",
            "n/a",
            "a@b.com, c@d.com",
        ] {
            assert_eq!(email(text), None, "{text}");
        }
        assert_eq!(email(&format!("{}@example.com", "x".repeat(65))), None);
    }
}
