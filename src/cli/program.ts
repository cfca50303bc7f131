/** The program `tracagg`, once its thread pool has its size. */

import { setTimeout as delay } from "node:timers/promises";
import type { CliContext } from "./cli-context.ts";
import { runCli } from "./run-cli.ts";

/** What may still run after a command has ended, such as a worker thread, gets this long. */
const MAX_LINGER_MILLIS = 500;

const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  fetch,
  sleep: async (millis, signal) => {
    await delay(millis, undefined, signal === undefined ? {} : { signal }).catch(() => {
      // Aborted: whoever waits looks at the signal.
    });
  },
  nowUnixMillis: () => Date.now(),
  onInterrupt: (listener) => {
    process.on("SIGINT", listener);
    process.on("SIGTERM", listener);
    return () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    };
  },
  exitNow: (code) => process.exit(code),
};

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader has seen enough, as in `tracagg search | head`.
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), context);
setTimeout(() => process.exit(), MAX_LINGER_MILLIS).unref();
