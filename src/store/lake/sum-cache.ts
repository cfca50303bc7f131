/** Sums over whole segments, kept in memory: a segment never changes, so asking it once is enough. */

import type { DependencyLink } from "../../analysis/dependency-links.ts";
import type { ServiceStatistics } from "../trace-statistics.ts";

/** What is kept of one segment. */
export interface SegmentSums {
  readonly links: readonly DependencyLink[];
  readonly services: readonly ServiceStatistics[];
}

interface Entry {
  /** The traces that were left out, since they lie in other places too. */
  readonly except: ReadonlySet<string>;
  readonly sums: Partial<SegmentSums>;
}

/** Distinct operations of one segment above which its statistics are asked for each time: some 10 MiB in all. */
const MAX_KEPT_ROWS = 2_000;

/** Sums by segment; as many as there are segments, each a row for every edge and operation. */
export class SumCache {
  readonly #entries = new Map<string, Entry>();

  /** Forgets segments that are no longer in use. */
  keepOnly(names: Iterable<string>): void {
    const live = new Set(names);
    for (const name of this.#entries.keys()) if (!live.has(name)) this.#entries.delete(name);
  }

  /** The sum of a whole segment without some traces, when it is known. */
  get<K extends keyof SegmentSums>(
    segment: string,
    kind: K,
    except: ReadonlySet<string>,
  ): SegmentSums[K] | undefined {
    const entry = this.#entries.get(segment);
    return entry !== undefined && isSame(entry.except, except) ? entry.sums[kind] : undefined;
  }

  /** Keeps a sum. */
  set<K extends keyof SegmentSums>(
    segment: string,
    kind: K,
    except: ReadonlySet<string>,
    sum: SegmentSums[K],
  ): void {
    if (sum.length > MAX_KEPT_ROWS) return;
    const known = this.#entries.get(segment);
    const others = known !== undefined && isSame(known.except, except) ? known.sums : {};
    this.#entries.set(segment, { except, sums: { ...others, [kind]: sum } });
  }
}

function isSame(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  if (left.size !== right.size) return false;
  for (const item of left) if (!right.has(item)) return false;
  return true;
}
