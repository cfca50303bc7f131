/** How the program ends. */

import type { TracAggError } from "../base/errors.ts";

/** Exit codes of every command. */
export const ExitCode: {
  readonly OK: 0;
  readonly FAILED: 1;
  readonly USAGE: 2;
  readonly UNREACHABLE: 3;
  readonly INTERRUPTED: 130;
} = Object.freeze({ OK: 0, FAILED: 1, USAGE: 2, UNREACHABLE: 3, INTERRUPTED: 130 });

/** One of the numbers of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** `field` of the error that says that no server answers. */
export const SERVER_FIELD = "--server";

/** The exit code that fits an error: wrong input is a usage error, no server is its own, the rest failed. */
export function exitCodeOf(error: TracAggError): ExitCode {
  if (error.code === "invalid_argument") return ExitCode.USAGE;
  const isUnreachable = error.code === "unavailable" && error.field === SERVER_FIELD;
  return isUnreachable ? ExitCode.UNREACHABLE : ExitCode.FAILED;
}
