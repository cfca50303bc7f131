/** Where errors come from: the deepest span of each failure. */

import type { Finding, FindingSeverity, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { criticalOf, findingFrom, isInternal, nodeAt } from "./finding-context.ts";

/** What became of an error on its way up, by node. */
interface ErrorColumns {
  /** 1 for failures that a failure below explains. */
  readonly echoes: Uint8Array;
  /** 1 for what lies on an unbroken way of failures up to the top. */
  readonly reachesTop: Uint8Array;
  /** The nearest failure that passes this one on, -1 without one. */
  readonly passedOnBy: Int32Array;
  /** How many pass it on, one after the other. */
  readonly passedOnTimes: Int32Array;
}

/**
 * An error is passed on by every span above that failed too; INTERNAL spans without a status let it through, since few
 * instrumentations set one. A span that failed with nothing failed below it is the origin. Origins of one operation
 * with one fate are one finding; its spans are the origins, then those that passed the first one on.
 */
export function errorOrigins<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const columns = errorColumns(context);
  const groups = new Map<string, number[]>();
  for (const [index, { span }] of context.schedule.tree.nodes.entries()) {
    if (span?.status !== "ERROR" || columns.echoes[index] === 1) continue;
    const key = JSON.stringify([span.serviceName, span.name, span.kind, severityAt(columns, index)]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [index]);
    else known.push(index);
  }
  return [...groups.values()].map((origins) => findingOf(context, columns, origins));
}

function severityAt({ reachesTop, passedOnBy }: ErrorColumns, index: number): FindingSeverity {
  if (reachesTop[index] === 1) return "high";
  return passedOnBy[index] === -1 ? "low" : "medium";
}

function errorColumns<S extends FindingSpan>(context: FindingContext<S>): ErrorColumns {
  const { parents, tree } = context.schedule;
  const count = tree.nodes.length;
  const columns: ErrorColumns = {
    echoes: new Uint8Array(count),
    reachesTop: new Uint8Array(count),
    passedOnBy: new Int32Array(count).fill(-1),
    passedOnTimes: new Int32Array(count),
  };
  for (let index = count - 1; index > 0; index--) {
    const { span } = nodeAt(context, index);
    const isFailing = span?.status === "ERROR" || (isOpen(span) && columns.echoes[index] === 1);
    if (isFailing) columns.echoes[parents[index] as number] = 1;
  }
  for (let index = 0; index < count; index++) followUp(context, columns, index);
  return columns;
}

/** Looks one span up from a node whose parent is done. */
function followUp<S extends FindingSpan>(
  context: FindingContext<S>,
  columns: ErrorColumns,
  index: number,
): void {
  const { reachesTop, passedOnBy, passedOnTimes } = columns;
  const { span } = nodeAt(context, index);
  const parent = context.schedule.parents[index] as number;
  const above = parent === -1 ? undefined : nodeAt(context, parent).span;
  if (above === undefined) {
    // What has no span above it is a top of the trace, whatever stands in for the span.
    reachesTop[index] = span?.status === "ERROR" ? 1 : 0;
    return;
  }
  const isOnTheWay = span?.status === "ERROR" || isOpen(span);
  reachesTop[index] = isOnTheWay ? (reachesTop[parent] as number) : 0;
  if (above.status === "ERROR") {
    passedOnBy[index] = parent;
    passedOnTimes[index] = (passedOnTimes[parent] as number) + 1;
  } else if (isOpen(above)) {
    passedOnBy[index] = passedOnBy[parent] as number;
    passedOnTimes[index] = passedOnTimes[parent] as number;
  }
}

/** True for spans that say nothing of their success, so that an error below may go through them. */
function isOpen(span: FindingSpan | undefined): boolean {
  return span?.status === "UNSET" && isInternal(span);
}

function findingOf<S extends FindingSpan>(
  context: FindingContext<S>,
  columns: ErrorColumns,
  origins: readonly number[],
): Finding<S> {
  const first = origins[0] as number;
  const span = nodeAt(context, first).span as S;
  const severity = severityAt(columns, first);
  const passedOnTimes = columns.passedOnTimes[first] as number;
  const { maxSpansPerFinding } = context.options;
  const passedOn: number[] = [];
  for (let at = columns.passedOnBy[first] as number; at !== -1; at = columns.passedOnBy[at] as number) {
    if (passedOn.length === maxSpansPerFinding) break;
    passedOn.push(at);
  }
  const times = origins.length === 1 ? "failed" : `failed ${origins.length} times`;
  return findingFrom(context, {
    type: "error_origin",
    severity,
    service: span.serviceName,
    operation: span.name,
    costNanos: criticalOf(context, origins),
    // A few origins are as telling as many; the way up must be seen too.
    proof: [...origins.slice(0, Math.ceil(maxSpansPerFinding / 2)), ...passedOn],
    spanCount: origins.length + passedOnTimes,
    summary: `${span.serviceName} "${span.name}" ${times}${fateText(severity, passedOnTimes)}`,
    advice:
      severity === "high"
        ? "Look here first: the failures above only pass this one on."
        : "Somebody above coped with it; see whether what it cost is worth it.",
  });
}

function fateText(severity: FindingSeverity, passedOn: number): string {
  const spans = `${passedOn} ${passedOn === 1 ? "span" : "spans"} above`;
  if (severity === "high")
    return passedOn === 0 ? ", and is the top of the trace" : `; ${spans} failed because of it`;
  return passedOn === 0
    ? "; nothing above failed because of it"
    : `; ${spans} failed because of it, the top did not`;
}
