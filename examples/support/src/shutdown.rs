//! When to stop: at Ctrl-C, and on Unix also at SIGTERM, which stops services.

use std::{future::Future, io, time::Duration};

/// How long requests may go on once a shutdown was asked for.
pub const GRACE: Duration = Duration::from_secs(3);

/// A future that is ready when someone asks this process to stop.
///
/// It listens from the moment of this call, not only once it is polled.
///
/// # Errors
///
/// When the system cannot tell of it.
#[cfg(unix)]
pub fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// A future that is ready when someone asks this process to stop.
///
/// # Errors
///
/// When the system cannot tell of it.
#[cfg(windows)]
pub fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
