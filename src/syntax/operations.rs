//! Declarations about what happens outside of a run: kill switches, sentinels, freezes, alerts, schedules, rubrics.

use crate::base::span::Span;

use super::ast::{
    AlertItem, Award, Criterion, Expr, FreezeItem, ItemKind, KillSwitchItem, Name, RubricItem, ScheduleItem,
    SentinelEntry, SentinelItem, Sustain, Tier,
};
use super::clauses::Order;
use super::expressions::broken;
use super::grammar::{Node, Rule};
use super::lower::Lower;

/// `NAME … when COND [for …]`
struct Watched {
    name: Name,
    when: Expr,
    sustain: Option<Sustain>,
}

impl Lower<'_> {
    pub(super) fn operation(&mut self, node: Node<'_>) -> Option<ItemKind> {
        Some(match node.as_rule() {
            Rule::killswitch_item => ItemKind::KillSwitch(self.kill_switch(node)),
            Rule::sentinel_item => ItemKind::Sentinel(self.sentinel(node)),
            Rule::freeze_item => ItemKind::Freeze(self.freeze(node)),
            Rule::alert_item => ItemKind::Alert(self.alert(node)),
            Rule::rubric_item => ItemKind::Rubric(self.rubric(node)),
            Rule::schedule_item => ItemKind::Schedule(self.schedule(node)),
            Rule::test_item => ItemKind::Test(self.test(node)),
            _ => return None,
        })
    }

    /// The entries of a braced node; reports what is wrong with the braces and between the entries, and gives the places
    /// of what is none.
    pub(super) fn entries(&mut self, node: Node<'_>, mut entry: impl FnMut(&mut Self, Node<'_>)) -> Vec<Span> {
        let opening = node.start();
        let mut unreadable = Vec::new();
        let mut before: Option<Span> = None;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::missing_brace => self.unclosed(opening, &inner),
                Rule::bad_stmt => {
                    let (at, _) = self.declare(&inner);
                    self.bad_statement(inner, before);
                    before = Some(at);
                    unreadable.push(at);
                }
                _ => {
                    before = Some(self.declare(&inner).0);
                    entry(self, inner);
                }
            }
        }
        unreadable
    }

    /// What may stand there once stands there again.
    fn refuse_second(&mut self, node: &Node<'_>, is_second: bool, why: &str) {
        if is_second {
            self.unexpected(node, why);
        }
    }

    fn kill_switch(&mut self, node: Node<'_>) -> KillSwitchItem {
        let mut item = KillSwitchItem { name: self.no_name(&node), on: None, off: None };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::killswitch_block => drop(self.entries(inner, |lower, side| {
                    let known = if side.as_rule() == Rule::switch_on { &mut item.on } else { &mut item.off };
                    lower.refuse_second(&side, known.is_some(), ": a kill switch has one `on` and one `off`");
                    *known = Some(lower.steps(|lower| lower.titled(side).1));
                })),
                _ => self.note(&inner),
            }
        }
        item
    }

    fn sentinel(&mut self, node: Node<'_>) -> SentinelItem {
        let mut item = SentinelItem { name: self.no_name(&node), every: None, entries: Vec::new() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::every_clause => item.every = Some(self.clause_expr(inner)),
                Rule::sentinel_block => {
                    let unreadable = self.entries(inner, |lower, entry| item.entries.push(lower.sentinel_entry(entry)));
                    item.entries.extend(unreadable.into_iter().map(SentinelEntry::Broken));
                }
                _ => self.note(&inner),
            }
        }
        item
    }

    fn sentinel_entry(&mut self, node: Node<'_>) -> SentinelEntry {
        let at = self.span(&node);
        match node.as_rule() {
            Rule::probe => self.probe(node, at),
            Rule::trip => {
                let Watched { name, when, sustain } = self.watched(node);
                SentinelEntry::Trip { switch: name, when, sustain, at }
            }
            Rule::recover => {
                let Watched { when, sustain, .. } = self.watched(node);
                SentinelEntry::Recover { when, sustain, at }
            }
            _ => SentinelEntry::Broken(at),
        }
    }

    fn probe(&mut self, node: Node<'_>, at: Span) -> SentinelEntry {
        let mut order = Order::new(&["timeout", "expect"]);
        let mut name = self.no_name(&node);
        let (mut call, mut timeout, mut expect) = (None, None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => name = self.name(&inner),
                Rule::timeout_clause => {
                    order.see(self, "timeout", &inner);
                    timeout = Some(self.clause_expr(inner));
                }
                Rule::expect_clause => {
                    order.see(self, "expect", &inner);
                    expect = Some(self.clause_expr(inner));
                }
                _ => match self.maybe_expr(&inner) {
                    Some(expr) => call = Some(expr),
                    None => self.note(&inner),
                },
            }
        }
        SentinelEntry::Probe { name, call: call.unwrap_or_else(|| broken(at.after())), timeout, expect, at }
    }

    fn watched(&mut self, node: Node<'_>) -> Watched {
        let end = self.span(&node).after();
        let mut order = Order::new(&["for"]);
        let mut found = Watched { name: self.no_name(&node), when: broken(end), sustain: None };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => found.name = self.name(&inner),
                Rule::for_clause => {
                    order.see(self, "for", &inner);
                    found.sustain = Some(self.sustain(inner));
                }
                _ => match self.maybe_expr(&inner) {
                    Some(when) => found.when = when,
                    None => self.note(&inner),
                },
            }
        }
        found
    }

    fn freeze(&mut self, node: Node<'_>) -> FreezeItem {
        let end = self.span(&node).after();
        let mut item = FreezeItem { name: self.no_name(&node), from: broken(end), to: broken(end) };
        let mut behind_to = false;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::kw_to | Rule::missing_to => {
                    behind_to = true;
                    self.note(&inner);
                }
                _ => match self.maybe_expr(&inner) {
                    Some(expr) if behind_to => item.to = expr,
                    Some(expr) => item.from = expr,
                    None => self.note(&inner),
                },
            }
        }
        item
    }

    fn alert(&mut self, node: Node<'_>) -> AlertItem {
        let end = self.span(&node).after();
        let mut item = AlertItem {
            name: self.no_name(&node),
            severity: self.no_name(&node),
            when: broken(end),
            sustain: None,
            summary: None,
            runbook: None,
            notify: Vec::new(),
        };
        let mut order = Order::new(&["for"]);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::severity => item.severity = self.name(&inner),
                Rule::for_clause => {
                    order.see(self, "for", &inner);
                    item.sustain = Some(self.sustain(inner));
                }
                Rule::alert_block => drop(self.entries(inner, |lower, entry| match entry.as_rule() {
                    Rule::summary => {
                        lower.refuse_second(&entry, item.summary.is_some(), ": an alert has one summary");
                        item.summary = Some(lower.clause_expr(entry));
                    }
                    Rule::runbook => {
                        lower.refuse_second(&entry, item.runbook.is_some(), ": an alert has one runbook");
                        item.runbook = Some(lower.clause_expr(entry));
                    }
                    _ => item.notify.extend(lower.channels(entry)),
                })),
                _ => match self.maybe_expr(&inner) {
                    Some(when) => item.when = when,
                    None => self.note(&inner),
                },
            }
        }
        item
    }

    fn channels(&mut self, node: Node<'_>) -> Vec<Name> {
        let mut names = Vec::new();
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => names.push(self.name(&inner)),
                Rule::missing_name => self.missing(&inner, "a channel"),
                _ => self.note(&inner),
            }
        }
        names
    }

    fn schedule(&mut self, node: Node<'_>) -> ScheduleItem {
        let end = self.span(&node).after();
        let mut item =
            ScheduleItem { name: self.no_name(&node), cron: broken(end), run: broken(end), environment: None };
        let mut behind_run = false;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::kw_run => behind_run = true,
                Rule::in_clause => item.environment = Some(self.clause_name(inner, "an environment")),
                _ => match self.maybe_expr(&inner) {
                    Some(expr) if behind_run => item.run = expr,
                    Some(expr) => item.cron = expr,
                    None => self.note(&inner),
                },
            }
        }
        item
    }

    fn rubric(&mut self, node: Node<'_>) -> RubricItem {
        let mut item = RubricItem {
            name: self.no_name(&node),
            subject: None,
            pass: None,
            tiers: Vec::new(),
            unreadable: Vec::new(),
        };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::subject => item.subject = Some(self.clause_name(inner, "what it scores, such as `json`")),
                Rule::rubric_block => {
                    item.unreadable = self.entries(inner, |lower, entry| match entry.as_rule() {
                        Rule::pass_rule => {
                            lower.refuse_second(&entry, item.pass.is_some(), ": a rubric has one `pass when`");
                            item.pass = Some(lower.clause_expr(entry));
                        }
                        _ => item.tiers.push(lower.tier(entry)),
                    });
                }
                _ => self.note(&inner),
            }
        }
        item
    }

    fn tier(&mut self, node: Node<'_>) -> Tier {
        let mut tier = Tier { name: self.no_name(&node), criteria: Vec::new() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => tier.name = self.name(&inner),
                Rule::tier_block => {
                    drop(self.entries(inner, |lower, entry| tier.criteria.push(lower.criterion(entry))));
                }
                _ => self.note(&inner),
            }
        }
        tier
    }

    fn criterion(&mut self, node: Node<'_>) -> Criterion {
        let at = self.span(&node);
        let mut criterion = Criterion {
            name: self.no_name(&node),
            title: None,
            points: broken(at.after()),
            awards: Vec::new(),
            is_complete: true,
            at,
        };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => criterion.name = self.name(&inner),
                Rule::string => criterion.title = Some(self.string(&inner)),
                Rule::criterion_block => {
                    let unreadable = self.entries(inner, |lower, entry| criterion.awards.push(lower.award(entry)));
                    criterion.is_complete = unreadable.is_empty();
                }
                _ => match self.maybe_expr(&inner) {
                    Some(points) => criterion.points = points,
                    None => self.note(&inner),
                },
            }
        }
        criterion
    }

    fn award(&mut self, node: Node<'_>) -> Award {
        let at = self.span(&node);
        let mut award = Award { points: broken(at.after()), when: None, at };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::when_clause => award.when = Some(self.when(inner)),
                _ => match self.maybe_expr(&inner) {
                    Some(points) => award.points = points,
                    None => self.note(&inner),
                },
            }
        }
        award
    }
}
