/** The dependency links of a Trace. */

import type { DependencyLink } from "../analysis/dependency-links.ts";
import { dependencyLinks as dependencyLinksOfSpans } from "../analysis/dependency-links.ts";
import type { Trace } from "../model/trace.ts";

/**
 * The calls between services that a trace shows: between instrumented services, through message brokers, to databases
 * and to peers that send no spans. Sorted by caller, callee and type.
 *
 * @example
 * dependencyLinks(trace);
 * // [{ fromService: "order-service", toService: "postgresql", callCount: 1, errorCount: 0, type: "database" }]
 */
export function dependencyLinks(trace: Pick<Trace, "spans">): DependencyLink[] {
  return dependencyLinksOfSpans(trace.spans);
}
