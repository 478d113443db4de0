/**
 * What can be said of a program's text without a parser: where strings and comments are, and where statements begin. Only
 * for places that the server has no name for. Knows nothing of VS Code.
 */

/** The text, as long as before, with blanks for what is inside strings and comments; line breaks and quotes stay. */
export function bare(text: string): string {
  const spans = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"""[\s\S]*?(?:"""|$)|\br"[^"\n]*"?|"(?:\\.|\$\{[^}\n]*\}|[^"\\\n])*"?/g;
  return text.replaceAll(spans, (span) =>
    span.startsWith("/") ? blank(span) : `"${blank(span.slice(1, -1))}${span.length > 1 ? '"' : ""}`,
  );
}

function blank(span: string): string {
  return span.replaceAll(/[^\n]/g, " ");
}

export type StatementKind = "step" | "gate" | "hold" | "ramp" | "wait" | "approve" | "run";

export interface Statement {
  readonly kind: StatementKind;
  /** Of a named step, and of what is run. */
  readonly name: string | undefined;
  /** Of the keyword, or of the name of what is run. */
  readonly offset: number;
}

/** The statements between two offsets, from top to bottom. */
export function statements(text: string, start: number, end: number): Statement[] {
  const within = bare(text).slice(start, end);
  const heads =
    /(?<![\w.])(?:(step)\s+(?:([A-Za-z_]\w*)\s*(?::|=(?!=))|(?=[A-Za-z_][\w.]*\())|(gate)(?=\s*["{])|(hold|ramp|wait|approve)(?=\s+["\w({])|(run)\s+([A-Za-z_][\w.]*)(?=\())/g;
  return [...within.matchAll(heads)].map((head) => {
    const [whole, step, name, gate, other, run, ran] = head;
    const kind = (step ?? gate ?? other ?? run) as StatementKind;
    const offset = start + head.index + (ran === undefined ? 0 : whole.length - ran.length);
    return { kind, name: ran ?? name, offset };
  });
}
