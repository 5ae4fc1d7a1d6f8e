//! Looks which kind of server listens somewhere, after a connection failed in a way that tells nothing: a MySQL server
//! speaks first, a PostgreSQL server answers a question about TLS with one letter.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::Duration,
};

/// How long each step of a look may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// PostgreSQL's question whether the server speaks TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Where a server listens.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Network(String, u16),
    Socket(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Mysql,
    Postgres,
}

/// What is spoken there, if it can be told.
pub(super) async fn spoken(place: &Place) -> Option<Spoken> {
    let place = place.clone();
    tokio::task::spawn_blocking(move || look(&place).ok().flatten()).await.ok().flatten()
}

fn look(place: &Place) -> io::Result<Option<Spoken>> {
    match place {
        Place::Network(host, port) => {
            let address = (host.as_str(), *port).to_socket_addrs()?.next();
            let address = address.ok_or(io::ErrorKind::NotFound)?;
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            ask(stream)
        }
        Place::Socket(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            ask(stream)
        }
    }
}

fn ask(mut stream: impl Read + Write) -> io::Result<Option<Spoken>> {
    let mut greeting = [0; 5];
    if stream.read_exact(&mut greeting).is_ok() {
        // Its length, the number 0, and version 10 of the protocol or an error.
        let is_mysql = greeting[3] == 0 && [0x0a, 0xff].contains(&greeting[4]);
        return Ok(is_mysql.then_some(Spoken::Mysql));
    }
    stream.write_all(&SSL_REQUEST)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(b"SNE".contains(&answer[0]).then_some(Spoken::Postgres))
}
