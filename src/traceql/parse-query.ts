import type { Hint, Query } from "../filter/query-model.ts";
import { Cursor } from "./cursor.ts";
import { parseHints } from "./hints.ts";
import { MAX_QUERY_BYTES } from "./limits.ts";
import { fitsUtf8 } from "./literal-text.ts";
import { failAfter, parseSequence, wholeExpression } from "./query-parser.ts";
import { TraceQlError } from "./traceql-error.ts";
import { validateQuery } from "./validate.ts";

/** Reads a query without asking whether its parts fit each other. */
export function parseSyntax(text: string): Query {
  if (!fitsUtf8(text, MAX_QUERY_BYTES)) {
    const found = `a text of ${text.length} characters`;
    throw new TraceQlError(text, { start: 0, end: 0, expected: `at most ${MAX_QUERY_BYTES} bytes`, found });
  }
  const cursor = new Cursor(text);
  const part = parseSequence(cursor);
  const expression = wholeExpression(cursor, part);
  const hints: readonly Hint[] = cursor.atWord("with") ? parseHints(cursor) : [];
  if (cursor.kind !== "end") failAfter(cursor, part, "the end of the query");
  return { expression, hints };
}

/**
 * Reads a query of TraceQL, with the additions of TracAgg: `orderBy`, `span:selfTime`, `span:criticalPath`, arithmetic
 * over aggregates and comparisons between them.
 *
 * @throws TraceQlError with line, column, what was expected and how to mend it.
 *
 * @example
 * parseQuery('{ resource.service.name = "checkout" && duration > 50ms }');
 */
export function parseQuery(text: string): Query {
  const query = parseSyntax(text);
  validateQuery(text, query);
  return query;
}
