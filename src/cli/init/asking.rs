//! What `init` asks on a terminal. An empty answer takes what stands in brackets; the end of the input ends it all.

use std::io;

use clap::ValueEnum;

use super::super::output;
use super::template::Template;
use super::{Args, Ci, Wishes};

/// The wishes with what no flag said; none when nobody answers any more.
pub fn complete(args: &Args, mut wishes: Wishes) -> Option<Wishes> {
    if args.name.is_none() {
        wishes.name = question("What is rolled out?", &wishes.name)?;
    }
    if args.template.is_none() {
        wishes.template = choose_template()?;
    }
    if args.ci.is_none() {
        wishes.ci = choose_ci()?;
    }
    if !args.pre_commit {
        wishes.pre_commit = yes("Hooks for pre-commit?", false)?;
    }
    Some(wishes)
}

pub fn agrees() -> bool {
    yes("Write this?", true).unwrap_or(false)
}

fn choose_template() -> Option<Template> {
    let all = Template::value_variants();
    let mut list = "How is it rolled out?\n".to_owned();
    for (number, template) in (1..).zip(all) {
        let (name, help) = template.describe();
        list.push_str(&format!("  {number}  {name:<13} {help}\n"));
    }
    output::say(&list);
    loop {
        let answer = question("A number or a name", "1")?;
        let by_number = answer.parse::<usize>().ok().and_then(|number| all.get(number.checked_sub(1)?));
        if let Some(template) = by_number.copied().or_else(|| Template::from_str(&answer, true).ok()) {
            return Some(template);
        }
        output::say(&format!("there is no `{}`\n", answer.escape_debug()));
    }
}

fn choose_ci() -> Option<Option<Ci>> {
    loop {
        let answer = question("Jobs that check each change: github, gitlab or none", "none")?;
        match answer.as_str() {
            "none" => return Some(None),
            answer => {
                if let Ok(ci) = Ci::from_str(answer, true) {
                    return Some(Some(ci));
                }
            }
        }
    }
}

fn yes(asked: &str, usually: bool) -> Option<bool> {
    loop {
        match question(asked, if usually { "yes" } else { "no" })?.to_lowercase().as_str() {
            "y" | "yes" => return Some(true),
            "n" | "no" => return Some(false),
            _ => {}
        }
    }
}

fn question(asked: &str, usual: &str) -> Option<String> {
    output::say(&format!("{asked} [{usual}] "));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).unwrap_or(0);
    if read == 0 {
        output::say("\n");
        return None;
    }
    let answer = answer.trim();
    Some(if answer.is_empty() { usual.to_owned() } else { answer.to_owned() })
}
