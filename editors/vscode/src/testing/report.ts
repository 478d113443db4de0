/** What `phasegate test --format json` says. Knows nothing of VS Code. */

export interface Miss {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly expected: string | undefined;
  readonly message: string;
  readonly timeLine: readonly { readonly at: string; readonly words: string }[];
}

export interface Verdict {
  readonly title: string;
  readonly passed: boolean;
  readonly misses: readonly Miss[];
  /** `rolled_back at 10s because …` */
  readonly ended: string | undefined;
}

export interface Missed {
  readonly file: string;
  readonly line: number;
  /** `gate "fit to stay" was never failed` */
  readonly words: string;
  readonly allowed: boolean;
}

export interface Covered {
  readonly file: string;
  readonly percent: number;
  readonly reached: number;
  readonly total: number;
  readonly missed: readonly Missed[];
}

export interface Report {
  readonly verdicts: readonly Verdict[];
  readonly covered: readonly Covered[];
}

/** Reads a report; what has not the form of one is an error that says so. */
export function read(output: string): Report {
  let whole: unknown;
  try {
    whole = JSON.parse(output);
  } catch {
    throw new Error("the answer of `phasegate test` is no JSON");
  }
  const tests = list(record(whole)["tests"]);
  return { verdicts: tests.map(verdict), covered: list(record(whole)["coverage"]).map(covered) };
}

function verdict(value: unknown): Verdict {
  const test = record(value);
  const [file, line] = [text(test["file"]), number(test["line"], 1)];
  const misses = list(test["misses"]).map((one) => miss(one, file, line));
  const failures = list(test["failures"]).map(text);
  // An older program says no more than the words.
  const plain = failures.map((message) => ({ file, line, expected: undefined, message, timeLine: [] }));
  return {
    title: text(test["title"]),
    passed: test["passed"] === true,
    misses: misses.length > 0 ? misses : plain,
    ended: ending(test["run"]),
  };
}

function miss(value: unknown, file: string, line: number): Miss {
  const one = record(value);
  const told = list(one["time_line"]).map(record);
  return {
    file: text(one["file"]) || file,
    line: number(one["line"], line),
    expected: typeof one["expected"] === "string" ? one["expected"] : undefined,
    message: text(one["message"]),
    timeLine: told.map((entry) => ({ at: text(entry["at"]), words: text(entry["words"]) })),
  };
}

function ending(value: unknown): string | undefined {
  const run = record(value);
  if (typeof run["outcome"] !== "string") {
    return undefined;
  }
  const because = typeof run["because"] === "string" ? ` because ${run["because"]}` : "";
  return `${run["outcome"]} after ${length(number(run["at_s"], 0))}${because}`;
}

/** `1h 30m`, as people say it. */
export function length(seconds: number): string {
  const whole = Math.floor(seconds);
  const amounts = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "m"],
  ] as const;
  const rest = Math.round((seconds - Math.floor(whole / 60) * 60) * 1000) / 1000;
  const said = amounts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`);
  return [...said, ...(rest > 0 || said.length === 0 ? [`${rest}s`] : [])].join(" ");
}

function covered(value: unknown): Covered {
  const one = record(value);
  const rows = Object.values(record(one["rows"])).map(record);
  const sum = (key: string) => rows.reduce((total, row) => total + number(row[key], 0), 0);
  const missed = list(one["missed"]).map(record);
  return {
    file: text(one["file"]),
    percent: number(one["percent"], 0),
    reached: sum("reached"),
    total: sum("total"),
    missed: missed.map((point) => ({
      file: text(point["file"]),
      line: number(point["line"], 1),
      words: `${text(point["what"])} was never ${text(point["never"])}`,
      allowed: typeof point["allowed"] === "string",
    })),
  };
}

/** What is shown at the line of a failure: first what happened, as what was expected stands in that line. */
export function message(miss: Miss, withTimeLine: boolean): string {
  const head = miss.expected === undefined ? miss.message : `${miss.message}\n${miss.expected}`;
  if (!withTimeLine || miss.timeLine.length === 0) {
    return head;
  }
  const widest = Math.max(...miss.timeLine.map(({ at }) => at.length));
  const lines = miss.timeLine.map(({ at, words }) => `${at.padStart(widest)}  ${words}`);
  return [head, "", ...lines].join("\n");
}

/** The arguments that run the tests of one file; of one test only it and those whose title holds its title. */
export function testArguments(file: string, title: string | undefined, withCoverage: boolean): string[] {
  const filter = title === undefined ? [] : [`--filter=${title}`];
  return ["test", "--format", "json", ...filter, ...(withCoverage ? ["--coverage"] : []), "--", file];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
