/** The logger of `tracagg start`: one event a line, for people or for programs. */

import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import type { LogFields, Logger } from "../base/logger.ts";

/** How events are written. */
export interface LoggerOptions {
  /** Least serious level that is written. */
  readonly level: "info" | "warn" | "error";
  /** `text`: time, level, message, `key=value`; `json`: one object a line. */
  readonly format: "text" | "json";
  /** Takes one line with its line break. */
  readonly write: (line: string) => unknown;
  readonly clock?: Clock;
}

const LEVELS = ["info", "warn", "error"] as const;

/** Quoted where blanks, quotes, control characters or nothing at all would hide where it ends. */
function textOf(value: string | number | boolean): string {
  const text = String(value);
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}

function textLine(time: string, level: string, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${textOf(value)}`],
  );
  return [time, level.toUpperCase().padEnd(5), message, ...pairs].join(" ");
}

/**
 * Makes a logger.
 *
 * @example
 * const logger = createLogger({ level: "info", format: "text", write: (line) => process.stderr.write(line) });
 * logger.info("sealed", { spans: 1_000 });
 */
export function createLogger({ level, format, write, clock = systemClock }: LoggerOptions): Logger {
  const log = (at: (typeof LEVELS)[number], message: string, fields: LogFields = {}): void => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    const time = new Date(clock.nowMillis()).toISOString();
    const line =
      format === "json"
        ? JSON.stringify({ time, level: at, message, ...fields })
        : textLine(time, at, message, fields);
    write(`${line}\n`);
  };
  return {
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
  };
}
