/** Holds what is in the package against what has to be: `node package-contents.mjs FILE.vsix`. */
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { inflateRawSync } from "node:zlib";

const EXPECTED = [
  "[Content_Types].xml",
  "extension.vsixmanifest",
  "extension/LICENSE.txt",
  "extension/changelog.md",
  "extension/dist/extension.js",
  "extension/icon.png",
  "extension/language-configuration.json",
  "extension/package.json",
  "extension/readme.md",
  "extension/snippets/phasegate.json",
  "extension/syntaxes/markdown.tmLanguage.json",
  "extension/syntaxes/phasegate.tmLanguage.json",
];
/** Bytes. */
const LARGEST = 400_000;

/** The files of a ZIP archive by their names, from its directory at the end. */
function unpack(archive) {
  const files = new Map();
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const local = archive.readUInt32LE(at + 42);
    const from = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const bytes = archive.subarray(from, from + size);
    files.set(archive.toString("utf8", at + 46, at + 46 + name), method === 0 ? bytes : inflateRawSync(bytes));
    at += 46 + name + extra + comment;
  }
  return files;
}

const archive = readFileSync(argv[2]);
const files = unpack(archive);
const found = [...files.keys()].sort();
const complaints = [];
for (const name of EXPECTED.filter((name) => !files.has(name))) {
  complaints.push(`${name} is missing`);
}
for (const name of found.filter((name) => !EXPECTED.includes(name))) {
  complaints.push(`${name} should not be in it`);
}
if (archive.length > LARGEST) {
  complaints.push(`it has ${archive.length} bytes, more than ${LARGEST}`);
}
const code = files.get("extension/dist/extension.js")?.toString("utf8") ?? "";
const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
for (const name of new Set(required)) {
  if (name !== "vscode" && !process.getBuiltinModule?.(name) && !/^(node:)?[a-z_/]+$/.test(name)) {
    complaints.push(`dist/extension.js wants the package ${name}`);
  }
}
const manifest = JSON.parse(files.get("extension/package.json")?.toString("utf8") ?? "{}");
for (const path of [manifest.main, manifest.icon, ...(manifest.contributes?.grammars ?? []).map((grammar) => grammar.path)]) {
  const name = `extension/${String(path).replace(/^\.\//, "")}`;
  if (!files.has(name)) {
    complaints.push(`the manifest names ${path}, which is not in it`);
  }
}
if (complaints.length > 0) {
  console.error(`error: ${argv[2]}:\n  ${complaints.join("\n  ")}`);
  exit(1);
}
console.log(`${argv[2]}: ${found.length} files, ${archive.length} bytes`);
