//! Reading text: programs without faults, every diagnostic of the syntax, and what holds for any text at all.

use phasegate::base::source::SourceFile;
use phasegate::base::span::FileId;
use phasegate::syntax::ast::{
    BinaryOperator, Block, Expr, ExprKind, ItemKind, StatementKind, StringPiece, TestClauseKind, TypeKind,
};
use phasegate::syntax::tree::tree;
use phasegate::syntax::{Parsed, parse};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

const SAMPLE: &str = include_str!("samples/search_rollout.deploy");
const EVERYTHING: &str = include_str!("samples/everything.deploy");

fn source(text: &str) -> SourceFile {
    SourceFile::new(FileId(0), "case.deploy", text)
}

fn read(text: &str) -> Parsed {
    parse(&source(text))
}

/// Code, place and the text pointed at, of every diagnostic.
fn told(text: &str) -> Vec<String> {
    let source = source(text);
    let line = |diagnostic: &phasegate::base::diagnostic::Diagnostic| {
        let start = source.line_column(diagnostic.at.span.start as usize);
        format!("{} {}:{} {}", diagnostic.code.id(), start.line, start.column, source.slice(diagnostic.at.span))
    };
    parse(&source).diagnostics.iter().map(line).collect()
}

/// The text after every fix has been applied.
fn fixed(text: &str) -> String {
    let mut edits: Vec<_> =
        read(text).diagnostics.into_iter().filter_map(|diagnostic| diagnostic.fix).flat_map(|fix| fix.edits).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    edits.into_iter().fold(text.to_owned(), |mut text, edit| {
        text.replace_range(edit.span.range(), &edit.text);
        text
    })
}

fn assert_sound(text: &str) {
    let source = source(text);
    let parsed = parse(&source);
    for diagnostic in &parsed.diagnostics {
        let span = diagnostic.at.span;
        assert!(text.get(span.range()).is_some(), "{diagnostic:?} does not fit {text:?}");
        for edit in diagnostic.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(text.get(edit.span.range()).is_some(), "{diagnostic:?} does not fit {text:?}");
        }
    }
    assert_eq!(tree(&source).text().to_string(), text);
}

#[test]
fn a_string_with_a_hole_may_end_in_a_quote_that_only_looks_like_one() {
    for text in ["\"${1 + 2}“ }", "\"${1 + 2“ }", "\"${a”}“", "“${“a”}”", "\"${“", "\"\"\"${a}”””"]
    {
        let text = format!("pipeline p {{ let a = {text}\n}}\n");
        let source = SourceFile::new(FileId(0), "a.deploy", &text);
        assert_eq!(tree(&source).text().to_string(), text);
    }
}

/// The statements of `pipeline p { … }`.
fn body(text: &str) -> Block {
    let parsed = read(&format!("pipeline p {{\n{text}\n}}"));
    assert_eq!(parsed.diagnostics, [], "{text}");
    match parsed.file.items.into_iter().next().map(|item| std::sync::Arc::unwrap_or_clone(item).kind) {
        Some(ItemKind::Pipeline(pipeline)) => pipeline.body,
        other => panic!("no pipeline but {other:?}"),
    }
}

fn expression(text: &str) -> Expr {
    match body(&format!("let x = {text}")).statements.into_iter().next().map(|statement| statement.kind) {
        Some(StatementKind::Let { value, .. }) => value,
        other => panic!("no let but {other:?}"),
    }
}

/// An expression with all its parentheses.
fn shape(expr: &Expr) -> String {
    match &*expr.kind {
        ExprKind::Number { value, .. } => value.to_string(),
        ExprKind::String(string) => {
            let piece = |piece: &StringPiece| match piece {
                StringPiece::Text(text) => text.clone(),
                StringPiece::Interpolation(inside) => format!("<{}>", shape(inside)),
            };
            format!("{:?}", string.pieces.iter().map(piece).collect::<String>())
        }
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Name(name) => name.text.clone(),
        ExprKind::Field(of, name) => format!("{}.{}", shape(of), name.text),
        ExprKind::Index(of, index) => format!("{}[{}]", shape(of), shape(index)),
        ExprKind::Call { callee, args } => {
            let arg = |arg: &phasegate::syntax::ast::Arg| match &arg.name {
                Some(name) => format!("{}: {}", name.text, shape(&arg.value)),
                None => shape(&arg.value),
            };
            format!("{}({})", shape(callee), args.iter().map(arg).collect::<Vec<_>>().join(", "))
        }
        ExprKind::List(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(", ")),
        ExprKind::Record(fields) => {
            let field =
                |field: &phasegate::syntax::ast::FieldValue| format!("{}: {}", field.name.text, shape(&field.value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Not(inside) => format!("(not {})", shape(inside)),
        ExprKind::Negate(inside) => format!("(-{})", shape(inside)),
        ExprKind::Binary { operator, left, right, .. } => {
            format!("({} {} {})", shape(left), operator.symbol(), shape(right))
        }
        ExprKind::If { condition, then, otherwise } => {
            format!("(if {} then {} else {})", shape(condition), shape(then), shape(otherwise))
        }
        ExprKind::Group(inside) => shape(inside),
        ExprKind::Broken => "broken".to_owned(),
    }
}

#[test]
fn a_whole_program_reads_without_a_diagnostic() {
    assert_eq!(told(SAMPLE), Vec::<String>::new());
    assert_eq!(read(SAMPLE).file.items.len(), 9);
    assert_sound(SAMPLE);
}

#[test]
fn every_construct_of_the_language_reads_without_a_diagnostic() {
    assert_eq!(told(EVERYTHING), Vec::<String>::new());
    assert_sound(EVERYTHING);
    let parsed = read(EVERYTHING);
    assert!(!parsed.file.items.iter().any(|item| matches!(item.kind, ItemKind::Broken)));
    let clauses: Vec<_> = parsed
        .file
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some(&test.clauses),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(clauses.len(), 22);
    assert!(!clauses.iter().any(|clause| matches!(clause.kind, TestClauseKind::Broken)));
}

#[test]
fn operators_bind_as_the_language_page_says() {
    let rows = [
        ("a or b and not c == d", "(a or (b and (not (c == d))))"),
        ("a ?? b..c", "(a ?? (b .. c))"),
        ("x in 5 +- 2 * 3", "(x in (5 +- (2 * 3)))"),
        ("x not in 1..10", "(x not in (1 .. 10))"),
        ("a - b - c", "((a - b) - c)"),
        ("-a * b + -1", "(((-a) * b) + (-1))"),
        ("a.b[1].c(x, y: 2)", "a.b[1].c(x, y: 2)"),
        ("if a then b else if c then d else e + 1", "(if a then b else (if c then d else (e + 1)))"),
        ("(a + b) * [1, 2,].c", "((a + b) * [1, 2].c)"),
        ("{ a: 1, \"b-c\": {}, }", "{a: 1, b-c: {}}"),
        ("5 ± 2", "(5 +- 2)"),
        ("phase + gate.timeout(step: hold)", "(phase + gate.timeout(step: hold))"),
    ];
    for (text, expected) in rows {
        assert_eq!(shape(&expression(text)), expected, "{text}");
    }
}

#[test]
fn strings_say_what_is_written_in_them() {
    let rows = [
        (r#""a\tb\u{41}\$\\""#, r#""a\tbA$\\""#),
        (r#""a ${f("x ${y}") + 1} b""#, r#""a <(f(\"x <y>\") + 1)> b""#),
        (r#"r"\d+${x}""#, r#""\\d+${x}""#),
        ("\"\"\"\n    one ${two}\n      three\n    \"\"\"", r#""one <two>\n  three""#),
        ("\"\"\"one \"quoted\" \\u{42}\"\"\"", r#""one \"quoted\" B""#),
        (r#""""#, r#""""#),
    ];
    for (text, expected) in rows {
        assert_eq!(shape(&expression(text)), expected, "{text}");
    }
}

#[test]
fn interpolations_know_where_they_stand() {
    let text = "pipeline p { lock \"a ${ env.name } ${x < y < z}\" }";
    assert_eq!(told(text), ["PG007 1:38 x < y < z"]);
}

#[test]
fn spans_end_with_the_last_word_of_what_they_cover() {
    let text = "pipeline p {\n  let a = 1 + 2   // why\n\n  wait 5m\n}\n";
    let parsed = read(text);
    let Some(ItemKind::Pipeline(pipeline)) = parsed.file.items.first().map(|item| &item.kind) else {
        panic!("no pipeline")
    };
    let covered: Vec<_> = pipeline.body.statements.iter().map(|statement| &text[statement.at.range()]).collect();
    assert_eq!(covered, ["let a = 1 + 2", "wait 5m"]);
    assert_eq!(&text[parsed.file.items[0].at.range()], text.trim_end());
}

#[test]
fn documentation_belongs_to_the_declaration_below_it() {
    let parsed =
        read("/// One.\n/// Two.\n// phasegate: allow(PG504, PG503) because\ntype T = {\n  /// A field.\n  a: int\n}");
    let item = &parsed.file.items[0];
    assert_eq!(item.doc.as_deref(), Some("One.\nTwo."));
    let ItemKind::Type(ty) = &item.kind else { panic!("no type") };
    let TypeKind::Record(fields) = &ty.ty.kind else { panic!("no record") };
    assert_eq!(fields[0].doc.as_deref(), Some("A field."));
    let allow = &parsed.file.allows[0];
    assert_eq!(allow.codes.iter().map(|code| code.text.as_str()).collect::<Vec<_>>(), ["PG504", "PG503"]);
    assert_eq!((allow.reason.as_str(), allow.target), ("because", Some(item.at)));
}

#[test]
fn an_allow_speaks_about_the_next_statement_only() {
    let parsed = read("pipeline p {\n  // phasegate: allow(PG410) a\n  wait 5m\n  // phasegate: allow(PG410) b\n}\n");
    let targets: Vec<_> = parsed.file.allows.iter().map(|allow| allow.target.is_some()).collect();
    assert_eq!(targets, [true, false]);
}

/// Each text has the diagnostics behind it and no others.
const FAULTS: &[(&str, &[&str])] = &[
    // PG001: something is missing.
    ("pipeline p {\n  let x =\n  step a = f()\n}", &["PG001 2:9 ="]),
    ("pipeline p {\n  require a >= \n  require b > 1\n}", &["PG001 2:14 ="]),
    ("pipeline p { let = 4 }", &["PG001 1:18 ="]),
    ("pipeline { wait 5m }", &["PG001 1:10 {"]),
    ("pipeline p { hold every 1m { require a } }", &["PG001 1:19 every"]),
    ("pipeline p { ramp t { } }", &["PG001 1:21 {"]),
    ("environment e { a = 1 b = 2 }", &["PG001 1:23 b"]),
    ("type T = { a: int b: int }", &["PG001 1:19 b"]),
    ("pipeline p { step a = f(1 2) }", &["PG001 1:27 2"]),
    ("metrics m from s { a = 1 }", &["PG001 1:22 ="]),
    ("test { run p() }", &["PG001 1:6 {"]),
    ("test \"t\" {\n  expect outcome\n  expect step x ran\n}", &["PG001 2:16 e"]),
    ("test \"t\" {\n  given step a.b\n  run p()\n}", &["PG001 2:16 b"]),
    ("alert a when b > 1 { summary \"s\" }", &["PG001 1:9 when"]),
    // PG001: something stands where nothing should.
    ("pipeline p { wait 5m 6 }", &["PG001 1:22 6"]),
    ("pipeline p {\n  phase a b {\n    step c = d e\n  }\n}", &["PG001 2:11 b", "PG001 3:16 e"]),
    ("pipeline p {\n  stepp x = shell(\"a\",\n    cwd: \"b\")\n  wait 5m\n}", &["PG001 2:3 stepp"]),
    ("pipeline p {\n  phaze a {\n    let = 1\n  }\n}", &["PG001 2:3 phaze", "PG001 3:9 ="]),
    ("pipeline p { }\n}\n", &["PG001 2:1 }"]),
    ("foo bar\n", &["PG001 1:1 foo"]),
    ("pipeline p { step a = f(,) }", &["PG001 1:25 ,"]),
    ("pipeline p { require a && !b || c = 1 }", &["PG001 1:24 &&", "PG001 1:27 !", "PG001 1:30 ||", "PG001 1:35 ="]),
    // PG001: clauses in the wrong order, or twice.
    ("pipeline p { step a = f() timeout 5m effect reads }", &["PG001 1:38 effect"]),
    ("pipeline p { require a else \"b\" for 5m }", &["PG001 1:33 for"]),
    ("pipeline p { phase a when b after c { } }", &["PG001 1:29 after"]),
    ("pipeline p { rollback when a for 1m for 2m }", &["PG001 1:37 for"]),
    // PG002, PG003, PG004
    ("pipeline p {\n  lock \"abc\n  wait 5m\n}", &["PG002 2:8 \"abc"]),
    ("pipeline p {\n  gate \"abc {\n    require a\n  }\n}", &["PG002 2:8 \"abc "]),
    ("pipeline p {\n  on end { notify.send(a, \"b) }\n}", &["PG002 2:27 \"b"]),
    ("pipeline p {\n  lock \"a ${b\n  wait 5m\n}", &["PG002 2:11 ${"]),
    ("pipeline p { wait 5m }\n/* never", &["PG003 2:1 /*"]),
    ("pipeline p { lock \"a\\qb\" }", &["PG004 1:21 \\q"]),
    ("pipeline p { lock \"\\u{110000}\" }", &["PG004 1:20 \\u{110000}"]),
    // PG005, PG006, PG007
    ("pipeline p { wait 5min }", &["PG005 1:19 5min"]),
    ("pipeline p { wait 5 min }", &["PG005 1:19 5 min"]),
    ("pipeline p { require a ≤ 5 – 1 }", &["PG006 1:24 ≤", "PG006 1:28 –"]),
    ("pipeline p { lock “a” }", &["PG006 1:19 “", "PG006 1:21 ”"]),
    ("pipeline p { require a < b < c }", &["PG007 1:22 a < b < c"]),
    ("pipeline p { require 1 <= a and a == b != c == d }", &["PG007 1:33 a == b != c == d"]),
    // PG008
    ("pipeline p {\n  phase a {\n", &["PG008 2:11 {"]),
    ("pipeline p {\n  phase a {\n    wait 5m\n}\n\npipeline q {\n}\n", &["PG008 2:11 {"]),
    ("pipeline p {\n  phase a {\n    gate {\n      require b\n  }\n}\n", &["PG008 3:10 {"]),
    ("pipeline p {\n  step a = f(1,\n  step b = g()\n}", &["PG008 2:13 ("]),
    ("pipeline p { let a = [1, 2 }", &["PG008 1:22 ["]),
    ("environment e { a = 1\npipeline p { }", &["PG008 1:15 {"]),
    // PG112: a block that ended too early is reported once.
    ("pipeline p {\n}\n  wait 5m\n  wait 6m\n}\n", &["PG112 3:3 wait"]),
];

#[test]
fn every_fault_is_reported_once_where_it_is() {
    for (text, expected) in FAULTS {
        assert_eq!(told(text), *expected, "{text}");
        assert_sound(text);
    }
}

#[test]
fn faults_in_several_items_are_all_reported() {
    let whole: String = FAULTS
        .iter()
        .map(|(text, _)| *text)
        .filter(|text| text.starts_with("pipeline p {") && !text.contains("/*"))
        .map(|text| format!("{}\n", text.trim_end()))
        .collect();
    let expected = FAULTS
        .iter()
        .filter(|(text, _)| text.starts_with("pipeline p {") && !text.contains("/*"))
        .map(|(_, faults)| faults.len());
    assert_eq!(told(&whole).len(), expected.sum::<usize>(), "{:#?}", told(&whole));
}

#[test]
fn fixes_cure_what_they_are_offered_for() {
    let rows = [
        ("pipeline p { wait 1h30min }", "pipeline p { wait 1h30m }"),
        ("pipeline p { wait 5 min }", "pipeline p { wait 5m }"),
        ("pipeline p { require a ≤ 5 × “b” }", "pipeline p { require a <= 5 * \"b\" }"),
        ("pipeline p { require a\u{A0}and b }", "pipeline p { require a and b }"),
        ("pipeline p { require a < b < c }", "pipeline p { require a < b and b < c }"),
        ("pipeline p { require a && !b = c }", "pipeline p { require a and not b == c }"),
        ("pipeline p { lock \"\\d\" }", "pipeline p { lock \"\\\\d\" }"),
        ("environment e { a: 1 b = f(x = 2) }", "environment e { a = 1, b = f(x : 2) }"),
        ("pipeline p {\n  phaze a { }\n}", "pipeline p {\n  phase a { }\n}"),
    ];
    for (text, expected) in rows {
        assert_eq!(fixed(text), expected);
        assert_eq!(told(expected), Vec::<String>::new(), "{expected}");
    }
}

#[test]
fn what_is_nested_too_deep_is_refused_and_what_is_not_is_read() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("pipeline p {{ let x = {}a{} }}", open.repeat(depth), close.repeat(depth))
    };
    let rows = [
        ("(", ")", 125),
        ("[", "]", 125),
        ("f(", ")", 125),
        ("{ a: ", "}", 125),
        ("if a then b else ", "", 125),
        ("if ", " then b else c", 125),
        ("a[", "]", 125),
        ("\"${", "}\"", 60),
    ];
    for (open, close, depth) in rows {
        let told_of =
            |depth| read(&nested(open, close, depth)).diagnostics.iter().map(|d| d.code.id()).collect::<Vec<_>>();
        assert_eq!(told_of(depth), Vec::<&str>::new(), "{open}");
        assert!(told_of(100_000).contains(&"PG009"), "{open}");
    }
    for text in [
        format!("{}a", "- ".repeat(100_000)),
        format!("{}a", "not ".repeat(100_000)),
        format!("{}a", "a + ".repeat(100_000)),
        format!("{}a", "a.".repeat(100_000)),
        format!("a{}", "()".repeat(100_000)),
        format!("a{}", "[1]".repeat(100_000)),
    ] {
        let text = format!("pipeline p {{ let x = {text} }}");
        assert!(read(&text).diagnostics.iter().any(|diagnostic| diagnostic.code.id() == "PG009"));
    }
    let types = format!("type T = {}int{}", "list<".repeat(100_000), ">".repeat(100_000));
    assert!(read(&types).diagnostics.iter().any(|diagnostic| diagnostic.code.id() == "PG009"));
    let blocks = |depth: usize| format!("pipeline p {{ {} {} }}", "parallel {".repeat(depth), "}".repeat(depth));
    assert_eq!(told(&blocks(127)), Vec::<String>::new());
    assert_eq!(read(&blocks(128)).diagnostics[0].code.id(), "PG009");
}

#[test]
fn a_file_that_is_not_utf_8_says_where() {
    let source = SourceFile::from_bytes(FileId(0), "bad.deploy", b"pipeline p { lock \"\xFF\" }");
    let parsed = parse(&source);
    assert_eq!(parsed.diagnostics.iter().map(|d| (d.code.id(), d.at.span.start)).collect::<Vec<_>>(), [("PG010", 19)]);
}

#[test]
fn a_closing_angle_is_split_off_and_a_list_of_types_may_be_nested() {
    let Some(StatementKind::Param(param)) =
        body("param x: map<list<int>>= f").statements.into_iter().next().map(|s| s.kind)
    else {
        panic!("no param")
    };
    assert!(param.default.is_some());
    assert!(matches!(param.ty.kind, TypeKind::Generic(_, ref inner) if matches!(inner[0].kind, TypeKind::Generic(..))));
}

#[test]
fn an_operator_keeps_its_place() {
    let expr = expression("a\n  and b");
    let ExprKind::Binary { operator, operator_at, .. } = *expr.kind else { panic!("no operator") };
    assert_eq!((operator, operator_at.end - operator_at.start), (BinaryOperator::And, 3));
}

#[test]
fn every_prefix_of_a_program_reads() {
    for sample in [SAMPLE, EVERYTHING] {
        for (end, _) in sample.char_indices() {
            assert_sound(&sample[..end]);
        }
    }
}

#[test]
fn every_program_without_one_line_reads() {
    for sample in [SAMPLE, EVERYTHING] {
        let lines: Vec<_> = sample.split_inclusive('\n').collect();
        for gone in 0..lines.len() {
            let text: String =
                lines.iter().enumerate().filter(|(line, _)| *line != gone).map(|(_, line)| *line).collect();
            assert_sound(&text);
        }
    }
}

/// Words and signs of the language, and some that are not.
fn token() -> impl Strategy<Value = String> {
    let words: Vec<&str> = EVERYTHING.split_whitespace().collect();
    prop_oneof![
        6 => prop::sample::select(words).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["{", "}", "(", ")", "[", "]", "\"", "\"\"\"", "${", "r\"", "/*", "*/", "//", "\\", "<", ">", "≤", "“", "\n", "\r\n", "\u{1D}", "\u{1E}", "\0", "ä", ",", ":", "=", "if", "5min", "¡"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_row_of_tokens_reads(tokens in prop::collection::vec((token(), prop_oneof![Just(""), Just(" "), Just("\n"), Just("\n  ")]), 0..60)) {
        let text: String = tokens.iter().flat_map(|(token, gap)| [token.as_str(), gap]).collect();
        assert_sound(&text);
    }

    #[test]
    fn any_edit_of_a_program_reads(at in any::<prop::sample::Index>(), length in 0_usize..40, insert in token()) {
        let starts: Vec<usize> = EVERYTHING.char_indices().map(|(at, _)| at).collect();
        let from = at.index(starts.len());
        let to = starts.get(from + length).copied().unwrap_or(EVERYTHING.len());
        let mut text = EVERYTHING.to_owned();
        text.replace_range(starts[from]..to, &insert);
        assert_sound(&text);
    }

    #[test]
    fn any_text_reads(text in any::<String>()) {
        assert_sound(&text);
    }
}

#[test]
fn what_is_given_of_a_step_has_a_line_for_each() {
    let text = "test \"t\" {\n  run p()\n  given step a.x = 3 takes 5m\n  expect outcome succeeded\n}\n";
    let message = read(text).diagnostics.remove(0).message;
    assert_eq!(message, "unexpected `takes`: in a test it has a line of its own, `given step PHASE.STEP takes 5m`");
    assert_eq!(told(text), ["PG001 3:22 takes"]);
    assert_eq!(told(&text.replace(" takes", "\n  given step a.x takes")), [""; 0]);
}
