/** Texts that are open. */
import { readFileSync, writeFileSync } from "node:fs";
import { Position, Range, type TextEdit, type Uri } from "./values.js";

export class Document {
  readonly languageId: string;
  version = 1;
  isDirty = false;
  isClosed = false;
  private text: string;

  constructor(
    readonly uri: Uri,
    text: string | undefined,
    language: string | undefined,
  ) {
    this.text = text ?? readFileSync(uri.fsPath, "utf8");
    this.languageId = language ?? (uri.path.endsWith(".deploy") ? "phasegate" : "plaintext");
  }

  get fileName(): string {
    return this.uri.fsPath;
  }

  get lineCount(): number {
    return this.text.split("\n").length;
  }

  getText(range?: Range): string {
    return range === undefined ? this.text : this.text.slice(this.offsetAt(range.start), this.offsetAt(range.end));
  }

  positionAt(offset: number): Position {
    const before = this.text.slice(0, offset).split("\n");
    return new Position(before.length - 1, before.at(-1)?.length ?? 0);
  }

  offsetAt({ line, character }: Position): number {
    const before = this.text.split("\n").slice(0, line);
    return before.reduce((sum, text) => sum + text.length + 1, 0) + character;
  }

  lineAt(line: number): { text: string; range: Range } {
    const text = this.text.split("\n")[line] ?? "";
    return { text, range: new Range(line, 0, line, text.length) };
  }

  /** From the last to the first, as their places are those of the text before. */
  apply(edits: readonly TextEdit[]): void {
    const sorted = [...edits].sort((left, right) => this.offsetAt(right.range.start) - this.offsetAt(left.range.start));
    for (const { range, newText } of sorted) {
      this.text = this.text.slice(0, this.offsetAt(range.start)) + newText + this.text.slice(this.offsetAt(range.end));
    }
    this.version += 1;
    this.isDirty = true;
  }

  async save(): Promise<boolean> {
    writeFileSync(this.uri.fsPath, this.text);
    this.isDirty = false;
    return true;
  }
}
