//! What a guest says: log lines and progress, bounded, on their way to the observer.

use super::HookEvent;
use std::{
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
}

impl LogSink {
    pub(super) fn new(observer: HookObserver, lines_max: usize) -> Self {
        Self { observer, lines_max, lines: AtomicUsize::new(0) }
    }

    pub(super) fn event(&self, event: HookEvent<'_>) {
        (self.observer)(event);
    }

    pub(super) fn line(&self, level: Level, message: &str) {
        if self.lines.fetch_add(1, Ordering::Relaxed) >= self.lines_max {
            return;
        }
        match message.char_indices().nth(LINE_CHARS_MAX) {
            Some((end, _)) => {
                let message = format!("{}… ({} bytes in all)", &message[..end], message.len());
                self.event(HookEvent::Log { level, message: &message });
            }
            None => self.event(HookEvent::Log { level, message }),
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
        let stream = LogStream::new(&sink, Level::Info);
        stream.push(b"one\ntw");
        stream.push(b"o\n\nlast");
        stream.close();
        assert_eq!(*seen.lock().unwrap(), ["one", "two", "last"]);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let (sink, seen) = sink(2);
        for _ in 0..5 {
            sink.line(Level::Info, &"x".repeat(100_000));
        }
        sink.close();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 3);
        assert!(seen[0].len() < 5_000);
        assert_eq!(seen[2], "3 further log lines were dropped");
    }
}
