//! What an HTTP client hides: the bytes of HTTP/1.1, over a connection of the caller's.
//!
//! A client drops the content behind a 304, joins lines and forgives a wrong end of line; the next client may not. The
//! findings have the rules and names of [`check`](crate::check()); put the two reports together with [`Report::merge`].

mod connection;
mod raw;
mod reads;
mod reply;
mod session;
mod writes;

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::fixture::Fixture;
use super::report::Report;
use session::{Opening, Session, Stream};

/// Checks what a server puts on the wire: about twenty requests, each on a connection of its own.
///
/// `connect` opens a connection to the server, with TLS where the server wants it; HTTP/1.1 is spoken on it. `authority`
/// is the value of Host. Like [`check`](crate::check()), it writes only if the fixture has a scratch path, and then only
/// what a server should refuse.
///
/// # Errors
///
/// When a connection cannot be opened, or when the server does not answer a plain GET with HTTP/1.1. What goes wrong
/// after that is a finding.
///
/// # Panics
///
/// Outside of a tokio runtime with its timer: a server that sends nothing is not waited for longer than five seconds, and
/// one that does not come to an end no longer than thirty.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// use tokio::net::TcpStream;
/// use tower_conditional_testkit::{Fixture, wire};
///
/// let connect = || TcpStream::connect("127.0.0.1:3000");
/// let report = wire::check(connect, "127.0.0.1:3000", Fixture::at("/notes/1")).await?;
/// assert!(report.is_clean(), "{report}");
/// # Ok(())
/// # }
/// ```
pub async fn check<C, F, S>(connect: C, authority: &str, fixture: Fixture) -> io::Result<Report>
where
    C: Fn() -> F + Sync,
    F: Future<Output = io::Result<S>> + Send,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let open = || -> Opening<'_> {
        let opening = connect();
        Box::pin(async move { Ok(Box::new(opening.await?) as Box<dyn Stream>) })
    };
    let mut session = Session::new(&open, authority, &fixture);
    let known = reads::plain(&mut session).await?;
    reads::check(&mut session, &known).await?;
    if let Some(scratch) = &fixture.scratch {
        writes::check(&mut session, scratch).await?;
    }
    Ok(session.report)
}
