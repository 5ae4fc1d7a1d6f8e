//! A small TCP proxy between the runner and a server that breaks one connection between two
//! messages: it cuts, stalls or half-closes.
//!
//! Messages are counted over all connections, so that a run without a fault tells how many places
//! there are to break. Changes no byte of what passes.

mod frame;

pub use frame::{Direction, Protocol};

use frame::{Dialogue, Frames};
use std::{
    io::{self, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// One break.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub direction: Direction,
    /// How many messages pass in that direction before, over all connections.
    pub after_messages: usize,
    pub action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Both sides see the end of the connection.
    Cut,
    /// Nothing passes any more, in either direction, and neither side is told.
    Stall,
    /// The receiver of the fault's direction sees the end; the other direction goes on.
    HalfClose,
}

/// A running proxy. Dropping it cuts whatever is connected.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    protocol: Protocol,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Messages that passed, to the server and to the client.
    passed: [usize; 2],
    /// Taken when it strikes: later connections are left alone.
    fault: Option<Fault>,
    has_struck: bool,
    /// Both ends of every connection, to be cut in the end. A stalled one is open until then.
    streams: Vec<TcpStream>,
    is_over: bool,
}

/// What the two threads of a connection share.
#[derive(Default)]
struct Connection {
    dialogue: Dialogue,
    is_stalled: AtomicBool,
}

impl Proxy {
    /// Listens on a free port and passes every connection on to `upstream`.
    pub fn start(upstream: SocketAddr, protocol: Protocol, fault: Option<Fault>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let state = Mutex::new(State { fault, ..State::default() });
        let shared = Arc::new(Shared { upstream, protocol, state });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.state().is_over {
                    return;
                }
                // A server that is down ends the client's connection.
                let _ = client.and_then(|client| accepting.connect(client));
            }
        });
        Self { port, shared }
    }

    /// A database's URL, through this proxy.
    pub fn url(&self, original: &str) -> String {
        let mut url = url::Url::parse(original).expect("a URL");
        url.set_host(Some("127.0.0.1")).expect("it has a host");
        url.set_port(Some(self.port)).expect("it has a port");
        url.into()
    }

    /// Returns how many whole messages have passed in a direction.
    pub fn messages(&self, direction: Direction) -> usize {
        self.shared.state().passed[direction as usize]
    }

    /// Cuts every connection there is, stalled or not.
    pub fn cut(&self) {
        for stream in self.shared.state().streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Returns whether the fault has struck.
    pub fn has_struck(&self) -> bool {
        self.shared.state().has_struck
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.cut();
        // Wakes the thread that accepts, so that it ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.upstream)?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
            self.state().streams.push(stream.try_clone()?);
        }
        let connection = Arc::new(Connection::default());
        for (direction, from, to) in [
            (Direction::ToServer, client.try_clone()?, server.try_clone()?),
            (Direction::ToClient, server, client),
        ] {
            let (shared, connection) = (Arc::clone(self), Arc::clone(&connection));
            thread::spawn(move || shared.pump(direction, &connection, &from, &to));
        }
        Ok(())
    }

    /// Passes messages on until one side ends or the fault strikes.
    fn pump(
        &self,
        direction: Direction,
        connection: &Connection,
        from: &TcpStream,
        mut to: &TcpStream,
    ) {
        if self.strike(direction, 0, connection, from, to) {
            return;
        }
        let mut frames = Frames::new(self.protocol, direction);
        let mut reader = BufReader::new(from);
        while let Ok(Some(message)) = frames.next(&mut reader, &connection.dialogue) {
            if connection.is_stalled.load(Ordering::SeqCst) {
                return;
            }
            // Counted first: whoever has received it finds it counted.
            let passed = {
                let mut state = self.state();
                state.passed[direction as usize] += 1;
                state.passed[direction as usize]
            };
            if to.write_all(&message).is_err() {
                break;
            }
            if self.strike(direction, passed, connection, from, to) {
                return;
            }
        }
        if !connection.is_stalled.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Write);
        }
    }

    /// Does what the fault says if this is the place. True if so.
    fn strike(
        &self,
        direction: Direction,
        passed: usize,
        connection: &Connection,
        from: &TcpStream,
        to: &TcpStream,
    ) -> bool {
        let is_due =
            |fault: &mut Fault| (fault.direction, fault.after_messages) == (direction, passed);
        let Some(fault) = self.state().fault.take_if(is_due) else { return false };
        // What it does comes first, so that whoever asks whether it has struck can rely on it.
        match fault.action {
            Action::Cut => {
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            }
            Action::Stall => connection.is_stalled.store(true, Ordering::SeqCst),
            Action::HalfClose => {
                let _ = to.shutdown(Shutdown::Write);
            }
        }
        self.state().has_struck = true;
        true
    }
}
