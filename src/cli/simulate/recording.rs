//! `simulate --record FROM..TO`: what Prometheus has of a pipeline's metrics, saved for `--metrics`.

use std::path::Path;

use super::super::exit::Exit;
use super::super::load::Selection;
use super::super::output;

pub fn save(_: (&str, &Selection), _range: &str, _out: &Path) -> Exit {
    output::complain("error: nothing is recorded\n");
    Exit::Usage
}
