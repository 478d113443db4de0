//! Which pipeline, which environment, which parameters.

use indexmap::IndexMap;

use super::literal;
use super::request::{PlanError, PlanRequest};
use crate::base::suggest::nearest;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::eval::Unknown;
use crate::eval::reduce::constant;
use crate::model::expr::LocalId;
use crate::model::operations::Launch;
use crate::model::program::{Environment, Local, LocalKind, Pipeline, Program};

pub fn choose_pipeline<'a>(program: &'a Program, request: &PlanRequest) -> Result<&'a Pipeline, PlanError> {
    let names = || program.pipelines.keys().map(String::as_str);
    match request.pipeline {
        Some(name) => program.pipelines.get(name).ok_or_else(|| unknown("pipeline", name, names())),
        None => match program.pipelines.values().collect::<Vec<_>>().as_slice() {
            [] => Err(PlanError::usage("this file has no pipeline").help("declare one: `pipeline NAME { … }`")),
            [only] => Ok(only),
            _ => Err(PlanError::usage(format!("this file has several pipelines: {}", list(names())))
                .help("name one behind the file: `FILE:NAME`")),
        },
    }
}

pub fn choose_environment<'a>(
    program: &'a Program,
    request: &PlanRequest,
) -> Result<Option<&'a Environment>, PlanError> {
    let names = || program.environments.keys().map(String::as_str);
    match request.environment {
        Some(name) if program.environments.is_empty() => {
            Err(PlanError::usage(format!("there is no environment `{name}`; this program declares none"))
                .help("leave `--env` out"))
        }
        Some(name) => {
            let found = program.environments.get(name);
            found.map(Some).ok_or_else(|| unknown("environment", name, names()))
        }
        None => match program.environments.values().collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => Err(PlanError::usage(format!("this program has several environments: {}", list(names())))
                .help("choose one with `--env`")),
        },
    }
}

/// The parameters that were given, parsed by their types; those with a default may be left out.
pub fn choose_params(pipeline: &Pipeline, request: &PlanRequest) -> Result<IndexMap<LocalId, Value>, Vec<PlanError>> {
    let mut chosen = IndexMap::new();
    let mut errors = Vec::new();
    for name in request.params.keys() {
        if !pipeline.params().any(|(_, param)| param.name == *name) {
            errors.push(unknown("parameter", name, pipeline.params().map(|(_, param)| param.name.as_str())));
        }
    }
    for (id, param) in pipeline.params() {
        match (request.params.get(&param.name), &param.kind) {
            (Some(text), _) => match literal::parse(text, &param.ty) {
                Ok(value) => {
                    chosen.insert(id, value);
                }
                Err(reason) => errors.push(PlanError::usage(refused(param, text, &reason)).at(param.at)),
            },
            (None, LocalKind::Param(Some(_))) => {}
            (None, _) => errors.push(
                PlanError::usage(format!("parameter `{}` has no value", param.name))
                    .at(param.at)
                    .help(format!("give one: `--set {}=…` ({})", param.name, param.ty)),
            ),
        }
    }
    if errors.is_empty() { Ok(chosen) } else { Err(errors) }
}

/// What was given for a secret may be its content, and the log of a job shows every error: it is not repeated.
fn refused(param: &Local, text: &str, reason: &str) -> String {
    match param.ty {
        Type::Secret(_) => format!("parameter `{}` cannot be what was given: {reason}", param.name),
        _ => format!("parameter `{}` cannot be `{text}`: {reason}", param.name),
    }
}

/// The arguments of a test or a schedule: constants that the checker has typed.
pub fn launched_params(pipeline: &Pipeline, launch: &Launch) -> Result<IndexMap<LocalId, Value>, Vec<PlanError>> {
    let mut chosen = IndexMap::new();
    let mut errors = Vec::new();
    for (id, param) in pipeline.params() {
        let written = launch.args.iter().find(|(name, _)| *name == param.name);
        match (written.map(|(_, value)| (value.at, constant(value))), &param.kind) {
            (Some((_, Ok(value))), _) => {
                chosen.insert(id, value);
            }
            (Some((at, Err(Unknown(reason)))), _) => {
                errors.push(PlanError::program(at, format!("argument `{}` has no value: {reason}", param.name)));
            }
            (None, LocalKind::Param(Some(_))) => {}
            (None, _) => errors.push(PlanError::program(launch.at, format!("argument `{}` is missing", param.name))),
        }
    }
    if errors.is_empty() { Ok(chosen) } else { Err(errors) }
}

pub(super) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> PlanError {
    let known: Vec<&str> = known.collect();
    let error = PlanError::usage(format!("there is no {kind} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None if known.is_empty() => error.help(format!("there is no {kind} at all")),
        None => error.help(format!("known: {}", list(known.into_iter()))),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::refused;
    use crate::base::span::Location;
    use crate::contract::types::Type;
    use crate::model::program::{Local, LocalKind};

    #[test]
    fn what_was_given_for_a_secret_is_not_repeated() {
        let said = |ty: Type| {
            let (name, at) = ("token".to_owned(), Location::default());
            refused(&Local { name, doc: None, ty, kind: LocalKind::Param(None), at }, "hunter2", "no name")
        };
        assert_eq!(said(Type::Int), "parameter `token` cannot be `hunter2`: no name");
        assert_eq!(said(Type::Secret(Box::new(Type::String))), "parameter `token` cannot be what was given: no name");
    }
}
