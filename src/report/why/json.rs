//! An explanation for machines.

use serde_json::{Value as Json, json};

use super::course::{Course, Point};
use super::{Explanation, Part, Weighed};

/// `{"run", "node", "headline", "parts": [{"id", "kind", "verdict", …, "conditions": [{…, "courses": […]}]}]}`
#[must_use]
pub fn render(explanation: &Explanation) -> Json {
    json!({
        "run": explanation.run,
        "node": explanation.node,
        "headline": explanation.headline,
        "notes": explanation.notes,
        "parts": explanation.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn part(part: &Part) -> Json {
    json!({
        "id": part.id,
        "kind": part.kind,
        "at": part.at.map(|at| at.to_string()),
        "seq": part.seq,
        "verdict": part.verdict,
        "source": part.source,
        "words": part.words,
        "conditions": part.conditions.iter().map(condition).collect::<Vec<_>>(),
    })
}

fn condition(weighed: &Weighed) -> Json {
    json!({
        "condition": weighed.condition,
        "verdict": weighed.verdict,
        "evidence": weighed.evidence,
        "words": weighed.words,
        "courses": weighed.courses.iter().map(course).collect::<Vec<_>>(),
    })
}

fn course(course: &Course) -> Json {
    json!({
        "name": course.name,
        "relation": course.relation,
        "bound": course.bound,
        "words": course.in_words(),
        "points": course.points.iter().map(|it| point(course, it)).collect::<Vec<_>>(),
    })
}

fn point(course: &Course, point: &Point) -> Json {
    let [low, high] = point.bounds;
    json!({
        "at": point.at.to_string(),
        "value": point.value,
        "bound": low,
        "upper_bound": high,
        "met": point.met,
        "bad": course.is_bad(point),
    })
}
