/** Dependencies between services over a time range, as links and as a graph. */

import type { DependencyLink } from "../analysis/dependency-links.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom } from "./trace-filter.ts";

/** Links summed over the traces that start in a range. */
export interface DependenciesAnswer {
  /** By from, to, type. */
  readonly links: readonly DependencyLink[];
  readonly range: CoveredRange;
}

/** @throws TracAggError `invalid_argument` when the range cannot be read. */
export async function dependenciesIn(
  context: QueryContext,
  textRange: TextRange,
  { signal, held }: RunningQuery,
): Promise<DependenciesAnswer> {
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(textRange, nowMillis);
  const links = await context.statistics.dependencies({ ...range, signal, held });
  return { links, range: coveredRange(range, nowMillis) };
}

/**
 * Who calls whom: every node of the links with the nodes it calls, both sorted by code unit. Types of calls are merged,
 * and a node that calls nobody has an empty list.
 */
export function dependencyGraph(
  links: readonly Pick<DependencyLink, "fromService" | "toService">[],
): Map<string, readonly string[]> {
  const called = new Map<string, Set<string>>();
  const entry = (node: string): Set<string> => {
    const known = called.get(node);
    if (known !== undefined) return known;
    const made = new Set<string>();
    called.set(node, made);
    return made;
  };
  for (const link of links) {
    entry(link.fromService).add(link.toService);
    entry(link.toService);
  }
  const nodes = [...called].sort(([left], [right]) => (left < right ? -1 : 1));
  return new Map(nodes.map(([node, targets]) => [node, [...targets].sort()]));
}
