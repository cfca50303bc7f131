/** Spans that others name as their parent but that are not there. */

import type { Finding, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { findingFrom, nodeAt } from "./finding-context.ts";

/** At most one finding: that parents are missing, how many, and the spans that name them. */
export function missingSpans<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const { tree, firstChildren } = context.schedule;
  const orphans: number[] = [];
  let missing = 0;
  let costNanos = 0;
  for (const [index, node] of tree.nodes.entries()) {
    if (node.missingSpanId === undefined) continue;
    missing++;
    costNanos += context.criticalSelf[index] as number;
    for (const at of node.children.keys()) orphans.push((firstChildren[index] as number) + at);
  }
  const first = orphans[0];
  if (first === undefined) return [];
  const span = nodeAt(context, first).span as S;
  const hasRoot = tree.nodes.some((node) => node.span !== undefined && node.span.parentSpanId === undefined);
  const parents = missing === 1 ? "1 span is" : `${missing} spans are`;
  const children = orphans.length === 1 ? "1 span names" : `${orphans.length} spans name`;
  return [
    findingFrom(context, {
      type: "missing_spans",
      service: span.serviceName,
      operation: span.name,
      costNanos,
      proof: orphans,
      summary: `${parents} missing that ${children} as parent${hasRoot ? "" : ", and the trace has no root"}`,
      advice:
        "Look for a service that does not send its spans: sampling that is not handed on, a full export queue, a proxy that makes ids.",
    }),
  ];
}
