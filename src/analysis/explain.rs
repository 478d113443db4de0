//! What each code means, for `explain`.
