//! `docs/coverage.md`: every item it names is in the programs, every command in the program that is built.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use phasegate::base::source::{SourceFile, Sources};
use phasegate::base::span::Span;
use phasegate::syntax::ast::{File, ItemKind, Name, StatementKind};
use phasegate::syntax::parse;

/// The descriptions, each with a section, and the program that stands for it.
const PAGES: [(&str, &str); 5] = [
    ("000 CQVR deployment", "cqvr.deploy"),
    ("001 Search rollout", "search.deploy"),
    ("002 CQVR monitoring", "cqvr.deploy"),
    ("003 Chat phase 4", "chat.deploy"),
    ("004 MOBIUS framework", "mobius.deploy"),
];

#[test]
fn everything_that_the_page_names_is_there() {
    let rows = rows(&read("docs/coverage.md"));
    let commands = commands();
    let mut faults = Vec::new();
    for (page, program) in PAGES {
        let own: Vec<&Row> = rows.iter().filter(|row| row.page == page).collect();
        assert!(own.len() >= 25, "`{page}` has {} rows", own.len());
        assert!(own.iter().any(|row| row.place.contains(program)), "`{page}` names nothing of {program}");
    }
    for row in &rows {
        faults
            .extend(faults_of(row, &commands).into_iter().map(|fault| format!("{}: {}: {fault}", row.page, row.what)));
    }
    assert!(faults.is_empty(), "{} of {} rows:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

#[test]
fn every_pipeline_alert_switch_and_schedule_of_the_programs_is_on_the_page() {
    let page = read("docs/coverage.md");
    let mut silent = Vec::new();
    for program in ["cqvr.deploy", "search.deploy", "chat.deploy", "mobius.deploy"] {
        let (_, file) = parsed(program);
        for item in &file.items {
            let (ItemKind::Pipeline(_) | ItemKind::Alert(_) | ItemKind::KillSwitch(_) | ItemKind::Schedule(_)) =
                &item.kind
            else {
                continue;
            };
            let name = name_of(&item.kind).map(|(_, name)| name.text.clone()).unwrap_or_default();
            if !page.contains(&name) {
                silent.push(format!("{program}: {name}"));
            }
        }
    }
    assert!(silent.is_empty(), "not on the page: {silent:?}");
}

mod can_fail {
    use super::{Row, commands, faults_of};

    fn row(place: &str) -> Row {
        Row { page: "000 CQVR deployment".to_owned(), what: "something".to_owned(), place: place.to_owned() }
    }

    #[test]
    fn what_is_not_there_is_told() {
        let commands = commands();
        for wrong in [
            "`cqvr.deploy` · `pipeline nothing`",
            "`cqvr.deploy` · `pipeline cqvr` · `phase nothing`",
            "`cqvr.deploy` · `pipeline cqvr` · `gate \"quality\"`",
            "`cqvr.deploy` · `alert memory_usage_high` · `critical when`",
            "`nothing.deploy` · `pipeline cqvr`",
            "`phasegate levitate`",
            "**later** `phasegate check`",
            "**not here**",
            "somewhere",
        ] {
            assert_eq!(faults_of(&row(wrong), &commands).len(), 1, "{wrong}");
        }
        assert!(
            faults_of(&row("`cqvr.deploy` · `pipeline cqvr` · `gate \"production success\"`"), &commands).is_empty()
        );
    }
}

struct Row {
    page: String,
    what: String,
    place: String,
}

fn rows(document: &str) -> Vec<Row> {
    let mut page = String::new();
    let mut rows = Vec::new();
    for line in document.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            page = title.to_owned();
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else { continue };
        let Some((what, place)) = cells.split_once(" | ") else { continue };
        if what != "the description names" {
            rows.push(Row { page: page.clone(), what: what.to_owned(), place: place.to_owned() });
        }
    }
    rows
}

fn faults_of(row: &Row, commands: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known = false;
    for part in row.place.split("; ") {
        for chain in chains(part) {
            let later = part[..chain.start].contains("**later**");
            match chain.steps.as_slice() {
                [command] if command.starts_with("phasegate ") => {
                    let word = command.split(' ').nth(1).unwrap_or_default();
                    known = true;
                    match (commands.contains(word), later && !command.contains("--")) {
                        (false, false) if !later => faults.push(format!("there is no `{command}`")),
                        (true, true) => faults.push(format!("`{command}` is there: it is not later any more")),
                        _ => {}
                    }
                }
                [program, steps @ ..] if program.ends_with(".deploy") => {
                    known = true;
                    faults.extend(look_up(program, steps).err());
                }
                _ => {}
            }
        }
    }
    if faults.is_empty() && !known && !gives_a_reason(&row.place) {
        faults.push("says neither where it is nor why it is not".to_owned());
    }
    faults
}

/// A name of the library, another section, or a few words on who does it instead.
fn gives_a_reason(place: &str) -> bool {
    let marked = ["**not here**", "**chosen**"].iter().any(|mark| place.starts_with(mark));
    let names = !code_spans(place).is_empty() || place.starts_with("page 00");
    (marked || names) && place.split_whitespace().count() >= 4
}

/// `` `a` · `b` · `c` ``
struct Chain<'a> {
    start: usize,
    steps: Vec<&'a str>,
}

fn chains(part: &str) -> Vec<Chain<'_>> {
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut end = usize::MAX;
    for code in code_spans(part) {
        let joined = end != usize::MAX && part.get(end..code.start - 1) == Some(" · ");
        match chains.last_mut() {
            Some(chain) if joined => chain.steps.push(&part[code.clone()]),
            _ => chains.push(Chain { start: code.start, steps: vec![&part[code.clone()]] }),
        }
        end = code.end + 1;
    }
    chains
}

fn code_spans(text: &str) -> Vec<Range<usize>> {
    let ticks: Vec<usize> = text.match_indices('`').map(|(at, _)| at).collect();
    ticks.chunks_exact(2).map(|pair| pair[0] + 1..pair[1]).collect()
}

/// Follows a chain from the file inwards: an item by kind and name, a phase of a pipeline, then words that stand there.
fn look_up(program: &str, steps: &[&str]) -> Result<(), String> {
    if program.contains('/') {
        return read_if_there(program).map(|_| ()).ok_or_else(|| format!("there is no {program}"));
    }
    if read_if_there(&format!("pipelines/{program}")).is_none() {
        return Err(format!("there is no {program}"));
    }
    let (text, file) = parsed(program);
    let mut places: Vec<Span> = vec![Span::new(0, text.len())];
    for (depth, step) in steps.iter().enumerate() {
        let found = if depth == 0 { item(file, step) } else { inside(file, text, &places, step) };
        places = found.ok_or_else(|| format!("`{program}` has no `{}`", steps[..=depth].join("` · `")))?;
    }
    Ok(())
}

/// `pipeline search_rollout`, `test "a title"`.
fn item(file: &File, wanted: &str) -> Option<Vec<Span>> {
    let found = file.items.iter().find(|item| {
        name_of(&item.kind).is_some_and(|(kind, name)| wanted == format!("{kind} {}", name.text))
            || matches!(&item.kind, ItemKind::Test(test) if wanted == format!("test \"{}\"", plain(&test.title)))
    });
    found.map(|item| vec![item.at])
}

fn plain(title: &phasegate::syntax::ast::StringLiteral) -> String {
    let pieces = title.pieces.iter().map(|piece| match piece {
        phasegate::syntax::ast::StringPiece::Text(text) => text.as_str(),
        phasegate::syntax::ast::StringPiece::Interpolation(_) => "",
    });
    pieces.collect()
}

/// A phase of the pipeline, or words that stand in one of the places or in a component that is run there.
fn inside(file: &File, text: &str, places: &[Span], wanted: &str) -> Option<Vec<Span>> {
    if let Some(name) = wanted.strip_prefix("phase ") {
        let phases = file.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Pipeline(pipeline) if places.contains(&item.at) => Some(&pipeline.body.statements),
            _ => None,
        });
        let found = phases
            .flatten()
            .find(|statement| matches!(&statement.kind, StatementKind::Phase(phase) if phase.name.text == name));
        return found.map(|statement| vec![statement.at]);
    }
    let everywhere = with_components(file, text, places);
    let wanted = squeezed(wanted);
    let there = everywhere.iter().any(|place| holds(&squeezed(slice(text, *place)), &wanted));
    there.then_some(everywhere)
}

/// The places, and the components that they run, and those that these run.
fn with_components(file: &File, text: &str, places: &[Span]) -> Vec<Span> {
    let mut all = places.to_vec();
    let mut next = 0;
    while next < all.len() {
        let here = slice(text, all[next]).to_owned();
        next += 1;
        for item in &file.items {
            let ItemKind::Component(component) = &item.kind else { continue };
            if here.contains(&format!("run {}(", component.name.text)) && !all.contains(&item.at) {
                all.push(item.at);
            }
        }
        if here.contains("run slo.protect(") {
            // Shared components have names of their own on the page.
            assert!(read("pipelines/slo.deploy").contains("component protect("));
        }
    }
    all
}

/// Whether the words stand there, not as a part of longer ones.
fn holds(text: &str, wanted: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(wanted).any(|(at, _)| {
        let (before, behind) = (text[..at].chars().next_back(), text[at + wanted.len()..].chars().next());
        let starts = !wanted.starts_with(is_word) || !before.is_some_and(is_word);
        let ends = !wanted.ends_with(is_word) || !behind.is_some_and(is_word);
        starts && ends
    })
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

fn name_of(kind: &ItemKind) -> Option<(&'static str, &Name)> {
    Some(match kind {
        ItemKind::Type(item) => ("type", &item.name),
        ItemKind::Environment(item) => ("environment", &item.name),
        ItemKind::Metrics(item) => ("metrics", &item.name),
        ItemKind::Threshold(item) => ("threshold", &item.name),
        ItemKind::Channel(item) => ("channel", &item.name),
        ItemKind::Component(item) => ("component", &item.name),
        ItemKind::KillSwitch(item) => ("killswitch", &item.name),
        ItemKind::Sentinel(item) => ("sentinel", &item.name),
        ItemKind::Alert(item) => ("alert", &item.name),
        ItemKind::Rubric(item) => ("rubric", &item.name),
        ItemKind::Schedule(item) => ("schedule", &item.name),
        ItemKind::Pipeline(item) => ("pipeline", &item.name),
        _ => return None,
    })
}

/// The programs of the folder, each read once.
fn parsed(program: &str) -> &'static (String, File) {
    static PROGRAMS: OnceLock<Vec<(String, (String, File))>> = OnceLock::new();
    let read_all = || {
        let names = ["cqvr", "search", "chat", "mobius", "slo"].map(|name| format!("{name}.deploy"));
        names.map(|name| (name.clone(), parse_program(&name))).into()
    };
    let programs = PROGRAMS.get_or_init(read_all);
    let found = programs.iter().find(|(name, _)| name == program);
    &found.unwrap_or_else(|| panic!("{program} is not one of the programs")).1
}

fn parse_program(program: &str) -> (String, File) {
    let text = read(&format!("pipelines/{program}"));
    let mut sources = Sources::default();
    let id = sources.add(|id| SourceFile::new(id, program, text.clone()));
    let file = parse(sources.get(id).expect("it was just added")).file;
    (text, file)
}

fn commands() -> BTreeSet<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_phasegate")).arg("help").output().expect("phasegate runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    read_if_there(path).unwrap_or_else(|| panic!("{path} is part of the sources"))
}

fn read_if_there(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}
