//! Mail through a relay.
//!
//! Invariants: nothing of the relay's address stands in an error, which may hold a password; a password only goes over a
//! connection that is encrypted and whose other end is who it says, or that never leaves this machine; no text can become a
//! header. Each recipient gets a message of its own, so that one who is refused does not keep the others from being told.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use url::{Host, Url, form_urlencoded};

use super::http::install_crypto;
use super::net::{NetContext, cancelled};
use super::secrets::Secrets;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::effect::{Outcome, SealedText, describe_sealed};

/// SMTP's word for "done".
const DONE: u16 = 250;

const LONGEST_SUBJECT: usize = 200;

/// A message as an effect has it, with the key of that effect and the time.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    pub relay: &'a SealedText,
    pub from: &'a str,
    pub to: &'a [String],
    pub subject: &'a str,
    pub text: &'a str,
    pub key: &'a str,
    pub now: Timestamp,
}

pub async fn perform_mail(mail: Mail<'_>, ctx: &NetContext, cancel: &CancellationToken) -> Outcome {
    let sent = tokio::select! {
        () = cancel.cancelled() => return cancelled("the mail was cancelled: it may have been sent to some or none"),
        sent = send(mail, ctx) => sent,
    };
    match sent {
        Ok(sent) => Outcome::Done(json!({ "status": DONE, "sent": sent })),
        Err(reason) => Outcome::failed(ctx.secrets.redact(&reason)),
    }
}

type Relay = AsyncSmtpTransport<Tokio1Executor>;

/// Hands the message over for one after another; who has it, when all have.
async fn send(mail: Mail<'_>, ctx: &NetContext) -> Result<Vec<String>, String> {
    let relay = relay(&mail, &ctx.secrets, ctx.limits.connect)?;
    let from = mailbox(mail.from, "from")?;
    let to: Vec<Mailbox> = mail.to.iter().map(|to| mailbox(to, "to")).collect::<Result<_, _>>()?;
    if to.is_empty() {
        return Err("a mail needs somebody to go to, and `to` is empty".to_owned());
    }
    let message = message(&mail, &from, &to)?.formatted();
    let (mut sent, mut refused) = (Vec::new(), Vec::new());
    for recipient in &to {
        let address = recipient.email.to_string();
        let envelope = Envelope::new(Some(from.email.clone()), vec![recipient.email.clone()]);
        let envelope = envelope.map_err(|error| format!("no mail can go to `{address}`: {error}"))?;
        match tokio::time::timeout(ctx.limits.request, relay.send_raw(&envelope, &message)).await {
            Ok(Ok(_)) => sent.push(address),
            Ok(Err(error)) => refused.push(format!("`{address}`: {error}")),
            Err(_) => {
                let limit = format_duration(ctx.limits.request);
                refused.push(format!("`{address}`: the relay did not take it within {limit}"));
            }
        }
    }
    if refused.is_empty() {
        return Ok(sent);
    }
    let others = if sent.is_empty() { String::new() } else { format!("; it was sent to `{}`", sent.join("`, `")) };
    Err(format!("{} took no mail for {}{others}", described(mail.relay), refused.join(", nor for ")))
}

/// The relay as its address says: `smtps` is encrypted from the first byte; `smtp` becomes so when the relay offers it, and
/// has to when a password or `?tls=required` asks for it.
fn relay(mail: &Mail<'_>, secrets: &Secrets, patience: Duration) -> Result<Relay, String> {
    let name = described(mail.relay);
    let wrong = |reason: &str| format!("{name} is no mail relay: {reason}");
    let shape = "an address like `smtp://host:25` or `smtps://user:password@host:465` is wanted";
    let mut url = Url::parse(secrets.open(mail.relay)?.trim()).map_err(|_| wrong(shape))?;
    for part in [url.username(), url.password().unwrap_or_default()].map(decoded) {
        secrets.guard(&part);
    }
    let demanded = match url.query() {
        None => false,
        Some("tls=required") => true,
        Some(_) => return Err(wrong("behind `?` only `tls=required` may stand")),
    };
    let implicit = match url.scheme() {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(wrong(shape)),
    };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong(shape))?.to_owned();
    let host = host.trim_matches(['[', ']']).to_owned();
    let has_password = url.password().is_some();
    let strict = implicit || demanded || (has_password && !is_here(&url));
    install_crypto();
    let parameters = TlsParameters::builder(host).dangerous_accept_invalid_certs(!strict).build();
    let parameters = parameters.map_err(|error| wrong(&format!("no encrypted connection can be made: {error}")))?;
    let tls = match (implicit, strict) {
        (true, _) => Tls::Wrapper(parameters),
        (false, true) => Tls::Required(parameters),
        (false, false) => Tls::Opportunistic(parameters),
    };
    let port = url.port().unwrap_or(if implicit {
        465
    } else if has_password {
        587
    } else {
        25
    });
    url.set_query(None);
    url.set_path("");
    let builder = Relay::from_url(url.as_str()).map_err(|_| wrong(shape))?;
    Ok(builder.port(port).tls(tls).timeout(Some(patience)).hello_name(ClientId::default()).build())
}

/// Whether what goes there stays on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        // An address of this scheme names every host as a domain.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.trim_matches(['[', ']']).parse().is_ok_and(|it: IpAddr| it.is_loopback())
        }
        None => false,
    }
}

fn message(mail: &Mail<'_>, from: &Mailbox, to: &[Mailbox]) -> Result<Message, String> {
    let date = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(mail.now.0).unwrap_or(0));
    let builder = Message::builder()
        .from(from.clone())
        .date(date)
        .subject(one_line(mail.subject))
        .message_id(Some(id(mail.key, from)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN);
    let builder = to.iter().fold(builder, |builder, to| builder.to(to.clone()));
    builder.body(mail.text.to_owned()).map_err(|error| format!("no mail can be made of this: {error}"))
}

/// The same for the same effect, so that one that is repeated after a crash is known as the same message.
fn id(key: &str, from: &Mailbox) -> String {
    let digest: String = Sha256::digest(key.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("<{digest}.phasegate@{}>", from.email.domain())
}

/// A header holds one line of no more than so many characters.
fn one_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LONGEST_SUBJECT).collect()
}

fn mailbox(text: &str, argument: &str) -> Result<Mailbox, String> {
    let wrong = |reason: &str| format!("`{argument}` of the channel is no mail address: `{}`{reason}", one_line(text));
    if text.chars().any(char::is_control) {
        return Err(wrong(" has a line break or another control character"));
    }
    text.parse().map_err(|_| wrong(""))
}

fn described(relay: &SealedText) -> String {
    match describe_sealed(relay) {
        sealed if sealed.starts_with("secret(") => format!("`{sealed}`"),
        _ => "the relay".to_owned(),
    }
}

/// What was percent-encoded in an address.
fn decoded(part: &str) -> String {
    let pair = format!("x={}", part.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Url, decoded, is_here, mailbox, one_line};

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(one_line("\n  rolled back\r\nBcc: x@example.com\n"), "rolled back");
        assert_eq!(one_line("a\rBcc: x@example.com"), "a Bcc: x@example.com");
        assert_eq!(one_line(""), "");
        assert_eq!(one_line(&"ü".repeat(500)).chars().count(), 200);
    }

    #[test]
    fn an_address_holds_no_line_break() {
        assert!(mailbox("On call <oncall@example.com>", "to").is_ok());
        for text in
            ["", "oncall", "a@example.com\r\nBcc: b@example.com", "a b@example.com", "a@example.com, b@example.com"]
        {
            assert!(mailbox(text, "to").unwrap_err().starts_with("`to` of the channel is no mail address"), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_read_as_it_was_written() {
        assert_eq!(decoded("p%40ss+w%26rd&x"), "p@ss+w&rd&x");
    }

    #[test]
    fn what_stays_on_this_machine_is_known() {
        for (url, here) in [
            ("smtp://127.0.0.1:25", true),
            ("smtp://localhost", true),
            ("smtp://[::1]:25", true),
            ("smtp://mail.example.com", false),
            ("smtp://127.0.0.1.example.com", false),
        ] {
            assert_eq!(is_here(&Url::parse(url).unwrap()), here, "{url}");
        }
    }
}
