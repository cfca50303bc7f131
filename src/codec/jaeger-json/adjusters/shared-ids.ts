/** Span ids that a client and its server share, as Zipkin's tracers send them. */

import type { AdjustedColumns } from "./trace-columns.ts";

const MAX_ID = 0xffff_ffff_ffff_ffffn;

/**
 * Gives each SERVER span that shares its id with a CLIENT span a new id under the client; children of the shared id are
 * the server's from then on.
 *
 * ```
 *   before:  CLIENT id=b          SERVER id=b          parent=b
 *   after:   CLIENT id=b    <-    SERVER id=n    <-    parent=n
 * ```
 *
 * New ids are the lowest that the trace does not use, in the order of the spans, so that a trace asked for twice has
 * the same ones.
 */
export function separateSharedIds({ spanIds, parentSpanIds, kinds }: AdjustedColumns): void {
  const clients = new Set(spanIds.filter((_, at) => kinds[at] === "CLIENT"));
  const isShared = (at: number): boolean => kinds[at] === "SERVER" && clients.has(spanIds[at] as string);
  if (!spanIds.some((_, at) => isShared(at))) return;
  const fresh = freshIds(new Set(spanIds));
  const serverOf = new Map<string, string>();
  const moved = new Set<number>();
  for (const [at, shared] of spanIds.entries()) {
    if (!isShared(at)) continue;
    const id = fresh.next().value;
    if (id === undefined) break;
    serverOf.set(shared, id);
    moved.add(at);
    spanIds[at] = id;
    parentSpanIds[at] = shared;
  }
  for (const [at, parent] of parentSpanIds.entries()) {
    const server = parent === undefined || moved.has(at) ? undefined : serverOf.get(parent);
    if (server !== undefined) parentSpanIds[at] = server;
  }
}

function* freshIds(used: ReadonlySet<string>): Generator<string, undefined> {
  for (let id = 1n; id <= MAX_ID; id++) {
    const text = id.toString(16).padStart(16, "0");
    if (!used.has(text)) yield text;
  }
  return undefined;
}
