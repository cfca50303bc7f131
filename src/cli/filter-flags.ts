/** The flags that say which traces are meant, and the API parameters they become. */

import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { QueryParameters } from "./api-client.ts";

/** What commander makes of the range flags. */
export interface RangeFlags {
  readonly since?: string;
  readonly start?: string;
  readonly end?: string;
}

/** What commander makes of the filter flags. */
export interface FilterFlags extends RangeFlags {
  readonly service?: string;
  readonly operation?: string;
  readonly rootService?: string;
  readonly rootOperation?: string;
  /** Milliseconds as a decimal text. */
  readonly minDuration?: string;
  /** Milliseconds as a decimal text. */
  readonly maxDuration?: string;
  readonly errors?: boolean;
  readonly attribute?: readonly string[];
}

const NANOS_BY_UNIT: Readonly<Record<string, number>> = Object.freeze({
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
});

/**
 * Milliseconds, as the API takes them, of a length of time such as `100ms`, `250us` or `1.5s`.
 *
 * @throws InvalidArgumentError of commander when the text is none.
 */
export function millisTextFrom(text: string): string {
  const match = /^(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError("Expected a length of time such as 100ms, 250us or 1.5s.");
  const nanos = Math.round(Number(match[1]) * (NANOS_BY_UNIT[match[2] as string] as number));
  const fraction = String(nanos % 1e6)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${Math.floor(nanos / 1e6)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** A whole number from 1 to `most`. */
export function countArgument(most: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (count < 1 || count > most)
      throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
    return count;
  };
}

function attributeArgument(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError("Expected key=value, such as http.route=/cart.");
  return [...before, text];
}

/** Adds `--since`, `--start` and `--end`. */
export function addRangeFlags(command: Command): Command {
  return command
    .option("--since <time>", "traces that started at most this long ago (15m, 1h, 7d), or since a time")
    .option("--start <time>", "traces that started at or after: RFC 3339, epoch number, now or -1h")
    .option("--end <time>", "traces that started before");
}

/** Adds the flags of a search. */
export function addFilterFlags(command: Command): Command {
  command
    .option("--service <name>", "service of a span; conditions on spans hold together on one of them")
    .option("--operation <name>", "name of that span")
    .option("--errors", "that span failed")
    .option("--no-errors", "no span of the trace failed")
    .option(
      "--attribute <key=value>",
      "attribute of that span or its resource; may be repeated",
      attributeArgument,
    )
    .option("--root-service <name>", "service of the root span")
    .option("--root-operation <name>", "name of the root span")
    .option("--min-duration <time>", "shortest duration of the trace, such as 100ms", millisTextFrom)
    .option("--max-duration <time>", "longest duration of the trace, such as 1.5s", millisTextFrom);
  return addRangeFlags(command);
}

/** The API's range parameters; `--since 1h` is `start=-1h`. */
export function rangeParameters({ since, start, end }: RangeFlags): QueryParameters {
  const relative = since !== undefined && /^\d+[smhd]$/.test(since) ? `-${since}` : since;
  return { start: start ?? relative, end };
}

/** The API's filter parameters. */
export function filterParameters(flags: FilterFlags): QueryParameters {
  return {
    service: flags.service,
    operation: flags.operation,
    rootService: flags.rootService,
    rootOperation: flags.rootOperation,
    minDurationMs: flags.minDuration,
    maxDurationMs: flags.maxDuration,
    hasErrors: flags.errors === undefined ? undefined : String(flags.errors),
    attribute: flags.attribute,
    ...rangeParameters(flags),
  };
}
