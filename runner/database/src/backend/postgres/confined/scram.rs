//! A password of one run, and what the server keeps of it.
//!
//! The server gets the verifier and never the password, as libpq's `\password` does it (RFC 5802, RFC 7677), so that no
//! log of statements holds anything to log in with.

use crate::backend::BackendError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// PostgreSQL's own default. The password has 256 bits of randomness, which no number of rounds adds to.
const ROUNDS: u32 = 4096;
const SALT_BYTES: usize = 16;
const PASSWORD_BYTES: usize = 32;

/// A password that was just drawn.
pub(super) struct Password {
    /// In hexadecimal.
    pub(super) text: String,
    /// As `pg_authid.rolpassword` has it.
    pub(super) verifier: String,
}

impl Password {
    pub(super) fn draw() -> Result<Self, BackendError> {
        let (mut secret, mut salt) = ([0; PASSWORD_BYTES], [0; SALT_BYTES]);
        for bytes in [&mut secret[..], &mut salt[..]] {
            getrandom::fill(bytes)
                .map_err(|error| BackendError::Database(format!("no randomness: {error}")))?;
        }
        let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let verifier = verifier(&text, &salt);
        Ok(Self { text, verifier })
    }
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // An HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>`. The password is ASCII, so that SASLprep leaves it alone.
fn verifier(password: &str, salt: &[u8]) -> String {
    let mut round = keyed(password.as_bytes(), &[salt, &1_u32.to_be_bytes()]);
    let mut salted = round;
    for _ in 1..ROUNDS {
        round = keyed(password.as_bytes(), &[&round]);
        for (byte, other) in salted.iter_mut().zip(round) {
            *byte ^= other;
        }
    }
    let stored = Sha256::digest(keyed(&salted, &[b"Client Key"]));
    let server = keyed(&salted, &[b"Server Key"]);
    let [salt, stored, server] =
        [salt, stored.as_slice(), &server[..]].map(|bytes| STANDARD.encode(bytes));
    format!("SCRAM-SHA-256${ROUNDS}:{salt}${stored}:{server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The salt and password of RFC 7677, 3: the client's proof there follows from this stored key.
    #[test]
    fn as_the_rfc_has_it() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        assert_eq!(
            verifier("pencil", &salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn no_two_are_the_same() {
        let [one, two] = [(), ()].map(|()| Password::draw().expect("draws"));
        assert!(one.text != two.text && one.verifier != two.verifier);
        assert!(!one.verifier.contains(&one.text));
    }
}
