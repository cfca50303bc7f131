/** Queries that can be read, but not run. */

import { TracAggError } from "../base/errors.ts";

/** A part of a query that cannot be worked out: `invalid_argument`. */
export class FilterError extends TracAggError {
  /** Where the part stands in the text of the query, in UTF-16 units. */
  readonly start: number;
  /** What was expected and what came, without the place. */
  readonly reason: string;

  constructor(start: number, reason: string, cause?: unknown) {
    super("invalid_argument", `character ${start + 1}: ${reason}`, cause === undefined ? {} : { cause });
    this.name = "FilterError";
    this.start = start;
    this.reason = reason;
  }
}
