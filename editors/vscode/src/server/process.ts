/**
 * One run of a program, to its end or until it is no longer wanted. Knows nothing of VS Code.
 *
 * Never through a shell: what a file is called is an argument and nothing else.
 */
import { spawn } from "node:child_process";

export interface Asked {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder?: string | undefined;
  /** It is ended when this says so. */
  readonly signal?: AbortSignal | undefined;
  /** The longest it may take. */
  readonly seconds?: number;
}

export interface Answer {
  /** None when it could not be started or was ended. */
  readonly status: number | undefined;
  readonly output: string;
  readonly complaint: string;
}

/** More than this of one stream is cut off. */
const MOST = 64 * 1024 * 1024;

export function run({ program, args, folder, signal, seconds = 120 }: Asked): Promise<Answer> {
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(seconds * 1000);
    const stop = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    const process = spawn(program, [...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      signal: stop,
      windowsHide: true,
    });
    const output = gather(process.stdout);
    const complaint = gather(process.stderr);
    let failure = "";
    process.on("error", (error) => {
      failure = limit.aborted ? `${program} took longer than ${seconds} seconds` : error.message;
      if (process.pid === undefined) {
        resolve({ status: undefined, output: "", complaint: failure });
      }
    });
    process.on("exit", () => {
      if (stop.aborted) {
        // Whatever it started may still hold them open.
        process.stdout.destroy();
        process.stderr.destroy();
      }
    });
    process.on("close", (status) => {
      resolve({ status: status ?? undefined, output: output(), complaint: complaint() || failure });
    });
  });
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on("data", (piece: Buffer) => {
    size += piece.length;
    if (size <= MOST) {
      pieces.push(piece);
    }
  });
  return () => Buffer.concat(pieces).toString("utf8");
}
