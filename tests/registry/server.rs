//! A web server that does what a test tells it to.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What it sends, and then closes the connection.
pub(crate) struct Reply {
    bytes: Vec<u8>,
    /// How long it waits after each piece of 30,000 bytes.
    pause: Duration,
}

impl Reply {
    pub(crate) fn whole(answer: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: answer.into(),
            pause: Duration::ZERO,
        }
    }

    /// An answer that comes bit by bit.
    pub(crate) fn slow(answer: impl Into<Vec<u8>>) -> Self {
        Self {
            pause: Duration::from_millis(100),
            ..Self::whole(answer)
        }
    }

    /// An answer that ends after so many bytes.
    pub(crate) fn cut(answer: impl Into<Vec<u8>>, len: usize) -> Self {
        let mut answer = answer.into();
        answer.truncate(len);
        Self::whole(answer)
    }

    pub(crate) fn json(text: &str) -> Self {
        let len = text.len();
        Self::whole(format!(
            "HTTP/1.1 200 Yes\r\nContent-Length: {len}\r\n\r\n{text}"
        ))
    }
}

/// A server that runs until this is dropped.
pub(crate) struct Server {
    port: u16,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts one; `answer` gets the head of each request, and the server's own port.
    pub(crate) fn start(answer: impl Fn(&str, u16) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
                    head.push(byte[0]);
                }
                if !head.is_empty() {
                    let reply = answer(&String::from_utf8(head).unwrap(), port);
                    for piece in reply.bytes.chunks(30_000) {
                        // Who asked need not want all of it.
                        drop(stream.write_all(piece));
                        thread::sleep(reply.pause);
                    }
                }
            }
        });
        Self {
            port,
            is_over,
            thread: Some(thread),
        }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Returns a port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
