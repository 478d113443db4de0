//! Decides what happens next: events, their fold, and the decision. Pure; time is an argument.
