//! An answer of which one half is sent, and the other once the gate lets it through.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::gate::Waiting;

/// The body of such an answer. Its head tells the whole length, as it always does.
pub(crate) struct Truncated {
    first: Option<Bytes>,
    waiting: Pin<Box<dyn Future<Output = ()> + Send>>,
    rest: Option<Bytes>,
}

impl Truncated {
    /// Halves `body`; the second half has to wait.
    pub(crate) fn new(mut body: Bytes, waiting: Waiting) -> Self {
        let rest = body.split_off(body.len() / 2);
        Self { first: Some(body), waiting: Box::pin(waiting.through()), rest: Some(rest) }
    }
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take_if(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.rest.is_some() {
            ready!(self.waiting.as_mut().poll(context));
        }
        Poll::Ready(self.rest.take().map(|rest| Ok(Frame::data(rest))))
    }

    fn size_hint(&self) -> SizeHint {
        let left = [&self.first, &self.rest].into_iter().flatten().map(Bytes::len).sum::<usize>();
        SizeHint::with_exact(left as u64)
    }
}
