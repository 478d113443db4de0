//! One line to a Unix socket or a TCP port, and all that comes back. Bounded in time and size.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::net::{NetContext, cancelled};
use crate::base::time::format_duration;
use crate::contract::effect::Outcome;

/// More than any list of servers.
const LARGEST_ANSWER: usize = 1024 * 1024;

pub async fn perform_socket(address: &str, line: &str, ctx: &NetContext, cancel: &CancellationToken) -> Outcome {
    let limit = ctx.limits.socket;
    let talked = tokio::select! {
        () = cancel.cancelled() => return cancelled(&format!("talking to `{address}` was cancelled")),
        talked = tokio::time::timeout(limit, talk(address, line, ctx)) => talked,
    };
    match talked {
        Ok(Ok(text)) => Outcome::Done(serde_json::json!({ "text": ctx.secrets.redact(&text) })),
        Ok(Err(reason)) => Outcome::failed(reason),
        Err(_) => Outcome::failed(too_slow(address, limit)),
    }
}

/// Connects and says how long it took; nothing is sent.
pub async fn perform_connect(host: &str, port: u16, within: Duration, cancel: &CancellationToken) -> Outcome {
    let address = format!("{host}:{port}");
    let begun = Instant::now();
    let connected = tokio::select! {
        () = cancel.cancelled() => return cancelled(&format!("connecting to `{address}` was cancelled")),
        connected = tokio::time::timeout(within, TcpStream::connect((host, port))) => connected,
    };
    match connected {
        Ok(Ok(_)) => Outcome::Done(serde_json::json!({ "took_s": begun.elapsed().as_secs_f64() })),
        Ok(Err(error)) => Outcome::failed(format!("could not connect to `{address}`: {}", explain(&error))),
        Err(_) => Outcome::failed(format!("`{address}` did not answer within {}", format_duration(within))),
    }
}

fn too_slow(address: &str, limit: Duration) -> String {
    format!("`{address}` did not finish its answer within {}", format_duration(limit))
}

async fn talk(address: &str, line: &str, ctx: &NetContext) -> Result<String, String> {
    if line.contains(['\n', '\r']) {
        return Err("what is sent to a socket is one line, this has several".to_owned());
    }
    let unreachable = |error: io::Error| format!("could not connect to `{address}`: {}", explain(&error));
    if is_tcp(address) {
        return exchange(TcpStream::connect(address).await.map_err(unreachable)?, address, line).await;
    }
    #[cfg(unix)]
    return exchange(
        tokio::net::UnixStream::connect(ctx.root.join(address)).await.map_err(unreachable)?,
        address,
        line,
    )
    .await;
    #[cfg(not(unix))]
    {
        let _ = (unreachable, ctx);
        Err(format!("`{address}` is a Unix socket, which this platform does not have: name it `host:port`"))
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: &str,
    line: &str,
) -> Result<String, String> {
    let broken = |error: io::Error| format!("the connection to `{address}` broke: {error}");
    stream.write_all(format!("{line}\n").as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    // One byte more than allowed tells an answer that is just as long from one that is longer.
    stream.take(LARGEST_ANSWER as u64 + 1).read_to_end(&mut answer).await.map_err(broken)?;
    if answer.len() > LARGEST_ANSWER {
        return Err(format!("`{address}` answered more than {} MiB", LARGEST_ANSWER >> 20));
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such socket, is the server running?".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens there, is the server running?".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied, may this user use the socket?".to_owned(),
        _ => error.to_string(),
    }
}

/// `host:port`; everything else is a path.
fn is_tcp(address: &str) -> bool {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains(['/', '\\']));
    port.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_tcp;

    #[test]
    fn host_and_port_are_told_from_paths() {
        for (address, tcp) in [
            ("127.0.0.1:9999", true),
            ("[::1]:80", true),
            ("haproxy.internal:1024", true),
            ("/run/haproxy.sock", false),
            ("haproxy.sock", false),
            ("run/a:80", false),
            ("a:b", false),
            (":80", false),
        ] {
            assert_eq!(is_tcp(address), tcp, "{address}");
        }
    }
}
