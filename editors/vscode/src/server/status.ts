/** What the status bar says of the language server. Knows nothing of VS Code. */
import type { Unusable } from "./program.js";

export type State =
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly path: string; readonly version: string }
  | { readonly kind: "stopped"; readonly reason: string }
  | Unusable;

export interface Shown {
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
  readonly tone: "calm" | "warning" | "error";
}

export function shown(state: State): Shown {
  switch (state.kind) {
    case "starting":
      return { text: "$(loading~spin) Phasegate", tooltip: "The language server is starting.", tone: "calm" };
    case "running":
      return {
        text: "$(check) Phasegate",
        tooltip: `Phasegate ${state.version}, \`${state.path}\`\n\nThe language server is running.`,
        tone: "calm",
      };
    case "stopped":
      return { text: "$(warning) Phasegate", tooltip: `The language server has stopped: ${state.reason}`, tone: "warning" };
    case "missing":
    case "old":
    case "broken":
      return { text: `$(error) Phasegate: ${WORDS[state.kind]}`, tooltip: state.message, tone: "error" };
  }
}

const WORDS = { missing: "not found", old: "too old", broken: "not usable" } as const;
