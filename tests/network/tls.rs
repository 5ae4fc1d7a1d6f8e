//! Connections that are secured: to servers that take no others, with certificates of an authority
//! that only these tests know.

use crate::{
    story::{Kind, plugin, run_at},
    support::{
        Run, Sandbox,
        servers::{Mariadb, Postgres, Role},
    },
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::Path,
};

/// Who signs certificates: what a client is given of it, and what signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for `host` and its key.
    fn certificate(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([host.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// A server that takes no other connections from the URL's user.
fn postgres_with(certificate: &(String, String)) -> Postgres {
    let server = Postgres::own();
    let data = server.folder().join("data");
    give(&data.join("server.crt"), &certificate.0);
    give(&data.join("server.key"), &certificate.1);
    let rules = data.join("pg_hba.conf");
    let text = fs::read_to_string(&rules).expect("its rules");
    let text: String =
        text.lines().map(|line| line.replacen("host ", "hostssl ", 1) + "\n").collect();
    assert!(text.contains("\nhostssl "), "{text}");
    fs::write(&rules, text).expect("its rules");
    let client = server.client();
    client.sql(Role::Administrator, "postgres", "ALTER SYSTEM SET ssl = on;");
    client.sql(Role::Administrator, "postgres", "SELECT pg_reload_conf();");
    server
}

/// The server reads no key that others may read, or that belongs to somebody else.
fn give(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
    let owner = fs::metadata(path.parent().expect("a folder")).expect("its owner");
    chown(path, Some(owner.uid()), Some(owner.gid())).expect("its owner");
}

fn mariadb_with(folder: &Path, certificate: &(String, String)) -> Mariadb {
    let (certificate_at, key_at) = (folder.join("server.crt"), folder.join("server.key"));
    fs::write(&certificate_at, &certificate.0).expect("a file");
    fs::write(&key_at, &certificate.1).expect("a file");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("its mode");
    Mariadb::with_options(&[
        &format!("--ssl-cert={}", certificate_at.display()),
        &format!("--ssl-key={}", key_at.display()),
        "--require-secure-transport=ON",
    ])
}

fn assert_refused(run: &Run) {
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("no secure connection"), "{run:#?}");
}

#[test]
fn a_certificate_is_verified_as_the_url_says() {
    let (known, other) = (Authority::new(), Authority::new());
    // Good for this name alone, and the URLs say 127.0.0.1.
    let elsewhere = known.certificate("database.example");
    let here = known.certificate("127.0.0.1");
    let folder = tempfile::tempdir().expect("a folder");
    for kind in Kind::ALL {
        for (certificate, is_here) in [(&here, true), (&elsewhere, false)] {
            // Kept until the end of the round.
            let (postgres, mariadb);
            let sandbox = Sandbox::on(match kind {
                Kind::Postgres => {
                    postgres = postgres_with(certificate);
                    postgres.database()
                }
                Kind::Mariadb => {
                    mariadb = mariadb_with(folder.path(), certificate);
                    mariadb.database()
                }
            });
            plugin(&sandbox, kind);
            sandbox.write("known.pem", &known.pem);
            sandbox.write("other.pem", &other.pem);
            let (mode, file, ca, full) = match kind {
                Kind::Postgres => ("sslmode", "sslrootcert", "verify-ca", "verify-full"),
                Kind::Mariadb => ("ssl-mode", "ssl-ca", "VERIFY_CA", "VERIFY_IDENTITY"),
            };
            let url = |how: &str, authority: &str| {
                format!("{}?{mode}={how}&{file}={authority}.pem", sandbox.url())
            };
            let deploy = |url: &str| run_at(&sandbox, url, &["deploy", "plugins"]);
            // Without a word about how, an authority that is named is asked all the same.
            let silent = match kind {
                Kind::Postgres => {
                    format!("{}?sslmode=require&sslrootcert=other.pem", sandbox.url())
                }
                Kind::Mariadb => format!("{}?ssl-ca=other.pem", sandbox.url()),
            };
            assert_refused(&deploy(&silent));
            // Go's spelling, which asks for the system's authorities.
            if let Kind::Mariadb = kind {
                assert_refused(&deploy(&format!("{}?tls=true", sandbox.url())));
            }
            assert_refused(&deploy(&url(full, "other")));
            assert_refused(&deploy(&url(ca, "other")));
            if !is_here {
                assert_refused(&deploy(&url(full, "known")));
            }
            let trusted = deploy(&url(if is_here { full } else { ca }, "known"));
            assert_eq!(trusted.code, Some(0), "{kind:?}: {trusted:#?}");
            // The server would not have talked to it otherwise.
            let disabled = match kind {
                Kind::Postgres => "sslmode=disable",
                Kind::Mariadb => "ssl-mode=DISABLED",
            };
            let plain = deploy(&format!("{}?{disabled}", sandbox.url()));
            assert_eq!(plain.code, Some(1), "{kind:?}: {plain:#?}");
            // Without TLS where that does, with it where it does not.
            if let Kind::Postgres = kind {
                let allowed = deploy(&format!("{}?sslmode=allow", sandbox.url()));
                assert_eq!(allowed.code, Some(0), "{allowed:#?}");
            }
        }
    }
}

/// What `openssl req -x509` makes: a server's certificate that is the authority's own.
#[test]
fn an_authority_that_serves_itself_is_explained() {
    let authority = Authority::new();
    let server = postgres_with(&(authority.pem.clone(), authority.issuer.key().serialize_pem()));
    let sandbox = Sandbox::on(server.database());
    plugin(&sandbox, Kind::Postgres);
    sandbox.write("root.pem", &authority.pem);
    let url = format!("{}?sslmode=verify-ca&sslrootcert=root.pem", sandbox.url());
    let run = run_at(&sandbox, &url, &["status"]);
    assert_refused(&run);
    assert!(run.stderr.contains("the certificate of an authority as its own"), "{run:#?}");
    let missing = run_at(&sandbox, &url.replace("root.pem", "nowhere.pem"), &["status"]);
    assert_eq!(missing.code, Some(1), "{missing:#?}");
    assert!(missing.stderr.contains("`sslrootcert` names, nowhere.pem"), "{missing:#?}");
}
