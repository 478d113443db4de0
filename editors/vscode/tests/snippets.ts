/** Snippets as the editor would put them in, with the first of every choice and what stands in every hole. */

export interface Snippet {
  readonly prefix: string;
  readonly body: readonly string[];
  readonly description: string;
}

/** What is put in when nothing is typed, once for every choice of the first list. */
export function expansions(snippet: Snippet): string[] {
  const text = snippet.body.join("\n");
  const most = Math.max(1, ...[...text.matchAll(/\|([^|]*)\|/g)].map(([, list = ""]) => list.split(",").length));
  return Array.from({ length: most }, (_, choice) => expand(text, choice));
}

function expand(text: string, choice: number): string {
  const reader = { text, at: 0 };
  const out = sequence(reader, choice, false);
  if (reader.at !== text.length) {
    throw new Error(`a brace too many at ${reader.at} of ${text}`);
  }
  return out;
}

interface Reader {
  readonly text: string;
  at: number;
}

function sequence(reader: Reader, choice: number, within: boolean): string {
  let out = "";
  while (reader.at < reader.text.length) {
    const letter = reader.text[reader.at] ?? "";
    if (within && letter === "}") {
      return out;
    }
    if (letter === "\\") {
      out += reader.text[reader.at + 1] ?? "";
      reader.at += 2;
    } else if (letter === "$") {
      out += hole(reader, choice);
    } else {
      out += letter;
      reader.at += 1;
    }
  }
  if (within) {
    throw new Error(`an open hole in ${reader.text}`);
  }
  return out;
}

function hole(reader: Reader, choice: number): string {
  const rest = reader.text.slice(reader.at);
  const plain = /^\$\d+/.exec(rest);
  if (plain !== null) {
    reader.at += plain[0].length;
    return "";
  }
  const list = /^\$\{\d+\|([^|]*)\|\}/.exec(rest);
  if (list !== null) {
    reader.at += list[0].length;
    const choices = list[1]?.split(",") ?? [];
    return choices[Math.min(choice, choices.length - 1)] ?? "";
  }
  const begin = /^\$\{\d+:/.exec(rest);
  if (begin === null) {
    throw new Error(`a $ that is none of a snippet: ${rest}`);
  }
  reader.at += begin[0].length;
  const inner = sequence(reader, choice, true);
  reader.at += 1;
  return inner;
}
