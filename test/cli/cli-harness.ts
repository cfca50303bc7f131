/** Runs commands in this process, with captured output. */

import type { CliContext } from "../../src/cli/cli-context.ts";
import { runCli } from "../../src/cli/run-cli.ts";

/** What one command did. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that is none. */
export interface CapturedContext extends CliContext {
  readonly written: { stdout: string; stderr: string };
  /** Lengths of the waits asked for; none of them is waited. */
  readonly waits: number[];
}

/** A context that keeps what is written, at the moment `nowUnixMillis`. */
export function captureContext(
  options: Partial<CliContext> & { readonly isTerminal?: boolean } = {},
): CapturedContext {
  const written = { stdout: "", stderr: "" };
  const waits: number[] = [];
  const stream = (name: "stdout" | "stderr") => ({
    isTTY: options.isTerminal === true,
    columns: 100,
    write: (text: string) => {
      written[name] += text;
    },
  });
  return {
    env: {},
    cwd: "/",
    stdout: stream("stdout"),
    stderr: { ...stream("stderr"), isTTY: false },
    fetch,
    sleep: (millis) => {
      waits.push(millis);
      return Promise.resolve();
    },
    nowUnixMillis: () => Date.now(),
    onInterrupt: () => () => {},
    exitNow: () => {},
    ...options,
    written,
    waits,
  };
}

/** Runs a command line such as `search --limit 2`. */
export async function runCommand(
  given: readonly string[],
  options: Parameters<typeof captureContext>[0] = {},
): Promise<CliResult> {
  const context = captureContext(options);
  const exitCode = await runCli(given, context);
  return { exitCode, ...context.written };
}

/** The lines of an output, parsed. */
export function jsonLines<Row>(stdout: string): Row[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}
