//! Pipelines that together use every kind of statement, with worlds that make them pass, fail, roll back, pause and abort.

use phasegate::engine::turn::Command;

use super::machine::Case;
use super::support::{Behaviour, Script, plan};

const HEAD: &str = r#"
use std.{killswitch, notify, shell, traffic}

channel room = notify.webhook(url: secret("ROOM"))

metrics m from prometheus("http://prom") every 1m {
  errors: ratio = query("errors")
  load: float = query("load")
}

killswitch pumps {
  on  { step first = shell("pump off") timeout 1m undo shell("-pump off")
        step shell("valve shut ${first.exit_code}") timeout 1m undo shell("-valve shut") }
  off { step shell("valve open") timeout 1m undo shell("-valve open")
        step shell("pump on") timeout 1m undo shell("-pump on") }
}

component step_up(feature: string) {
  step enable = shell("enable ${feature}") timeout 5m retry 2 backoff 1m..2m undo shell("-enable ${feature}")
  ramp traffic.http("http://one") through 10%, 50% {
    step shell("again warm ${feature} ${stage.weight}") idempotent timeout 1m undo shell("-again warm")
    hold 3m { require m.errors <= 10% for 1m }
  }
  rollback when m.errors > 20% for 2 samples
  notify room when m.errors > 15%
}

/// For a test.
pipeline p {
"#;

fn case(name: &'static str, body: &str, script: fn() -> Script, commands: &[(u64, Command)]) -> Case {
    Case { name, plan: plan(&format!("{HEAD}{body}\n}}")), script, commands: commands.to_vec() }
}

fn quiet(script: Script) -> Script {
    script.metrics(|_, _| Some(0.01))
}

/// The canary is bad from this weight on.
fn bad_from(weight: f64, script: Script) -> Script {
    let outside = script.outside.clone();
    script.metrics(move |_, _| {
        let now = outside.borrow().weights.values().copied().fold(0.0, f64::max);
        Some(if now >= weight { 0.3 } else { 0.01 })
    })
}

fn takes(script: Script, command: &str, seconds: u64, fails: u32) -> Script {
    let takes = std::time::Duration::from_secs(seconds);
    script.command(command, Behaviour { fails, takes, stdout: "ok".to_owned() })
}

fn approve() -> Command {
    Command::Approve { node: None, groups: Vec::new() }
}

const EVERYTHING: &str = r#"
  phase look { step read = shell("again look") effect reads timeout 10m retry 3 backoff 1m..4m }
  phase ask after look { approve "go on?" }
  phase a after ask {
    step before = shell("prepare ${look.read.stdout}") timeout 20m undo shell("-prepare")
    run step_up("a")
  }
  phase beside after ask {
    on failure continue
    parallel {
      wait 4m
      step told = notify.send(room, "going on")
      step slow = shell("slow") timeout 9m undo shell("-slow")
    }
    gate { require m.load < 5  warn m.load < 0 }
    step shell("maybe") timeout 1m undo shell("-maybe") on failure continue
  }
  phase each after ask for x in ["eu", "us"] max 1 at once {
    step put = shell("put ${x}") timeout 1m undo shell("-put ${x}")
  }
  phase b after a, beside { run step_up("b")  step killswitch.trip(pumps, reason: "b") }
  on start { step shell("again hello") idempotent }
  on rollback { notify.send(room, "taken back: ${run.reason}") shell("told") }
  on end { shell("bye") }
"#;

fn everything() -> Script {
    takes(takes(Script::new(), "slow", 200, 0), "prepare ok", 30, 0).fails("enable a", 1).fails("maybe", 9).command(
        "again look",
        Behaviour { fails: 2, takes: std::time::Duration::from_secs(7), stdout: "ok".to_owned() },
    )
}

/// All cases; the first ones are the ordinary ones.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("everything goes well", EVERYTHING, || quiet(everything()), &[(300, approve())]),
        case("a trigger rolls everything back", EVERYTHING, || bad_from(0.5, everything()), &[(300, approve())]),
        case(
            "a rollback whose undos fail",
            EVERYTHING,
            || bad_from(0.5, everything()).fails("-put eu", 9).fails("-again warm", 1),
            &[(300, approve())],
        ),
    ];
    cases.extend(by_people());
    cases.extend(by_policies());
    cases.extend(by_time());
    cases
}

fn by_people() -> Vec<Case> {
    let work = r#"
  phase a { step one = shell("one") timeout 9m undo shell("-one") hold 5m { require m.errors < 10% } }
  phase b after a { step two = shell("two") timeout 9m undo shell("-two") wait 3m gate { require b.two.exit_code == 0 } }
  on pause { step shell("again paused") idempotent timeout 1m }
  on end { step shell("again bye") idempotent }
"#;
    let slow: fn() -> Script = || quiet(takes(takes(Script::new(), "two", 60, 0), "-two", 20, 0));
    vec![
        case("a person pauses and resumes", work, slow, &[(100, Command::Pause), (220, Command::Resume)]),
        case("a person aborts", work, slow, &[(330, Command::Abort)]),
        case("a person rolls back a step under way", work, slow, &[(320, Command::Rollback)]),
        case("a person rolls back what has succeeded", work, slow, &[(2_000, Command::Rollback)]),
        case(
            "a person aborts a rollback",
            &work.replace("shell(\"two\") timeout 9m", "shell(\"two\") timeout 9m retry 2 backoff 1m..1m"),
            || quiet(Script::new().fails("-two", 1)),
            &[(400, Command::Rollback), (410, Command::Abort)],
        ),
    ]
}

fn by_policies() -> Vec<Case> {
    vec![
        case(
            "a phase that is taken back by itself",
            r#"
  phase a { on failure continue  step one = shell("one") timeout 1m undo shell("-one")
            ramp traffic.http("http://one") through 20% { hold 9m { require m.load < 100 } }
            rollback phase when m.errors > 10% for 2 samples }
  phase b after a { step two = shell("two") timeout 1m undo shell("-two")
                    ramp traffic.http("http://two") through 5%, 100% { step shell("again x") idempotent timeout 1m } }
"#,
            || bad_from(0.2, Script::new()),
            &[],
        ),
        case(
            "stopped with what it changed",
            r#"
  phase a { on failure stop  step s = shell("one") timeout 1m undo shell("-one")
            ramp traffic.http("http://one") through 20% { step t = shell("bad") timeout 1m retry 1 undo shell("-bad") } }
  on failure { shell("sorry") }
"#,
            || quiet(Script::new().fails("bad", 2)),
            &[],
        ),
        case(
            "two ramps on one target",
            r#"
  phase a { on failure continue  ramp traffic.http("http://one") through 5%, 10% { wait 1m }  gate { require m.errors > 90% } }
  phase b after a { ramp traffic.http("http://one") through 20%, 30% { wait 1m } }
  phase c after b { ramp traffic.http("http://one") through 40%, 60% { wait 1m }  step shell("false") timeout 1m }
"#,
            || quiet(Script::new().fails("false", 1)),
            &[],
        ),
        case(
            "a kill switch is tripped and taken back",
            r#"
  phase a { step pulled = killswitch.trip(pumps, reason: "leak") }
  phase b after a { step shell("bad") timeout 1m }
"#,
            || quiet(Script::new().fails("bad", 1)),
            &[],
        ),
    ]
}

fn by_time() -> Vec<Case> {
    vec![
        case(
            "timeouts and attempts",
            r#"
  phase a { step one = shell("again one") idempotent timeout 2m retry 2 backoff 1m..1m undo shell("-again one")
            step two = shell("again two") idempotent timeout 2m undo shell("-again two") }
"#,
            || quiet(takes(takes(Script::new(), "again one", 30, 1), "again two", 999, 0)),
            &[],
        ),
        case(
            "nobody approves",
            r#"
  phase a { step one = shell("one") timeout 1m undo shell("-one")  approve "ada" within 5m else rollback }
"#,
            || quiet(Script::new()),
            &[],
        ),
        case(
            "data are missing for ten minutes",
            r#"
  phase a { step one = shell("one") timeout 1m undo shell("-one")
            hold 6m { require m.errors < 10% }
            rollback when m.load > 100 for 2 samples  pause when m.load > 50
            step two = shell("two") timeout 1m undo shell("-two") }
"#,
            || Script::new().metrics(|_, minute| (!(2.0..12.0).contains(&minute)).then_some(0.01)),
            &[],
        ),
        case(
            "a gate that nobody can decide, until a person resumes",
            r#"
  phase a { step one = shell("one") timeout 1m undo shell("-one")
            wait 3m gate { require m.errors < 10% } step two = shell("two") timeout 1m undo shell("-two") }
"#,
            || Script::new().metrics(|_, minute| (!(2.0..12.0).contains(&minute)).then_some(0.01)),
            &[(1_000, Command::Resume)],
        ),
        case(
            "past its time",
            r#"
  timeout 10m
  phase a { step one = shell("one") timeout 1m undo shell("-one")  approve "ada"  step two = shell("two") timeout 1m }
"#,
            || quiet(Script::new()),
            &[],
        ),
    ]
}

/// A hold of half an hour.
pub fn held() -> Case {
    case(
        "a hold",
        "phase a { step one = shell(\"one\") timeout 1m undo shell(\"-one\")  hold 30m every 1m { require m.errors < 10% } }",
        || quiet(Script::new()),
        &[],
    )
}
