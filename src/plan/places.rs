//! Where the parts of a plan stand in the program: for those who show what a test has reached. No part of the plan.

use std::collections::HashMap;

use super::program::NodeIndex;
use crate::base::span::Location;

/// Of a component that is run several times, all executions stand at one place; what is in a composite step stands where
/// that one is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    pub nodes: HashMap<NodeIndex, Location>,
    /// By the id of the trigger.
    pub triggers: HashMap<String, Location>,
}
