//! A caller's stream. Whoever does not take their answers is hung up on, and whoever is still sending when the last
//! answer is written may finish: a connection closed under them would cost them the answer.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// A stream with an end to every wait on the caller.
pub(crate) struct Patient {
    stream: TcpStream,
    taking: Wait,
    finishing: Wait,
    pausing: Wait,
    said_goodbye: bool,
}

impl Patient {
    /// The caller may take nothing of an answer for `stall`. At the end they may go on sending for `linger`, without
    /// a pause longer than `pause`.
    pub(crate) fn new(stream: TcpStream, stall: Duration, linger: Duration, pause: Duration) -> Self {
        let (taking, finishing, pausing) = (Wait::of(stall), Wait::of(linger), Wait::of(pause));
        Self { stream, taking, finishing, pausing, said_goodbye: false }
    }

    fn taken<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.taking.reset();
            return written;
        }
        self.taking.over(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads away what the caller still sends.
    fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // First, so that a caller who never pauses comes to an end too.
        if self.finishing.over(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let mut scrap = [0; 4096];
            let mut scrap = ReadBuf::new(&mut scrap);
            match Pin::new(&mut self.stream).poll_read(cx, &mut scrap) {
                Poll::Ready(Ok(())) if !scrap.filled().is_empty() => self.pausing.reset(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.pausing.over(cx),
            }
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.taken(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.taken(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.said_goodbye {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.said_goodbye = true;
        }
        self.poll_finished(cx).map(Ok)
    }
}

/// A wait that begins when it is first asked about.
struct Wait {
    length: Duration,
    end: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    fn of(length: Duration) -> Self {
        Self { length, end: None }
    }

    fn over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let length = self.length;
        self.end.get_or_insert_with(|| Box::pin(sleep(length))).as_mut().poll(cx)
    }

    fn reset(&mut self) {
        self.end = None;
    }
}
