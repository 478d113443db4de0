/**
 * Which statement of a program a node of its plan is.
 *
 * Nodes are called as the plan calls them: `freeze` for a phase, `freeze.snapshot` for a step with a name, `freeze.gate1`
 * for the first gate of a phase, counted with the statements of the components that it runs; `deploy[eu].apply` is a
 * statement of one of the phases that `for` makes. Knows nothing of VS Code.
 */
import { type Statement, statements } from "../text.js";

/** A declaration as the server's outline has it. */
export interface Declared {
  /** The word of the language: `pipeline`, `phase`, `component`, `step`, … */
  readonly word: string;
  readonly name: string;
  /** All of it, by offsets. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly Declared[];
}

/** A file with its outline. */
export interface Program {
  /** Whatever tells the file from others. */
  readonly key: string;
  readonly text: string;
  readonly declared: readonly Declared[];
}

export interface Place {
  readonly key: string;
  readonly offset: number;
}

/** Finds the component that is run at a place: in this file, in another one, or nowhere. */
export type FindComponent = (program: Program, at: Statement) => Promise<{ program: Program; component: Declared } | undefined>;

/** Components may run components; this deep they are followed. */
const DEEPEST = 16;

export async function place(program: Program, pipeline: string, node: string, find: FindComponent): Promise<Place | undefined> {
  const phases = program.declared.find(({ word, name }) => word === "pipeline" && name === pipeline)?.children ?? [];
  const { phase: phaseName, statement } = split(node);
  const phase = phases.find(({ word, name }) => word === "phase" && name === phaseName);
  if (phase === undefined) {
    return undefined;
  }
  const own: Place = { key: program.key, offset: phase.start };
  if (statement === undefined) {
    return own;
  }
  const all = await unfold(program, phase, find, DEEPEST);
  return pick(all, statement) ?? own;
}

/** `deploy[eu].apply` is `apply` of `deploy`. */
export function split(node: string): { phase: string; statement: string | undefined } {
  const [, phase = node, statement] = /^([^.[]*)(?:\[[^\]]*\])?(?:\.(.*))?$/s.exec(node) ?? [];
  return { phase, statement };
}

interface Found extends Place {
  readonly kind: string;
  readonly name: string | undefined;
}

async function unfold(program: Program, block: Declared, find: FindComponent, depth: number): Promise<Found[]> {
  const found: Found[] = [];
  for (const statement of statements(program.text, block.start, block.end)) {
    if (statement.kind !== "run") {
      found.push({ key: program.key, offset: statement.offset, kind: statement.kind, name: statement.name });
    } else if (depth > 0) {
      const target = await find(program, statement);
      found.push(...(target === undefined ? [] : await unfold(target.program, target.component, find, depth - 1)));
    }
  }
  return found;
}

/** A step of the library that is made of steps has them behind a dot: they stand where it does. */
function pick(all: readonly Found[], statement: string): Place | undefined {
  const parts = statement.split(".");
  for (let length = parts.length; length > 0; length -= 1) {
    const found = pickExactly(all, parts.slice(0, length).join("."));
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function pickExactly(all: readonly Found[], statement: string): Place | undefined {
  const named = all.find(({ name }) => name === statement);
  const [, kind, number] = /^([a-z]+)(\d+)$/.exec(statement) ?? [];
  const counted = all.filter((one) => one.kind === kind && one.name === undefined)[Number(number) - 1];
  return named ?? counted;
}
