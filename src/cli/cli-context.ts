/** What commands get from the process, so that tests can give them something else. */

import type { Environment } from "../config/load-config.ts";

/** Where text goes. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Characters a line holds, on a terminal. */
  readonly columns?: number;
}

/** The process as commands see it. */
export interface CliContext {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly fetch: typeof fetch;
  /** Resolves after the time, or as soon as the signal aborts. */
  readonly sleep: (millis: number, signal?: AbortSignal) => Promise<void>;
  readonly nowUnixMillis: () => number;
  /**
   * Calls back when the user asks to stop (SIGINT, SIGTERM), each time.
   *
   * @returns stops listening
   */
  readonly onInterrupt: (listener: (signal: string) => void) => () => void;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
}

/** True when results are a table for people: a terminal reads, and `--json` was not given. */
export function isForPeople(context: CliContext, options: { readonly json?: boolean | undefined }): boolean {
  return options.json !== true && context.stdout.isTTY === true;
}

/** True when colours may be used: a terminal that can, and no `NO_COLOR` (https://no-color.org). */
export function hasColours({ env, stdout }: CliContext): boolean {
  const noColour = env["NO_COLOR"];
  return stdout.isTTY === true && (noColour === undefined || noColour === "") && env["TERM"] !== "dumb";
}

/** Writes one JSON document a line. */
export function writeJsonLines(context: CliContext, rows: Iterable<unknown>): void {
  for (const row of rows) context.stdout.write(`${JSON.stringify(row)}\n`);
}

/** Aborts at the first interrupt. Call `dispose` when the work is done. */
export function interruptSignal(context: CliContext): {
  readonly signal: AbortSignal;
  readonly dispose: () => void;
} {
  const controller = new AbortController();
  const dispose = context.onInterrupt(() => {
    if (controller.signal.aborted) context.exitNow(130);
    else controller.abort();
  });
  return { signal: controller.signal, dispose };
}
