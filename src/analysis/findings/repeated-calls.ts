/** N+1 and repeated queries: like calls again and again for one request. */

import type { Finding, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { allButLongest, CallFlag, findingFrom, isInternal, nodeAt } from "./finding-context.ts";

/**
 * Groups like calls by what they were made for: the span above them that is not an INTERNAL one of the same service (a
 * handler, mostly), since code calls through any number of its own functions. Calls of which all but one failed are
 * attempts at one thing rather than many things.
 */
export function repeatedCalls<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const { labels, keys } = context.calls;
  const owners = ownersOf(context);
  const groups = new Map<number, number[]>();
  for (const [index, key] of keys.entries()) {
    if (key === -1) continue;
    const group = (owners[index] as number) * labels.length + key;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [index]);
    else known.push(index);
  }
  const findings: Finding<S>[] = [];
  for (const [group, indexes] of groups) {
    if (indexes.length < context.options.minRepeats || isOneThing(context, indexes)) continue;
    for (const index of indexes) context.told[index] = 1;
    findings.push(findingOf(context, Math.floor(group / labels.length), inTime(context, indexes)));
  }
  return findings;
}

/** For each node the one its calls are made for. */
function ownersOf<S extends FindingSpan>(context: FindingContext<S>): Int32Array {
  const { parents, tree } = context.schedule;
  const owners = new Int32Array(tree.nodes.length);
  for (let index = 1; index < owners.length; index++) {
    const parent = parents[index] as number;
    const above = nodeAt(context, parent).span;
    const isInside = isInternal(above) && above?.serviceName === nodeAt(context, index).span?.serviceName;
    owners[index] = isInside && parent !== 0 ? (owners[parent] as number) : parent;
  }
  return owners;
}

function isOneThing(context: FindingContext<FindingSpan>, indexes: readonly number[]): boolean {
  let failed = 0;
  for (const index of indexes) if (nodeAt(context, index).span?.status === "ERROR") failed++;
  return failed >= indexes.length - 1;
}

function inTime(context: FindingContext<FindingSpan>, indexes: readonly number[]): number[] {
  return [...indexes].sort(
    (left, right) => nodeAt(context, left).startNanos - nodeAt(context, right).startNanos || left - right,
  );
}

function findingOf<S extends FindingSpan>(
  context: FindingContext<S>,
  owner: number,
  indexes: readonly number[],
): Finding<S> {
  const { calls } = context;
  const first = indexes[0] as number;
  const label = calls.labels[calls.keys[first] as number] as string;
  const isDatabase = ((calls.flags[first] as number) & CallFlag.DATABASE) !== 0;
  const isSame = isSameQuery(context, indexes);
  const span = nodeAt(context, first).span as S;
  const request = nodeAt(context, owner).span;
  const madeFor = request === undefined ? "one request" : `${request.serviceName} "${request.name}"`;
  return findingFrom(context, {
    type: isSame ? "repeated_query" : "n_plus_one",
    service: span.serviceName,
    operation: label,
    costNanos: allButLongest(context, indexes),
    proof: indexes,
    summary: `${indexes.length} like ${isDatabase ? "queries" : "calls"} for ${madeFor}: ${label}`,
    advice: adviceFor(isSame, isDatabase),
  });
}

/** Equal texts with their values in them; of requests only those that read, since others have bodies that may differ. */
function isSameQuery({ calls }: FindingContext<FindingSpan>, indexes: readonly number[]): boolean {
  const first = indexes[0] as number;
  const exact = calls.exactHashes[first] as number;
  const saysAll = ((calls.flags[first] as number) & (CallFlag.DATABASE | CallFlag.READ)) !== 0;
  return saysAll && exact !== 0 && indexes.every((index) => calls.exactHashes[index] === exact);
}

function adviceFor(isSame: boolean, isDatabase: boolean): string {
  if (isSame) return "Ask once and keep the answer for the length of the request.";
  return isDatabase
    ? "Ask for all rows in one query, with a list of keys or a join, in place of one query for each."
    : "Ask for all of them in one call, or let the callee take a list, in place of one call for each.";
}
