/** Names of services and operations, and who calls whom, as api_v3 gives them over HTTP and gRPC alike. */

import type { DependencyLink } from "../../analysis/dependency-links.ts";
import { KINDS } from "../../filter/query-model.ts";
import { isoFromUnixNano } from "../../model/time.ts";
import type { Queries } from "../../query/queries.ts";
import type { QueryCaller } from "../../query/query-limiter.ts";

/** An operation; its kind in lower case, "" when no span says which. */
export interface JaegerOperation {
  readonly name: string;
  readonly spanKind: string;
}

/** Calls of one service to another. */
export interface JaegerDependency {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
}

/** Operations of a service, of one kind when it is named. */
export async function jaegerOperations(
  queries: Queries,
  { service, spanKind }: { readonly service: string; readonly spanKind: string },
  caller: QueryCaller,
): Promise<readonly JaegerOperation[]> {
  const operations = await queries.operations(service, caller);
  const named = operations.map(({ name, kind }) => {
    const word = kind.toLowerCase();
    return { name, spanKind: word === KINDS[0] ? "" : word };
  });
  return spanKind === "" ? named : named.filter((each) => each.spanKind === spanKind.toLowerCase());
}

/** Calls between services in the traces that start in a range of nanoseconds, by parent, then child. */
export async function jaegerDependencies(
  queries: Queries,
  { start, end }: { readonly start: bigint; readonly end: bigint },
  caller: QueryCaller,
): Promise<readonly JaegerDependency[]> {
  const { links } = await queries.dependencies(
    { start: isoFromUnixNano(start), end: isoFromUnixNano(end) },
    caller,
  );
  const sums = new Map<string, DependencySum>();
  for (const link of links) addLink(sums, link);
  return [...sums.values()];
}

type DependencySum = { parent: string; child: string; callCount: number };

/** Kinds of calls between two nodes are one call here. */
function addLink(
  sums: Map<string, DependencySum>,
  { fromService: parent, toService: child, callCount }: DependencyLink,
): void {
  const key = JSON.stringify([parent, child]);
  const known = sums.get(key);
  if (known === undefined) sums.set(key, { parent, child, callCount });
  else known.callCount += callCount;
}
