//! The way to the server: a relay inside of this process that takes two settings out of sqlx's first message.
//!
//! ```text
//! sqlx ──abstract socket──> relay ──TCP or unix socket, TLS──> server
//! ```
//!
//! sqlx begins every session with `TimeZone = UTC` and `DateStyle = ISO, MDY`, which then stand for what the
//! database or the role says: RESET and DEFAULT come back to sqlx's values, and nothing that a session can ask
//! tells the server's own. A hook's SQL has to mean what it means to the database's own client, which sends
//! neither. So the message is rewritten on its way. All other bytes pass as they are. TLS is made here, by
//! sqlx's own code. Only this process can connect to the relay. Knows nothing of SQL.

use crate::backend::protocol::Place;
use rustix::process::getpid;
use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use sqlx_core::net::{
    self, Socket, SocketIntoBox, WithSocket,
    tls::{self, CertificateInput, TlsConfig},
};
use std::{
    io,
    path::PathBuf,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncReadExt, AsyncWrite as _},
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

/// What sqlx sends that the database's own client does not.
const DROPPED: [&[u8]; 2] = [b"DateStyle", b"TimeZone"];
/// A request for TLS: its length and a number that is no version of the protocol.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// As much as the server takes.
const FIRST_MESSAGE_BYTES_MAX: usize = 10_000;
const BUFFER_BYTES: usize = 32 << 10;
/// Part of the relay's name, as sqlx puts it together.
const PORT: u16 = 1;

/// Where the server is, and how the bytes on the way to it are protected.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) place: Place,
    /// The name that a certificate has to be for.
    pub(super) host: String,
    pub(super) tls: PgSslMode,
    pub(super) root: Option<CertificateInput>,
    pub(super) certificate: Option<CertificateInput>,
    pub(super) key: Option<CertificateInput>,
}

impl Route {
    /// Connects to the server and logs in with what `options` say of user, password and database.
    pub(super) async fn open(
        &self,
        options: &PgConnectOptions,
    ) -> Result<PgConnection, sqlx::Error> {
        let server = self.connect().await?;
        let (listener, folder) = listen()?;
        // Ended with the caller where that does not come to an end of its own.
        let mut relay = JoinSet::new();
        relay.spawn(serve(listener, server));
        let options = options.clone().socket(folder).port(PORT).ssl_mode(PgSslMode::Disable);
        match options.connect().await {
            Ok(connection) => {
                relay.detach_all();
                Ok(connection)
            }
            // The reason is known to the relay: a certificate is only judged once the server has sent it.
            Err(error @ sqlx::Error::Io(_)) => match relay.join_next().await {
                Some(Ok(Err(reason))) => Err(reason.into()),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Socket>, sqlx::Error> {
        match &self.place {
            Place::Socket(path) => net::connect_uds(path, Protect(self)).await?,
            Place::Network(host, port) => net::connect_tcp(host, *port, Protect(self)).await?,
        }
    }
}

/// Asks the server for TLS, where that is wanted.
struct Protect<'a>(&'a Route);

impl WithSocket for Protect<'_> {
    type Output = Result<Box<dyn Socket>, sqlx::Error>;

    async fn with_socket<S: Socket>(self, mut socket: S) -> Self::Output {
        let route = self.0;
        let is_required = match route.tls {
            PgSslMode::Disable | PgSslMode::Allow => return Ok(Box::new(socket)),
            PgSslMode::Prefer => false,
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => true,
        };
        let mut request = &TLS_REQUEST[..];
        while !request.is_empty() {
            let written = socket.write(request).await?;
            request = &request[written..];
        }
        let mut answer = [0];
        let read = socket.read(&mut &mut answer[..]).await?;
        match (read, answer) {
            (1, [b'S']) => {}
            (1, [b'N']) if !is_required => return Ok(Box::new(socket)),
            (1, [b'N']) => return Err(sqlx::Error::Tls("server does not support TLS".into())),
            (0, _) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            (_, [other]) => {
                let reason = format!("unexpected response from SSLRequest: 0x{other:02x}");
                return Err(sqlx::Error::Protocol(reason));
            }
        }
        let is_verified = matches!(route.tls, PgSslMode::VerifyCa | PgSslMode::VerifyFull);
        let config = TlsConfig {
            accept_invalid_certs: !is_verified,
            accept_invalid_hostnames: route.tls as u8 != PgSslMode::VerifyFull as u8,
            hostname: &route.host,
            root_cert_path: route.root.as_ref(),
            client_cert_path: route.certificate.as_ref(),
            client_key_path: route.key.as_ref(),
        };
        tls::handshake(socket, config, SocketIntoBox).await
    }
}

/// Listens where nothing but this network namespace reaches, under a name without a file. Also the folder that
/// sqlx is to look for a server's socket in.
fn listen() -> io::Result<(UnixListener, PathBuf)> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    // The NUL in front makes the name an abstract one.
    let folder = format!("\0runner-{:032x}", u128::from_ne_bytes(random));
    let listener = UnixListener::bind(format!("{folder}/.s.PGSQL.{PORT}"))?;
    Ok((listener, folder.into()))
}

/// Takes this process's own connection, and relays until one of the two sides ends. To sqlx
/// what goes wrong is a connection that ends.
async fn serve(listener: UnixListener, server: Box<dyn Socket>) -> io::Result<()> {
    let own = getpid().as_raw_nonzero().get();
    let mut client = loop {
        let (client, _) = listener.accept().await?;
        // Other processes could guess the name.
        if client.peer_cred().is_ok_and(|peer| peer.pid() == Some(own)) {
            break client;
        }
    };
    drop(listener);
    let first = first_message(&mut client).await?;
    Relay::new(client, server, first).await
}

/// Reads the message that begins a session, without what is to be left out of it.
async fn first_message(client: &mut UnixStream) -> io::Result<Vec<u8>> {
    let length = client.read_u32().await? as usize;
    if !(8..=FIRST_MESSAGE_BYTES_MAX).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length - 4];
    client.read_exact(&mut body).await?;
    Ok(without_settings(&body))
}

/// The whole message, without the dropped settings. `body` is the version of the protocol and, each ended by
/// NUL, names and values.
fn without_settings(body: &[u8]) -> Vec<u8> {
    let (version, texts) = body.split_at(4);
    let texts: Vec<&[u8]> = texts.split(|byte| *byte == 0).collect();
    let mut kept = version.to_vec();
    for pair in texts.chunks_exact(2).take_while(|pair| !pair[0].is_empty()) {
        if !DROPPED.contains(&pair[0]) {
            kept.extend([pair[0], b"\0", pair[1], b"\0"].concat());
        }
    }
    kept.push(0);
    let length = u32::try_from(kept.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &kept].concat()
}

/// Bytes on their way in one direction.
struct Buffer {
    bytes: Vec<u8>,
    /// What is left to be written.
    waiting: std::ops::Range<usize>,
}

impl Buffer {
    fn take(&mut self, written: usize) {
        self.waiting.start += written;
    }
}

/// Both directions at once, as one future: neither side can be split where TLS is between.
struct Relay {
    client: UnixStream,
    server: Box<dyn Socket>,
    up: Buffer,
    down: Buffer,
    /// Something was written to the server that may still be held back.
    is_unflushed: bool,
    has_client_ended: bool,
    /// Whether any bytes were moved since both directions were last found to wait.
    has_moved: bool,
    /// How one of the sides ended, once it has.
    ended: Option<io::Result<()>>,
}

impl Relay {
    fn new(client: UnixStream, server: Box<dyn Socket>, first: Vec<u8>) -> Self {
        let waiting = 0..first.len();
        let mut bytes = first;
        bytes.resize(BUFFER_BYTES.max(waiting.end), 0);
        Self {
            client,
            server,
            up: Buffer { bytes, waiting },
            down: Buffer { bytes: vec![0; BUFFER_BYTES], waiting: 0..0 },
            is_unflushed: false,
            has_client_ended: false,
            has_moved: false,
            ended: None,
        }
    }

    /// Moves what can be moved to the server. Ready when the client has ended and all it said was sent.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.up.waiting.is_empty() {
                match self.server.try_write(&self.up.bytes[self.up.waiting.clone()]) {
                    Ok(written) => {
                        self.up.take(written);
                        self.is_unflushed = true;
                        self.has_moved = true;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(self.server.poll_write_ready(cx))?;
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            } else if self.is_unflushed {
                // Not waited for: where TLS holds something back, reading from the server sends it too.
                if let Poll::Ready(Err(error)) = self.server.poll_flush(cx) {
                    return Poll::Ready(Err(error));
                }
                self.is_unflushed = false;
                self.has_moved = true;
            } else if self.has_client_ended {
                return self.server.poll_shutdown(cx);
            } else {
                match self.client.try_read(&mut self.up.bytes) {
                    Ok(0) => self.has_client_ended = true,
                    Ok(read) => self.up.waiting = 0..read,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(self.client.poll_read_ready(cx))?;
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        }
    }

    /// Moves what can be moved to the client. Ready when the server has ended and all it said was handed on.
    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.down.waiting.is_empty() {
                match self.client.try_write(&self.down.bytes[self.down.waiting.clone()]) {
                    Ok(written) => {
                        self.down.take(written);
                        self.has_moved = true;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(self.client.poll_write_ready(cx))?;
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            } else {
                match self.server.try_read(&mut &mut self.down.bytes[..]) {
                    Ok(0) => return Poll::Ready(Ok(())),
                    Ok(read) => self.down.waiting = 0..read,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(self.server.poll_read_ready(cx))?;
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        }
    }
}

impl Relay {
    /// Moves what can be moved in both directions. Ready when one of the two sides has ended.
    fn poll_both(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.has_moved = false;
            // In this order: with TLS, what is to be sent can be held back until something is read.
            match (self.poll_up(cx), self.poll_down(cx)) {
                (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => {
                    return Poll::Ready(Err(error));
                }
                (Poll::Ready(Ok(())), _) | (_, Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
                (Poll::Pending, Poll::Pending) if !self.has_moved => return Poll::Pending,
                (Poll::Pending, Poll::Pending) => {}
            }
        }
    }

    /// Lets the client read the server's last words: what it still writes is taken and dropped, as a network would.
    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // One that has closed its side cannot be told any more.
        let _ = ready!(std::pin::Pin::new(&mut self.client).poll_shutdown(cx));
        loop {
            match self.client.try_read(&mut self.up.bytes) {
                Ok(0) => return Poll::Ready(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match ready!(self.client.poll_read_ready(cx)) {
                        Ok(()) => {}
                        Err(_) => return Poll::Ready(()),
                    }
                }
                Err(_) => return Poll::Ready(()),
            }
        }
    }
}

/// How one of the two sides ended.
impl Future for Relay {
    type Output = io::Result<()>;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.ended.is_none() {
            this.ended = Some(ready!(this.poll_both(cx)));
        }
        ready!(this.poll_farewell(cx));
        Poll::Ready(this.ended.take().unwrap_or(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_settings_are_left_out() {
        let body = b"\0\x03\0\0user\0u\0database\0d\0DateStyle\0ISO, MDY\0client_encoding\0UTF8\0\
                     TimeZone\0UTC\0options\0-c a=b\0\0";
        let kept =
            b"\0\0\0\x3f\0\x03\0\0user\0u\0database\0d\0client_encoding\0UTF8\0options\0-c a=b\0\0";
        assert_eq!(String::from_utf8_lossy(&without_settings(body)), String::from_utf8_lossy(kept));
        // What a value says is no name, and an empty value is no end.
        let values = b"\0\x03\0\0user\0TimeZone\0database\0\0x\0DateStyle\0\0";
        assert_eq!(without_settings(values)[4..], values[..]);
    }
}
