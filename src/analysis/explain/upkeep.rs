//! PG501 and PG502: what is left over.

use crate::base::diagnostic::Code;

use super::Explanation;

pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::PG501,
        why: "What nobody uses is a mistake in a name somewhere, or can go.",
        bad: r#"/// Waits.
pipeline rollout {
  param careful: bool = true
  phase first { wait 1s }
}
"#,
        good: r#"/// Waits.
pipeline rollout {
  param careful: bool = true
  phase first when careful { wait 1s }
}
"#,
    },
    Explanation {
        code: Code::PG502,
        why: "An `allow` that silences nothing hides the next real finding. Errors cannot be allowed.",
        bad: r#"/// Waits.
pipeline rollout {
  // phasegate: allow(PG413) nobody is asked here
  phase first { wait 1s }
}
"#,
        good: r#"/// Asks.
pipeline rollout {
  // phasegate: allow(PG413) somebody always answers
  phase first { approve "on call" }
}
"#,
    },
];
