//! `schedule NAME "CRON" run PIPELINE(…) in ENVIRONMENT`

use crate::contract::types::Type;
use crate::model::operations::Schedule;
use crate::syntax::ast::ScheduleItem;

use super::super::checker::Checker;
use super::super::symbols::ItemRef;

impl<'a> Checker<'a> {
    /// The pipeline it runs, and the schedule when it runs one.
    pub(super) fn read_schedule(
        &mut self,
        reference: ItemRef,
        doc: Option<String>,
        written: &'a ScheduleItem,
    ) -> (Option<ItemRef>, Option<Schedule>) {
        let (cron, pipeline, launch) = self.watching(None, |checker| {
            let cron = checker.check(&written.cron, &Type::Cron);
            let (pipeline, launch) = checker.read_launch(&written.run, written.environment.as_ref());
            (cron, pipeline, launch)
        });
        let (name, at) = (self.program_name(reference), self.here(written.name.at));
        (pipeline, launch.map(|launch| Schedule { name, doc, cron, launch, at }))
    }
}
