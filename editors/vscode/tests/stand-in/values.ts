/** The plain values of the editor's interface, as far as this extension and the language client make use of them. */
import { fileURLToPath, pathToFileURL } from "node:url";

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}

  isBefore(other: Position): boolean {
    return this.line < other.line || (this.line === other.line && this.character < other.character);
  }

  isAfter(other: Position): boolean {
    return other.isBefore(this);
  }
}

export class Range {
  readonly start: Position;
  readonly end: Position;

  constructor(start: Position | number, end: Position | number, endLine?: number, endCharacter?: number) {
    this.start = start instanceof Position ? start : new Position(start, end as number);
    this.end = end instanceof Position ? end : new Position(endLine ?? 0, endCharacter ?? 0);
  }

  contains(place: Position): boolean {
    return !place.isBefore(this.start) && !place.isAfter(this.end);
  }
}

export class Selection extends Range {
  get active(): Position {
    return this.end;
  }
}

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}

  static file(path: string): Uri {
    return new Uri("file", path);
  }

  static parse(text: string): Uri {
    const scheme = text.slice(0, text.indexOf(":"));
    return scheme === "file" ? Uri.file(fileURLToPath(text)) : new Uri(scheme, text.slice(scheme.length + 1));
  }

  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, [base.path.replace(/\/$/, ""), ...parts].join("/"));
  }

  get fsPath(): string {
    return this.path;
  }

  toString(): string {
    return this.scheme === "file" ? pathToFileURL(this.path).href : `${this.scheme}:${this.path}`;
  }

  with(): Uri {
    return this;
  }

  toJSON(): string {
    return this.toString();
  }
}

export class Disposable {
  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) {
        part.dispose();
      }
    });
  }

  constructor(private readonly work: () => unknown = () => undefined) {}

  dispose(): unknown {
    return this.work();
  }
}

export class EventEmitter<T> {
  private readonly listeners = new Set<(value: T) => unknown>();

  readonly event = (listener: (value: T) => unknown, self?: unknown): Disposable => {
    const bound = self === undefined ? listener : listener.bind(self);
    this.listeners.add(bound);
    return new Disposable(() => this.listeners.delete(bound));
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) {
      listener(value);
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export class CancellationTokenSource {
  private readonly cancelled = new EventEmitter<void>();
  readonly token = { isCancellationRequested: false, onCancellationRequested: this.cancelled.event };

  cancel(): void {
    this.token.isCancellationRequested = true;
    this.cancelled.fire();
  }

  dispose(): void {
    this.cancelled.dispose();
  }
}

export class Location {
  readonly range: Range;

  constructor(
    readonly uri: Uri,
    where: Range | Position,
  ) {
    this.range = where instanceof Range ? where : new Range(where, where);
  }
}

export class MarkdownString {
  isTrusted = false;
  supportHtml = false;

  constructor(public value = "") {}

  appendCodeblock(code: string): this {
    this.value += code;
    return this;
  }

  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class CancellationError extends Error {}

/** Kinds are compared by their text. */
export class CodeActionKind {
  static readonly Empty = new CodeActionKind("");
  static readonly QuickFix = new CodeActionKind("quickfix");
  static readonly Refactor = new CodeActionKind("refactor");
  static readonly RefactorExtract = new CodeActionKind("refactor.extract");
  static readonly RefactorInline = new CodeActionKind("refactor.inline");
  static readonly RefactorRewrite = new CodeActionKind("refactor.rewrite");
  static readonly Source = new CodeActionKind("source");
  static readonly SourceOrganizeImports = new CodeActionKind("source.organizeImports");
  static readonly SourceFixAll = new CodeActionKind("source.fixAll");

  constructor(readonly value: string) {}

  append(part: string): CodeActionKind {
    return new CodeActionKind(`${this.value}.${part}`);
  }
}

/** A value with fields that others set. */
class Fields {
  [field: string]: unknown;
}

export class Diagnostic extends Fields {
  constructor(
    readonly range: Range,
    readonly message: string,
    readonly severity: number,
  ) {
    super();
  }
}

export class DiagnosticRelatedInformation extends Fields {}

export class CompletionItem extends Fields {
  constructor(readonly label: string) {
    super();
  }
}

export class CompletionList extends Fields {
  constructor(
    readonly items: CompletionItem[],
    readonly isIncomplete: boolean,
  ) {
    super();
  }
}

export class SnippetString {
  constructor(readonly value: string) {}
}

export class CodeLens extends Fields {
  constructor(
    readonly range: Range,
    readonly command?: unknown,
  ) {
    super();
  }
}

export class CodeAction extends Fields {
  constructor(
    readonly title: string,
    readonly kind?: CodeActionKind,
  ) {
    super();
  }
}

export class DocumentSymbol extends Fields {
  children: DocumentSymbol[] = [];

  constructor(
    readonly name: string,
    readonly detail: string,
    readonly kind: number,
    readonly range: Range,
    readonly selectionRange: Range,
  ) {
    super();
  }
}

export class SymbolInformation extends Fields {}
export class DocumentLink extends Fields {}
export class CallHierarchyItem extends Fields {}
export class TypeHierarchyItem extends Fields {}
export class InlayHint extends Fields {}
export class InlayHintLabelPart extends Fields {}
export class Hover extends Fields {
  constructor(readonly contents: unknown) {
    super();
  }
}

export class TextEdit {
  static replace(range: Range, newText: string): TextEdit {
    return new TextEdit(range, newText);
  }

  constructor(
    readonly range: Range,
    readonly newText: string,
  ) {}
}

export class WorkspaceEdit {
  readonly changes: { uri: Uri; edits: TextEdit[] }[] = [];

  set(uri: Uri, edits: TextEdit[]): void {
    this.changes.push({ uri, edits });
  }

  replace(uri: Uri, range: Range, newText: string): void {
    this.set(uri, [new TextEdit(range, newText)]);
  }
}

export class TestMessage {
  location: Location | undefined;

  constructor(readonly message: string) {}
}

export class TestRunRequest {
  readonly exclude: readonly unknown[] = [];

  constructor(readonly include?: readonly unknown[]) {}
}

export class TestCoverageCount {
  constructor(
    readonly covered: number,
    readonly total: number,
  ) {}
}

export class FileCoverage {
  constructor(
    readonly uri: Uri,
    readonly statementCoverage: TestCoverageCount,
  ) {}
}

export class StatementCoverage {
  constructor(
    readonly executed: boolean,
    readonly location: Position,
    readonly branches: BranchCoverage[],
  ) {}
}

export class BranchCoverage {
  constructor(
    readonly executed: boolean,
    readonly location: Position,
    readonly label: string,
  ) {}
}

export class ProcessExecution {
  constructor(
    readonly process: string,
    readonly args: string[],
  ) {}
}

export class Task {
  group: unknown;

  constructor(
    readonly definition: unknown,
    readonly scope: unknown,
    readonly name: string,
    readonly source: string,
    readonly execution: ProcessExecution,
    readonly problemMatchers: string[],
  ) {}
}
