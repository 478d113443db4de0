/**
 * What `phasegate plan` and `simulate` still have to be told, read from what they say when it is missing. Knows nothing of
 * VS Code.
 */
export type Question =
  | { readonly kind: "environment"; readonly choices: readonly string[] }
  | { readonly kind: "pipeline"; readonly choices: readonly string[] }
  | { readonly kind: "parameter"; readonly name: string; readonly type: string; readonly wrong: string | undefined };

export interface Choice {
  readonly environment: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

export function question(complaint: string): Question | undefined {
  const first = complaint.split("\n").find((line) => line.startsWith("error: ")) ?? "";
  if (/^error: (this program has several environments|there is no environment)\b/.test(first)) {
    const list = first.includes("several") ? first : (/^ *help: known: .*$/m.exec(complaint)?.[0] ?? "");
    return { kind: "environment", choices: quoted(list) };
  }
  if (first.startsWith("error: this file has several pipelines")) {
    return { kind: "pipeline", choices: quoted(first) };
  }
  const missing = /^error: parameter `([^`]+)` has no value/.exec(first);
  if (missing?.[1] !== undefined) {
    const type = /^ *help: give one: .*\((.*)\)$/m.exec(complaint)?.[1] ?? "";
    return { kind: "parameter", name: missing[1], type, wrong: undefined };
  }
  const wrong = /^error: parameter `([^`]+)` cannot be `(?:[^`]*)`: (.*)$/.exec(first);
  return wrong?.[1] === undefined ? undefined : { kind: "parameter", name: wrong[1], type: "", wrong: wrong[2] };
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

/** The arguments behind `plan` or `simulate`. A colon in the name of a file would be taken for that of a pipeline. */
export function chosen(file: string, pipeline: string | undefined, choice: Choice): string[] {
  const environment = choice.environment === undefined ? [] : ["--env", choice.environment];
  const parameters = Object.entries(choice.parameters).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  return [pipeline === undefined ? file : `${file}:${pipeline}`, ...environment, ...parameters];
}
