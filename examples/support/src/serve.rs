//! An axum router on a listener, until somebody asks it to stop.

use axum::Router;
use tokio::net::TcpListener;

use crate::announce;
use crate::shutdown::{GRACE, requested};

/// Announces where the service is and serves it, until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// One line for the operator, when the service cannot go on.
pub async fn serve(listener: TcpListener, router: Router, commands: &str) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Before the address is printed: whoever reads it may send a signal at once.
    let stop = requested().map_err(|error| error.to_string())?;
    let give_up = requested().map_err(|error| error.to_string())?;
    announce(address, commands);

    let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
    tokio::select! {
        served = serving => served.map_err(|error| format!("cannot go on serving: {error}")),
        () = async { give_up.await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}
