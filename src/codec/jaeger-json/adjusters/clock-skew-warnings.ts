/** What Jaeger notices of clocks that disagree, said as warnings; times stay as they were sent. */

import { goDurationText } from "../../../base/go-duration.ts";
import type { AdjustedColumns } from "./trace-columns.ts";

/** Texts by span; spans without any are not in it. */
export type WarningsBySpan = ReadonlyMap<number, readonly string[]>;

interface Skew {
  readonly deltaNanos: bigint;
  readonly hostKey: string;
}

/**
 * Warnings of spans whose clock disagrees with that of their parent, of spans whose parent is not in the trace, and of
 * spans whose id an earlier one has.
 *
 * Parent and child are compared when they ran on different hosts, or on unknown ones. What a host is off is inherited by
 * the spans below that ran on it.
 *
 * ```
 *   parent  |----------------|         a child that fits is left alone;
 *   child                  |------|    of one that does not, the middle of the parent is taken for its middle;
 *   child |----------------------|     one that is longer only must not begin first
 * ```
 */
export function clockSkewWarnings(columns: AdjustedColumns): WarningsBySpan {
  const warnings = new Map<number, string[]>();
  const warn = (at: number, text: string): void => {
    const known = warnings.get(at);
    if (known === undefined) warnings.set(at, [text]);
    else known.push(text);
  };
  const { roots, childrenOf } = familyOf(columns, warn);
  const waiting = roots.map((at) => ({
    at,
    skew: { deltaNanos: 0n, hostKey: columns.hostKeys[at] as string } as Skew,
  }));
  // The list grows while it is read: parents come before their children, however deep the trace is.
  for (const { at, skew } of waiting) {
    if (skew.deltaNanos !== 0n) {
      const delta = goDurationText(skew.deltaNanos);
      warn(at, `clock skew adjustment disabled; not applying calculated delta of ${delta}`);
    }
    for (const child of childrenOf.get(at) ?? []) {
      const hostKey = columns.hostKeys[child] as string;
      const isSameHost = hostKey === skew.hostKey && hostKey !== "";
      waiting.push({
        at: child,
        skew: isSameHost ? skew : { deltaNanos: deltaNanosOf(columns, at, child), hostKey },
      });
    }
  }
  return warnings;
}

function familyOf(
  { spanIds, parentSpanIds }: AdjustedColumns,
  warn: (at: number, text: string) => void,
): { readonly roots: readonly number[]; readonly childrenOf: ReadonlyMap<number, readonly number[]> } {
  const byId = new Map<string, number>();
  for (const [at, id] of spanIds.entries()) {
    if (byId.has(id)) warn(at, "duplicate span IDs; skipping clock skew adjustment");
    else byId.set(id, at);
  }
  const roots: number[] = [];
  const childrenOf = new Map<number, number[]>();
  for (const at of byId.values()) {
    const parentId = parentSpanIds[at];
    const parent = parentId === undefined ? undefined : byId.get(parentId);
    if (parent === undefined) {
      roots.push(at);
      if (parentId !== undefined) {
        warn(at, `parent span ID=${parentId} is not in the trace; skipping clock skew adjustment`);
      }
      continue;
    }
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [at]);
    else siblings.push(at);
  }
  return { roots, childrenOf };
}

function deltaNanosOf({ starts, ends }: AdjustedColumns, parent: number, child: number): bigint {
  const parentStart = starts[parent] as bigint;
  const parentEnd = ends[parent] as bigint;
  const childStart = starts[child] as bigint;
  const childEnd = ends[child] as bigint;
  const parentDuration = parentEnd - parentStart;
  const childDuration = childEnd - childStart;
  if (childDuration > parentDuration) return childStart < parentStart ? parentStart - childStart : 0n;
  if (childStart >= parentStart && childEnd <= parentEnd) return 0n;
  return parentStart + (parentDuration - childDuration) / 2n - childStart;
}
