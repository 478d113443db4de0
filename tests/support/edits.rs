//! Edits as people make them, and worse: the same ones every time.

use std::ops::Range;

/// Texts that people write and break.
pub const TEXTS: [&str; 6] = [
    include_str!("../../pipelines/quickstart.deploy"),
    include_str!("../../stdlib/k8s.deploy"),
    "use \"./slo.deploy\".{quick, shift}\nuse std.{flags, shell}\n\nenvironment staging { soak = 5m }\nenvironment production { soak = 1h }\n\nmetrics m from \
     prometheus(\"http://a\") every 1m {\n  p50: duration(s) = query(\"a\")\n  p99: duration(s) = query(\"b\")\n  errors: ratio = query(\"c\")\n}\n\ncomponent \
     watched(limit: ratio) {\n  hold env.soak { require m.errors <= limit }\n  rollback when m.p99 > 2 * m.p50\n}\n\n/// One.\npipeline one {\n  param version: version\n  \
     phase a { run watched(1%) }\n  // phasegate: allow(PG410) it is so\n  rollback when m.errors > 5%\n  phase b after a { step shell(\"apply ${version}\") timeout 1m undo \
     shell(\"undo\") }\n}\n\n/// Two.\npipeline two {\n  phase a { gate { require quick } }\n  phase b after a { run shift(\"x\") }\n}\n\ntest \"one goes well\" {\n  run one(version: \
     \"1.0.0\") in staging\n  given m.errors = 0.1%\n  given m.p50 = 10ms\n  given m.p99 = 11ms\n  expect outcome succeeded\n}\n\ntest \"two\" {\n  run two() in staging\n  expect \
     outcome succeeded\n}\n",
    "// nothing\n",
    "pipeline 𝒑 { let é = \"😀 ${1 + 2}\" } /* 𝒂 */ pipeline p { phase x { wait 1m // 😀😀\n } }\n",
    OPERATED,
];

/// What acts by itself, and what that names.
const OPERATED: &str = r#"use std.{flags, http, killswitch, notify}

environment staging { often = 1m }
environment production { often = 5s }

channel oncall = notify.webhook(url: secret("HOOK"))

metrics m from prometheus("http://a") every env.often lag 5s {
  p50: duration(s) = query("a")
  p99: duration(s) = query("b")
  errors: ratio = query("c")
  tail: float = p99 / p50
}

threshold calm { require m.tail < 3 require m.errors <= 1% }

killswitch plain {
  on  { flags.set("plain", { on: "true" }) }
  off { flags.unset("plain") }
}

killswitch all {
  on  { killswitch.trip(plain, reason: "all") }
  off { killswitch.reset(plain, reason: "all") }
}

sentinel watch every 5m {
  probe home = http.get("http://a/healthz") timeout 5s expect result.status == 200
  trip plain when failures(home) >= 3
  recover when failures(home) == 0 for 30m
}

alert slow critical when m.p99 > 1s for 10m { summary "slow" notify oncall }
alert odd warning when not calm for 5m { summary "odd ${m.tail}" notify oncall }
alert lost info when failures(watch.home) > 5 { summary "lost" notify oncall }

freeze holidays from time("2030-12-20T00:00:00Z") to time("2031-01-02T00:00:00Z")

rubric good for json {
  pass when score >= 8
  tier form { criterion titled 10 { award 10 when doc.title != "" } }
}

/// Pulls the brake.
pipeline brake {
  param reason: string
  phase pull { step killswitch.trip(all, reason: reason) timeout 1m }
  phase look after pull { hold 10m every 1m { require calm } }
  rollback when m.errors > 5% for 3 samples
}

schedule nightly "0 2 * * *" run brake(reason: "every night") in staging
"#;

/// What is put in: pieces of the language, of texts, and what fits nowhere.
const PIECES: [&str; 59] = [
    "a",
    "1",
    " ",
    "\n",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "'",
    "//",
    "/*",
    "*/",
    "///",
    "😀",
    "é",
    "≤",
    "${",
    "phase ",
    "pipeline q {\n}\n",
    "require ",
    "5%",
    "10m",
    "and ",
    ".",
    ",",
    "=",
    "wait 5m\n",
    "step shell(\"x\")\n",
    "use std.exec\n",
    "m.p99",
    "quick",
    "rollback when m.errors > 1%\n",
    "\r\n",
    "test \"t\" { run one() }\n",
    "// phasegate: allow(PG412) why\n",
    "environment third { soak = 1s }\n",
    "let x = 1\n",
    "\u{0}",
    "watched(2%)",
    "\"\"\"",
    "\npipeline r {\n  phase a { wait 1m }\n}\n",
    "\n}\n",
    "\nmetrics n from",
    "“",
    "\ntest \"u\" {",
    "/// Above.\n",
    "plain",
    "calm",
    "home",
    "oncall",
    "env.often",
    "every 5s ",
    "for 1s",
    "not ",
    "killswitch.trip(all, reason: \"x\")",
    "\nalert again critical when m.p99 > 2s { summary \"x\" notify oncall }\n",
    "\nkillswitch plain { }\n",
    "probe home = ",
];

/// A small generator: the same edits every time.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).expect("below a usize")
    }

    pub fn boundary(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !is_place(text, at) {
            at -= 1;
        }
        at
    }

    /// A place and what it becomes: mostly little, as people type.
    pub fn edit(&mut self, text: &str) -> (Range<usize>, &'static str) {
        let start = self.boundary(text);
        let length = [0, 0, 1, 1, 2, 5, 40][self.below(7)];
        let mut end = (start + length).min(text.len());
        while !is_place(text, end) {
            end += 1;
        }
        let piece = if end > start && self.below(3) == 0 { "" } else { PIECES[self.below(PIECES.len())] };
        (start..end, piece)
    }
}

/// Between two characters; the two of a line end are one.
fn is_place(text: &str, at: usize) -> bool {
    text.is_char_boundary(at) && !(text[..at].ends_with('\r') && text[at..].starts_with('\n'))
}
