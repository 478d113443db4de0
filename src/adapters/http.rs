//! The HTTP client: one for all, bounded in time, redirects and size.
//!
//! Invariant: no secret's content in an answer or an error; addresses are named in the sealed form.

use std::error::Error;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::net::{NetContext, cancelled};
use super::secrets::Secrets;
use crate::base::time::format_duration;
use crate::contract::answer::HttpAnswer;
use crate::contract::effect::{Body, Outcome, SealedText, TextPiece, describe_sealed};

const MOST_REDIRECTS: usize = 5;
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// A request as an effect has it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    pub url: &'a SealedText,
    pub headers: &'a [(String, SealedText)],
    pub body: Option<&'a Body>,
}

/// The clients of a process. Requests with secrets follow redirects only on the host they were meant for.
#[derive(Debug, Clone)]
pub struct HttpClients {
    open: Client,
    guarded: Client,
}

impl HttpClients {
    /// # Errors
    /// When the system gives no client, for instance no certificates.
    pub fn build(connect: Duration, total: Duration) -> Result<Self, String> {
        install_crypto();
        let build = |policy: Policy| {
            let builder = Client::builder()
                .user_agent(concat!("phasegate/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(connect)
                .timeout(total)
                .redirect(policy);
            builder.build().map_err(|error| format!("no HTTP client can be made: {}", root_cause(&error)))
        };
        Ok(Self { open: build(Policy::limited(MOST_REDIRECTS))?, guarded: build(Policy::custom(stay_on_host))? })
    }
}

/// Makes ring the cryptography of this process; whoever did so before is left alone.
pub fn install_crypto() {
    // The only failure is that one is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub async fn perform_http(request: Request<'_>, ctx: &NetContext, cancel: &CancellationToken) -> Outcome {
    let name = describe_url(request.url);
    let answered = tokio::select! {
        () = cancel.cancelled() => return cancelled(&format!("the request to `{name}` was cancelled")),
        answered = answer(request, &name, ctx) => answered,
    };
    let encoded = answered.and_then(|answer| serde_json::to_value(answer).map_err(|error| error.to_string()));
    match encoded {
        Ok(json) => Outcome::Done(json),
        Err(reason) => Outcome::failed(ctx.secrets.redact(&reason)),
    }
}

async fn answer(request: Request<'_>, name: &str, ctx: &NetContext) -> Result<HttpAnswer, String> {
    let clients = ctx.clients()?;
    let method =
        Method::from_bytes(request.method.as_bytes()).map_err(|_| format!("no method `{}`", request.method))?;
    let url = Url::parse(&ctx.secrets.open(request.url)?)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| format!("`{name}` is no address, expected one like `http://host/path`"))?;
    let client = if holds_secret(&request) { &clients.guarded } else { &clients.open };
    let mut builder = client.request(method, url).headers(headers(request.headers, &ctx.secrets)?);
    builder = match request.body {
        None => builder,
        Some(Body::Json(json)) => builder.json(json),
        Some(Body::Text(text)) => builder.body(ctx.secrets.open(text)?),
    };
    let began = Instant::now();
    let response = builder.send().await.map_err(|error| explain(&error, name, ctx))?;
    let (status, headers) = (response.status().as_u16(), answer_headers(response.headers(), &ctx.secrets));
    let text = text(response, name, ctx).await?;
    let took_s = began.elapsed().as_secs_f64();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Ok(HttpAnswer { status, headers, body, text, took_s })
}

fn holds_secret(request: &Request<'_>) -> bool {
    let sealed = |text: &SealedText| text.iter().any(|piece| matches!(piece, TextPiece::Secret(_)));
    sealed(request.url) || request.headers.iter().any(|(_, value)| sealed(value))
}

fn headers(headers: &[(String, SealedText)], secrets: &Secrets) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))?;
        let mut content = HeaderValue::from_str(&secrets.open(value)?)
            .map_err(|_| format!("the value of header `{name}` has characters that a header cannot have"))?;
        content.set_sensitive(value.iter().any(|piece| matches!(piece, TextPiece::Secret(_))));
        map.append(key, content);
    }
    Ok(map)
}

fn answer_headers(headers: &HeaderMap, secrets: &Secrets) -> IndexMap<String, String> {
    let redactor = secrets.redactor();
    let mut map: IndexMap<String, String> = IndexMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = redactor.redact(&value);
        map.entry(name.as_str().to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    map
}

async fn text(mut response: Response, name: &str, ctx: &NetContext) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error, name, ctx))? {
        if bytes.len() + chunk.len() > LARGEST_ANSWER {
            return Err(format!("`{name}` answered more than {} MiB", LARGEST_ANSWER >> 20));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(ctx.secrets.redact(&String::from_utf8_lossy(&bytes)))
}

/// Words for a request without an answer.
fn explain(error: &reqwest::Error, name: &str, ctx: &NetContext) -> String {
    if error.is_timeout() && error.is_connect() {
        let limit = format_duration(ctx.limits.connect);
        return format!("could not connect to `{name}` within {limit}");
    }
    if error.is_timeout() {
        return format!("`{name}` gave no whole answer within {}", format_duration(ctx.limits.request));
    }
    if error.is_redirect() {
        return format!("`{name}` redirects without end or, with a secret, to another host: {}", root_cause(error));
    }
    if error.is_connect() {
        return format!("could not connect to `{name}`: {}", root_cause(error));
    }
    format!("the request to `{name}` failed: {}", root_cause(error))
}

/// The innermost reason: the outer ones repeat the address, which may hold a secret.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The address for people: secrets by name, a password left out.
fn describe_url(url: &SealedText) -> String {
    let text = describe_sealed(url);
    match Url::parse(&text) {
        Ok(mut parsed) if parsed.password().is_some() => {
            // An address with a password has a host, so one can be set.
            let _ = parsed.set_password(Some("***"));
            parsed.into()
        }
        _ => text,
    }
}

/// Reqwest takes well-known headers with credentials off a request that is sent to another host, but not all headers.
fn stay_on_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let origin = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default(), url.scheme() == "https");
    let first = attempt.previous().first().map(origin);
    if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error("too many redirects")
    } else if first == Some(origin(attempt.url())) {
        attempt.follow()
    } else {
        attempt.error("a request with a secret is not sent to another host")
    }
}

#[cfg(test)]
mod tests {
    use super::describe_url;
    use crate::contract::effect::TextPiece;

    #[test]
    fn addresses_are_named_without_secrets() {
        let plain = |text: &str| TextPiece::Plain(text.into());
        assert_eq!(describe_url(&vec![plain("http://a/b?c=d")]), "http://a/b?c=d");
        assert_eq!(describe_url(&vec![plain("http://user:pass@a/")]), "http://user:***@a/");
        assert_eq!(describe_url(&vec![TextPiece::Secret("HOOK".into())]), "secret(\"HOOK\")");
    }
}
