//! Where a service listens, and what it prints first.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

/// Listens on this port of 127.0.0.1, 0 for any free one.
///
/// # Errors
///
/// One line for whoever chose the port.
pub async fn listen(port: u16) -> Result<TcpListener, String> {
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listening.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {port} is taken: choose another with --port, or any with --port 0")
        }
        _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
    })
}

/// Prints the address, alone on the first line so that programs can read it, and then the commands to try, in which
/// `ADDRESS` becomes the address.
pub fn announce(address: SocketAddr, commands: &str) {
    let commands = commands.replace("ADDRESS", &address.to_string());
    let mut out = io::stdout().lock();
    // A service goes on without its standard output.
    let _ = write!(
        out,
        "listening on http://{address}\n{commands}\nCtrl-C stops it.\n"
    )
    .and_then(|()| out.flush());
}
