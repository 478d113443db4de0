/**
 * The page that shows a plan or a simulation. Knows nothing of VS Code.
 *
 * Only its own style and its own script run, by their nonce; nothing is fetched. All that comes from a program is text:
 * it is escaped here, or was by `phasegate`, whose picture has no scripts.
 */
export interface Picture {
  readonly title: string;
  /** `phasegate plan --format svg` */
  readonly svg: string;
  /** Said beside the title. */
  readonly facts: readonly string[];
}

export interface Page {
  readonly picture: Picture | undefined;
  /** Why there is no newer picture. */
  readonly complaint: string | undefined;
  readonly canChoose: boolean;
  /** What the picture is of. */
  readonly kind: "plan" | "simulation";
}

export function page({ picture, complaint, canChoose, kind }: Page, nonce: string): string {
  const title = escaped(picture?.title ?? "Phasegate");
  const facts = (picture?.facts ?? []).map((fact) => `<span>${escaped(fact)}</span>`).join("");
  const choose = canChoose ? '<button data-command="choose">Another environment …</button>' : "";
  const said =
    complaint === undefined
      ? ""
      : `<div class="complaint" role="alert"><strong>${
          picture === undefined ? `There is no ${kind} yet` : `This is the last ${kind} that could be made`
        }</strong><pre>${escaped(complaint.trim())}</pre></div>`;
  const drawn = picture === undefined ? "" : withNonce(picture.svg, nonce);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<header><h1>${title}</h1>${facts}
<div class="tools">${choose}<button data-command="smaller" aria-label="Smaller">−</button><button data-command="fit">Fit</button><button data-command="larger" aria-label="Larger">+</button></div></header>
${said}
<main class="${complaint === undefined ? "" : "stale"}">${drawn}</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}

/** The picture brings its own style, which this page's policy has to know. What else it might bring does not run. */
function withNonce(svg: string, nonce: string): string {
  return svg.replaceAll("<style>", `<style nonce="${nonce}">`);
}

export function escaped(text: string): string {
  const letters: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replaceAll(/[&<>"']/g, (letter) => letters[letter] ?? letter);
}

/** The colours of the picture are those of the editor. */
const STYLE = `
body{margin:0;padding:0;font:var(--vscode-font-size) var(--vscode-font-family);color:var(--vscode-editor-foreground);background:var(--vscode-editor-background)}
header{position:sticky;top:0;left:0;z-index:1;display:flex;flex-wrap:wrap;gap:.4em 1.2em;align-items:baseline;padding:.6em 1em;background:var(--vscode-editor-background);border-bottom:1px solid var(--vscode-panel-border,#8884)}
h1{font-size:1.1em;margin:0}header span{color:var(--vscode-descriptionForeground)}
.tools{margin-left:auto;display:flex;gap:.3em}
button{font:inherit;color:var(--vscode-button-secondaryForeground);background:var(--vscode-button-secondaryBackground);border:0;border-radius:2px;padding:.2em .7em;cursor:pointer}
button:hover{background:var(--vscode-button-secondaryHoverBackground)}
.complaint{margin:1em;padding:.6em 1em;border-left:3px solid var(--vscode-editorError-foreground,#f14c4c);background:var(--vscode-textBlockQuote-background,transparent)}
.complaint pre{overflow:auto;margin:.5em 0 0;font:var(--vscode-editor-font-size) var(--vscode-editor-font-family)}
main{padding:1em;overflow:auto}main.stale svg{opacity:.45}
main svg{display:block;--page:var(--vscode-editor-background);--card:var(--vscode-editorWidget-background);--line:var(--vscode-editorWidget-border,var(--vscode-panel-border,#8888));--text:var(--vscode-editor-foreground);--soft:var(--vscode-descriptionForeground);--edge:var(--vscode-descriptionForeground);--path:var(--vscode-charts-blue);--change:var(--vscode-editorWarning-foreground);--danger:var(--vscode-charts-red);--guard:var(--vscode-charts-green)}
[data-node]{cursor:pointer}text[data-node]:hover,text[data-node]:focus-visible{text-decoration:underline;outline:none}
`;

const SCRIPT = `
const host = acquireVsCodeApi();
const picture = document.querySelector("main svg");
const kept = host.getState() ?? {};
let scale = kept.scale ?? 0;
function draw() {
  if (picture === null) return;
  const [, , width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
  const room = Math.max(200, document.documentElement.clientWidth - 32);
  const factor = scale === 0 ? Math.min(1, Math.max(0.6, room / width)) : scale;
  picture.setAttribute("width", String(width * factor));
  picture.setAttribute("height", String(height * factor));
  host.setState({ scale });
  return factor;
}
addEventListener("resize", draw);
draw();
function open(target) {
  const node = target.closest("[data-node]")?.getAttribute("data-node");
  if (node !== null && node !== undefined) host.postMessage({ kind: "open", node });
}
for (const row of document.querySelectorAll("text[data-node]")) {
  row.setAttribute("tabindex", "0");
  row.setAttribute("role", "link");
}
document.addEventListener("click", (event) => {
  const command = event.target.closest("[data-command]")?.getAttribute("data-command");
  if (command === "choose") host.postMessage({ kind: "choose" });
  else if (command === "fit") { scale = 0; draw(); }
  else if (command === "larger" || command === "smaller") {
    const now = draw() ?? 1;
    scale = Math.min(4, Math.max(0.1, command === "larger" ? now * 1.25 : now / 1.25));
    draw();
  } else open(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") { if (event.target.matches("text[data-node]")) { event.preventDefault(); open(event.target); } }
});
`;
