//! The built-in steps, targets and channels: pure functions of arguments and history, one file each.
