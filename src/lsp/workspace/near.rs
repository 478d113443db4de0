//! What is known near a place of a file, long before the whole of its program is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::analysis::{Asked, Place, Text};
use crate::ide::known::Known;
use crate::syntax::Reading;

use super::super::convert::identity;
use super::ahead::Ahead;
use super::program::{Places, Program};
use super::{Slot, Snapshot, lock};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub path: PathBuf,
    pub offset: usize,
    pub asked: Asked,
}

impl Snapshot {
    /// The program that a file is a part of, as far as it matters at one place of it: known long before the whole of it.
    pub fn near(&self, spot: &Spot) -> Option<Arc<Program>> {
        let slot = {
            let mut near = lock(&self.near);
            let known =
                near.take().filter(|(other, _)| other == spot).unwrap_or_else(|| (spot.clone(), Slot::default()));
            Arc::clone(&near.insert(known).1)
        };
        slot.get_or_init(|| self.read_near(spot).map(Arc::new)).clone()
    }

    fn read_near(&self, spot: &Spot) -> Option<Program> {
        let beneath = self.beneath(&spot.path);
        let roots = self.roots_of(&spot.path);
        let mut programs = roots.iter().filter_map(|root| self.read_around(root, spot, &beneath));
        let found = programs.find(|program| program.file(&spot.path).is_some());
        found.or_else(|| self.read_around(&spot.path, spot, &beneath))
    }

    /// Of files that are not beneath the one that is asked about, only what they mean for it.
    fn read_around(&self, root: &Path, spot: &Spot, beneath: &BTreeSet<PathBuf>) -> Option<Program> {
        let mut asked = BTreeSet::new();
        let mut loader = |name: &str| match identity(Path::new(name)) {
            file if spot.asked == Asked::Runs || beneath.contains(&file) => {
                self.load(name, &mut asked, &mut Ahead::new())
            }
            file => self.frame(&file).map(Text::Read),
        };
        let is_file = |name: &str| identity(Path::new(name)) == spot.path;
        let near = Place { is_file: &is_file, offset: spot.offset, asked: spot.asked };
        let known = Known::read(&mut loader, &root.to_string_lossy(), Some(near)).ok()?;
        let places = Places::new(&known.analysis.files, &known.sources, asked);
        Some(Program { known, places })
    }

    fn frame(&self, path: &Path) -> Result<Arc<Reading>, String> {
        let source = self.source(path)?;
        let slot = Arc::clone(lock(&self.frames).entry(path.to_path_buf()).or_default());
        Ok(Arc::clone(slot.get_or_init(|| Arc::new(Reading::of(source).frame()))))
    }
}
