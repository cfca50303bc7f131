import { TracAggError } from "../base/errors.ts";

/** Longest piece of a query that a message repeats. */
const MAX_EXCERPT_LENGTH = 60;

/** What is wrong, and where. */
export interface TraceQlFault {
  /** Offset into the query, in UTF-16 units. */
  readonly start: number;
  /** Offset behind the fault. */
  readonly end: number;
  /** What would have been right there. */
  readonly expected: string;
  /** What stands there. */
  readonly found: string;
  /** A way to mend it, such as ``write `=` ``. */
  readonly suggestion?: string | undefined;
}

/** 1-based line and column of an offset; columns are UTF-16 units. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** A piece of a query as a message shows it: in backticks, on one line, cut when long. */
export function excerpt(text: string, start: number, end: number): string {
  if (start >= text.length) return "the end of the query";
  const piece = text.slice(start, Math.min(end, start + MAX_EXCERPT_LENGTH)).replace(/\s+/g, " ");
  return `\`${piece}${end - start > MAX_EXCERPT_LENGTH ? "..." : ""}\``;
}

/**
 * A query that cannot be understood. Every message has one form:
 * ``line 1, column 9: expected an operator, got `==`; write `=` ``.
 */
export class TraceQlError extends TracAggError {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  readonly start: number;
  readonly end: number;
  readonly expected: string;
  readonly found: string;
  readonly suggestion: string | undefined;

  constructor(text: string, fault: TraceQlFault) {
    const { line, column } = lineAndColumn(text, fault.start);
    const mend = fault.suggestion === undefined ? "" : `; ${fault.suggestion}`;
    super(
      "invalid_argument",
      `line ${line}, column ${column}: expected ${fault.expected}, got ${fault.found}${mend}`,
    );
    this.name = "TraceQlError";
    this.line = line;
    this.column = column;
    this.start = fault.start;
    this.end = fault.end;
    this.expected = fault.expected;
    this.found = fault.found;
    this.suggestion = fault.suggestion;
  }
}
