//! What is looked at when a group has been sampled, and how: worked out of the plan once for a run.

use std::time::Duration;

use super::quick::{Limit, Names, Quick};
use super::scene::{Finding, Scene};
use super::series::Series;
use crate::base::time::Timestamp;
use crate::plan::program::{BlockIndex, Condition, GroupIndex, NodeIndex, NodeKind, Plan};

/// The conditions of all triggers and holds.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// By the place of the block.
    triggers: Vec<Guards>,
    /// By the place of the node.
    holds: Vec<Guards>,
}

/// The conditions of a block's triggers, or of a hold.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    /// By the place of the group: the conditions that read it.
    readers: Vec<Vec<Reader>>,
    /// Those that read nothing.
    blind: Vec<Reader>,
    quick: Vec<Option<Quick>>,
    /// How often the group is sampled that is sampled most often.
    pub every: Option<Duration>,
}

/// One of several conditions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reader {
    pub index: usize,
    /// It reads one group at the most.
    pub is_single: bool,
    /// Of one that compares a metric with a constant, from the first sample on.
    limit: Option<Limit>,
}

impl Reader {
    /// The verdict on a sample of `at` that counts, where it is plain to see.
    #[inline]
    pub fn verdict(&self, series: &Series, at: Timestamp) -> Option<bool> {
        self.limit.as_ref().and_then(|limit| limit.verdict(series, at))
    }
}

static NOTHING: Guards = Guards { readers: Vec::new(), blind: Vec::new(), quick: Vec::new(), every: None };

impl Looks {
    #[must_use]
    pub fn of(plan: &Plan, series: &Series) -> Self {
        let names = Names::new(series);
        let guards = |conditions: Vec<&Condition>| Guards::of(&conditions, plan, &names);
        let triggers = plan.blocks.iter().map(|block| block.triggers.iter().map(|it| &it.condition).collect());
        let holds = plan.nodes.iter().map(|node| match &node.kind {
            NodeKind::Hold { conditions, .. } => conditions.iter().collect(),
            _ => Vec::new(),
        });
        Self { triggers: triggers.map(guards).collect(), holds: holds.map(guards).collect() }
    }

    #[must_use]
    pub fn triggers(&self, block: BlockIndex) -> &Guards {
        self.triggers.get(block.0 as usize).unwrap_or(&NOTHING)
    }

    #[must_use]
    pub fn hold(&self, node: NodeIndex) -> &Guards {
        self.holds.get(node.0 as usize).unwrap_or(&NOTHING)
    }
}

impl Guards {
    fn of(conditions: &[&Condition], plan: &Plan, names: &Names<'_>) -> Self {
        if conditions.is_empty() {
            return Self::default();
        }
        let mut readers = vec![Vec::new(); plan.groups.len()];
        let mut blind = Vec::new();
        let quick: Vec<_> = conditions.iter().map(|condition| Quick::of(&condition.expr, names)).collect();
        for (index, condition) in conditions.iter().enumerate() {
            let is_single = condition.reads.windows(2).all(|pair| pair[0].group == pair[1].group);
            let limit = quick[index].as_ref().and_then(Limit::of).filter(|_| condition.after.is_none());
            let reader = Reader { index, is_single, limit };
            for read in &condition.reads {
                match readers.get_mut(read.group.0 as usize) {
                    Some(group) if group.last() != Some(&reader) => group.push(reader),
                    _ => {}
                }
            }
            if condition.reads.is_empty() {
                blind.push(reader);
            }
        }
        let reads = conditions.iter().flat_map(|condition| &condition.reads);
        let every = reads.filter_map(|read| plan.groups.get(read.group.0 as usize)).map(|group| group.every).min();
        Self { readers, blind, quick, every }
    }

    /// The conditions that read `group`, or (None) those that read nothing.
    #[must_use]
    pub fn reading(&self, group: Option<GroupIndex>) -> &[Reader] {
        match group {
            Some(group) => self.readers.get(group.0 as usize).map_or(&[], Vec::as_slice),
            None => &self.blind,
        }
    }

    /// Whether there is a verdict on one of them for certain. No does not say that there is none.
    #[must_use]
    pub fn knows(&self, scene: &Scene<'_>, index: usize) -> bool {
        self.quick.get(index).and_then(Option::as_ref).is_some_and(|quick| quick.is_known(scene))
    }

    /// The verdict on one of them, as [`Scene::judge`] has it.
    #[must_use]
    pub fn judge(&self, scene: &Scene<'_>, (index, condition): (usize, &Condition), bad: bool) -> Finding {
        let quick = self.quick.get(index).and_then(Option::as_ref).and_then(|quick| quick.verdict(scene));
        debug_assert!(
            quick.is_none() || quick == scene.judge(condition, bad).verdict,
            "`{}` at {} comes out otherwise when it is looked at quickly",
            condition.text,
            scene.at
        );
        match quick {
            Some(verdict) if verdict != bad => Finding::good(verdict),
            _ => scene.judge(condition, bad),
        }
    }
}
