/** Spans that came more than once. */

import type { AdjustedColumns } from "./trace-columns.ts";

/**
 * Spans that say just what an earlier span of the same id says, once their attributes are sorted. `textOf` is asked for
 * spans whose id another one has and for no others.
 */
export function repeatedSpans(
  { spanIds }: AdjustedColumns,
  textOf: (at: number) => string,
): ReadonlySet<number> {
  const firstOf = new Map<string, number>();
  const textsOf = new Map<string, Set<string>>();
  const repeated = new Set<number>();
  for (const [at, id] of spanIds.entries()) {
    const first = firstOf.get(id);
    if (first === undefined) {
      firstOf.set(id, at);
      continue;
    }
    const texts = textsOf.get(id) ?? new Set([textOf(first)]);
    textsOf.set(id, texts);
    const text = textOf(at);
    if (texts.has(text)) repeated.add(at);
    texts.add(text);
  }
  return repeated;
}
