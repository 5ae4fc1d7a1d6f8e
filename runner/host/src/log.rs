//! What a guest says: log lines and progress, bounded, on their way to the observer.

use super::HookEvent;
use std::{
    borrow::Cow,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Characters of one line that are kept.
const LINE_CHARS_MAX: usize = 4_000;

/// How important a line is. Mirrors `log.level` of the WIT package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Receives what a hook reports while it runs.
pub type HookObserver = Arc<dyn Fn(HookEvent<'_>) + Send + Sync>;

/// Hands a guest's lines on, at most so many.
pub(super) struct LogSink {
    observer: HookObserver,
    lines_max: usize,
    lines: AtomicUsize,
    /// Lines from before the hook's turn; `None` from then on.
    held: Mutex<Option<Vec<(Level, String)>>>,
}

impl LogSink {
    pub(super) fn new(observer: HookObserver, lines_max: usize) -> Self {
        Self { observer, lines_max, lines: AtomicUsize::new(0), held: Mutex::new(Some(Vec::new())) }
    }

    /// Hands on what was said before, and from here on everything at once.
    pub(super) fn release(&self) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        for (level, message) in held.into_iter().flatten() {
            self.event(HookEvent::Log { level, message: &message });
        }
    }

    pub(super) fn event(&self, event: HookEvent<'_>) {
        (self.observer)(event);
    }

    pub(super) fn line(&self, level: Level, message: &str) {
        if self.lines.fetch_add(1, Ordering::Relaxed) >= self.lines_max {
            return;
        }
        let message = match message.char_indices().nth(LINE_CHARS_MAX) {
            Some((end, _)) => {
                Cow::Owned(format!("{}… ({} bytes in all)", &message[..end], message.len()))
            }
            None => Cow::Borrowed(message),
        };
        match &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => held.push((level, message.into_owned())),
            None => self.event(HookEvent::Log { level, message: &message }),
        }
    }

    /// Says how much was left out, once the hook has ended.
    pub(super) fn close(&self) {
        let lines = self.lines.load(Ordering::Relaxed);
        if let Some(dropped) = lines.checked_sub(self.lines_max).filter(|dropped| *dropped > 0) {
            let message = format!("{dropped} further log lines were dropped");
            self.event(HookEvent::Log { level: Level::Warn, message: &message });
        }
    }
}

/// A guest's standard output or error, turned into log lines.
#[derive(Clone)]
pub(super) struct LogStream {
    sink: Arc<LogSink>,
    level: Level,
    partial: Arc<Mutex<Vec<u8>>>,
}

impl LogStream {
    pub(super) fn new(sink: &Arc<LogSink>, level: Level) -> Self {
        Self { sink: Arc::clone(sink), level, partial: Arc::default() }
    }

    fn push(&self, bytes: &[u8]) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            partial.extend_from_slice(piece);
            // A line without end must not gather in memory.
            if piece.ends_with(b"\n") || partial.len() > LINE_CHARS_MAX {
                self.emit(&mut partial);
            }
        }
    }

    fn emit(&self, partial: &mut Vec<u8>) {
        let line = String::from_utf8_lossy(partial).trim_end().to_owned();
        partial.clear();
        if !line.is_empty() {
            self.sink.line(self.level, &line);
        }
    }

    /// Emits a last line that had no end.
    pub(super) fn close(&self) {
        self.emit(&mut self.partial.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(lines_max: usize) -> (Arc<LogSink>, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&seen);
        let observer: HookObserver = Arc::new(move |event| {
            if let HookEvent::Log { message, .. } = event {
                copy.lock().unwrap().push(message.to_owned());
            }
        });
        (Arc::new(LogSink::new(observer, lines_max)), seen)
    }

    #[test]
    fn streams_become_lines() {
        let (sink, seen) = sink(10);
        sink.release();
        let stream = LogStream::new(&sink, Level::Info);
        stream.push(b"one\ntw");
        stream.push(b"o\n\nlast");
        stream.close();
        assert_eq!(*seen.lock().unwrap(), ["one", "two", "last"]);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let (sink, seen) = sink(2);
        sink.release();
        for _ in 0..5 {
            sink.line(Level::Info, &"x".repeat(100_000));
        }
        sink.close();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 3);
        assert!(seen[0].len() < 5_000);
        assert_eq!(seen[2], "3 further log lines were dropped");
    }

    #[test]
    fn lines_wait_for_the_turn() {
        let (sink, seen) = sink(2);
        for line in ["one", "two", "three"] {
            sink.line(Level::Info, line);
        }
        assert!(seen.lock().unwrap().is_empty());
        sink.release();
        sink.close();
        assert_eq!(*seen.lock().unwrap(), ["one", "two", "1 further log lines were dropped"]);
    }
}
