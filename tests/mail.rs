//! Mail to a relay that speaks SMTP on loopback and keeps what it was given.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use phasegate::adapters::effects::{self, EffectContext};
use phasegate::adapters::net::{NetContext, NetLimits};
use phasegate::adapters::process::NoSink;
use phasegate::adapters::secrets::Secrets;
use phasegate::adapters::switches::Switches;
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Effect, Outcome, TextPiece};
use phasegate::runtime::ports::Errand;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How the relay behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Takes,
    /// Takes nothing for `gone@…`.
    Chooses,
    /// Says hello and nothing more.
    Hangs,
    /// Wants a password and repeats what it was told.
    Guards,
    /// Offers encryption and then speaks nonsense.
    PretendsTls,
}

/// What came: the envelope's recipient and the lines of the message.
type Taken = Arc<Mutex<Vec<(String, Vec<String>)>>>;

struct Relay {
    port: u16,
    taken: Taken,
}

impl Relay {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Taken::default();
        let kept = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move { drop(serve(stream, manner, &kept).await) });
            }
        });
        Self { port, taken }
    }

    async fn send(&self, mail: &Effect) -> Outcome {
        perform(&format!("smtp://127.0.0.1:{}", self.port), mail, &CancellationToken::new()).await
    }

    fn taken(&self) -> Vec<(String, Vec<String>)> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, manner: Manner, taken: &Taken) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 relay ESMTP\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        if manner == Manner::Hangs {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            "EHLO" if manner == Manner::Guards => "250-relay\r\n250 AUTH PLAIN LOGIN",
            "EHLO" if manner == Manner::PretendsTls => "250-relay\r\n250 STARTTLS",
            "EHLO" => "250-relay\r\n250 8BITMIME",
            "AUTH" => "535 no entry with p%40ss%20w0rd or p@ss w0rd",
            "STARTTLS" => "220 go on",
            "RCPT" if manner == Manner::Chooses && line.contains("gone@") => "550 5.1.1 nobody of that name",
            "RCPT" => {
                to = line.trim_start_matches("RCPT TO:<").split('>').next().unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut message = Vec::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    message.push(line);
                }
                taken.lock().unwrap().push((to.clone(), message));
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn perform(url: &str, mail: &Effect, cancel: &CancellationToken) -> Outcome {
    let url = url.to_owned();
    let secrets = Arc::new(Secrets::new(move |name| (name == "RELAY").then(|| url.clone()), None));
    let second = Duration::from_millis(700);
    let limits = NetLimits { grace: second, connect: second, request: second, socket: second };
    let net = Arc::new(NetContext::new(PathBuf::from("."), secrets).with_limits(limits));
    let folder = tempfile::tempdir().unwrap();
    let ctx = EffectContext { net, slots: folder.path().into(), switches: Switches::at(folder.path()) };
    let errand = Errand { key: "r1/on rollback.step1/1".to_owned(), effect: mail.clone(), output: None };
    effects::perform(errand, &ctx, Timestamp(1_736_157_600_000_000), &mut NoSink, cancel).await
}

fn mail(to: &[&str], text: &str) -> Effect {
    Effect::SendMail {
        relay: vec![TextPiece::Secret("RELAY".to_owned())],
        from: "Phasegate <search@example.com>".to_owned(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        subject: text.lines().next().unwrap_or_default().to_owned(),
        text: text.to_owned(),
    }
}

fn failure(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(failure) => &failure.message,
        Outcome::Done(answer) => panic!("it was sent: {answer}"),
    }
}

fn header<'m>(message: &'m [String], name: &str) -> Vec<&'m str> {
    let headers = message.iter().take_while(|line| !line.is_empty());
    headers.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

#[tokio::test]
async fn everybody_gets_the_message_under_one_id() {
    let relay = Relay::start(Manner::Takes).await;
    let effect = mail(&["a@example.com", "On call <b@example.com>"], "search 1.2.3 was rolled back\n\nbecause of p99");
    let sent = relay.send(&effect).await;
    let expected = serde_json::json!({ "status": 250, "sent": ["a@example.com", "b@example.com"] });
    assert_eq!(sent, Outcome::Done(expected));
    relay.send(&effect).await;
    let taken = relay.taken();
    let to: Vec<&str> = taken.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["a@example.com", "b@example.com", "a@example.com", "b@example.com"]);
    let message = &taken[0].1;
    assert_eq!(header(message, "Subject"), ["search 1.2.3 was rolled back"]);
    assert_eq!(header(message, "From"), ["Phasegate <search@example.com>"]);
    assert_eq!(header(message, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(message, "Date"), ["Mon, 06 Jan 2025 10:00:00 +0000"]);
    assert!(message.ends_with(&["search 1.2.3 was rolled back".into(), String::new(), "because of p99".into()]));
    let id = header(message, "Message-ID");
    assert!(id[0].ends_with(".phasegate@example.com>"), "{id:?}");
    assert!(taken.iter().all(|(_, message)| header(message, "Message-ID") == id));
}

#[tokio::test]
async fn any_letters_come_through_and_none_becomes_a_header() {
    let relay = Relay::start(Manner::Takes).await;
    let effect = Effect::SendMail {
        relay: vec![TextPiece::Secret("RELAY".to_owned())],
        from: "search@example.com".to_owned(),
        to: vec!["a@example.com".to_owned()],
        subject: "größer\r\nBcc: evil@example.com\r\n\r\nhello".to_owned(),
        text: "größer als 5 µs ✓\n.\r\nX-Evil: yes\n..end\u{0}".to_owned(),
    };
    assert!(matches!(relay.send(&effect).await, Outcome::Done(_)));
    let taken = relay.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    let message = &taken[0].1;
    for name in ["Bcc", "X-Evil"] {
        assert!(header(message, name).is_empty(), "{message:#?}");
    }
    assert!(header(message, "Subject")[0].starts_with("=?utf-8?"), "{message:#?}");
    assert_eq!(header(message, "Content-Type"), ["text/plain; charset=utf-8"]);
    assert!(!header(message, "Content-Transfer-Encoding").is_empty());
}

#[tokio::test]
async fn addresses_with_line_breaks_are_refused_before_anything_is_sent() {
    let relay = Relay::start(Manner::Takes).await;
    let outcome = relay.send(&mail(&["a@example.com>\r\nRCPT TO:<b@example.com"], "x")).await;
    assert!(failure(&outcome).starts_with("`to` of the channel is no mail address"), "{outcome:?}");
    let outcome = relay.send(&mail(&[], "x")).await;
    assert!(failure(&outcome).contains("`to` is empty"), "{outcome:?}");
    assert!(relay.taken().is_empty());
}

#[tokio::test]
async fn one_who_is_refused_does_not_keep_the_others_from_being_told() {
    let relay = Relay::start(Manner::Chooses).await;
    let outcome = relay.send(&mail(&["a@example.com", "gone@example.com", "b@example.com"], "x")).await;
    let message = failure(&outcome);
    assert!(message.starts_with("`secret(\"RELAY\")` took no mail for `gone@example.com`: "), "{message}");
    assert!(message.contains("5.1.1 nobody of that name"), "{message}");
    assert!(message.ends_with("; it was sent to `a@example.com`, `b@example.com`"), "{message}");
    assert_eq!(relay.taken().len(), 2);
}

#[tokio::test]
async fn a_relay_that_hangs_or_is_not_there_costs_no_more_than_the_limit() {
    let relay = Relay::start(Manner::Hangs).await;
    let began = Instant::now();
    let outcome = relay.send(&mail(&["a@example.com"], "x")).await;
    assert!(failure(&outcome).contains("a@example.com"), "{outcome:?}");
    let nobody = perform("smtp://127.0.0.1:1", &mail(&["a@example.com"], "x"), &CancellationToken::new()).await;
    assert!(failure(&nobody).contains("a@example.com"), "{nobody:?}");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let cancelled = perform(&format!("smtp://127.0.0.1:{}", relay.port), &mail(&["a@example.com"], "x"), &cancel).await;
    assert!(matches!(cancelled, Outcome::Failed(failure) if failure.cancelled));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_password_is_never_repeated() {
    let relay = Relay::start(Manner::Guards).await;
    let url = format!("smtp://robot:p%40ss%20w0rd@127.0.0.1:{}", relay.port);
    let outcome = perform(&url, &mail(&["a@example.com"], "x"), &CancellationToken::new()).await;
    let message = failure(&outcome);
    assert!(message.contains("no entry with *** or ***"), "{message}");
    assert!(!message.contains("w0rd") && !message.contains("127.0.0.1"), "{message}");
}

#[tokio::test]
async fn encryption_that_is_asked_for_is_not_given_up() {
    let plain = Relay::start(Manner::Takes).await;
    let url = format!("smtp://127.0.0.1:{}?tls=required", plain.port);
    let outcome = perform(&url, &mail(&["a@example.com"], "x"), &CancellationToken::new()).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    let fake = Relay::start(Manner::PretendsTls).await;
    let outcome = fake.send(&mail(&["a@example.com"], "x")).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    let outcome = perform(
        &format!("smtps://127.0.0.1:{}", plain.port),
        &mail(&["a@example.com"], "x"),
        &CancellationToken::new(),
    )
    .await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert!(plain.taken().is_empty() && fake.taken().is_empty());
}

#[tokio::test]
async fn what_is_no_relay_is_told_without_its_address() {
    for url in ["hunter22", "http://host", "smtp://", "smtp://host?tls=no", "smtp:host"] {
        let outcome = perform(url, &mail(&["a@example.com"], "x"), &CancellationToken::new()).await;
        let message = failure(&outcome);
        assert!(message.starts_with("`secret(\"RELAY\")` is no mail relay: "), "{url}: {message}");
        assert!(!message.contains(url), "{message}");
    }
}
