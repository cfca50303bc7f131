/** An edge of the dependency graph, and how edges add up. */

import { compareValues } from "../base/compare.ts";

/** What kind of call an edge stands for. */
export type DependencyType = "rpc" | "messaging" | "database" | "virtual_node";

/** Calls from one node of the dependency graph to another. */
export interface DependencyLink {
  readonly fromService: string;
  readonly toService: string;
  readonly callCount: number;
  /** Calls of which either side has status ERROR. */
  readonly errorCount: number;
  readonly type: DependencyType;
}

/** Sums links of many traces by (from, to, type), sorted by those. */
export function mergeDependencyLinks(lists: Iterable<readonly DependencyLink[]>): DependencyLink[] {
  const sums = new Map<string, { -readonly [K in keyof DependencyLink]: DependencyLink[K] }>();
  for (const links of lists) {
    for (const link of links) {
      const key = JSON.stringify([link.fromService, link.toService, link.type]);
      const sum = sums.get(key);
      if (sum === undefined) {
        sums.set(key, { ...link });
      } else {
        sum.callCount += link.callCount;
        sum.errorCount += link.errorCount;
      }
    }
  }
  return [...sums.values()].sort(compareLinks);
}

function compareLinks(left: DependencyLink, right: DependencyLink): number {
  return (
    compareValues(left.fromService, right.fromService) ||
    compareValues(left.toService, right.toService) ||
    compareValues(left.type, right.type)
  );
}
