/** Calls one after the other that could run side by side. */

import type { Finding, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { allButLongest, CallFlag, childRange, findingFrom, nodeAt } from "./finding-context.ts";

/**
 * Finds runs of calls of one parent that are known to read only, each starting when the one before was over, with hardly
 * a pause: where more happens in between, something may have been worked out of the answer. Anything else that the
 * parent waits for ends a run.
 */
export function sequentialCalls<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const { tree, critical } = context.schedule;
  const findings: Finding<S>[] = [];
  for (const [parent, node] of tree.nodes.entries()) {
    // Off the critical path nothing would be saved.
    if (critical[parent] === 0 || node.children.length < context.options.minSequentialCalls) continue;
    for (const run of runsBelow(context, parent)) {
      const finding = findingOf(context, parent, run);
      if (finding !== undefined) findings.push(finding);
    }
  }
  return findings;
}

function* runsBelow(
  context: FindingContext<FindingSpan>,
  parent: number,
): Generator<readonly number[], void> {
  const [first, end] = childRange(context, parent);
  let run: number[] = [];
  for (let index = first; index < end; index++) {
    if (context.schedule.blocking[index] === 0) continue;
    if (isReading(context, index) && follows(context, run.at(-1), index)) {
      run.push(index);
      continue;
    }
    yield run;
    run = isReading(context, index) ? [index] : [];
  }
  yield run;
}

function isReading({ calls, told }: FindingContext<FindingSpan>, index: number): boolean {
  return told[index] === 0 && ((calls.flags[index] as number) & CallFlag.READ) !== 0;
}

function follows(context: FindingContext<FindingSpan>, before: number | undefined, index: number): boolean {
  if (before === undefined) return true;
  const pauseNanos = nodeAt(context, index).startNanos - nodeAt(context, before).endNanos;
  return pauseNanos >= 0 && pauseNanos <= context.options.maxSequentialPauseNanos;
}

function findingOf<S extends FindingSpan>(
  context: FindingContext<S>,
  parent: number,
  run: readonly number[],
): Finding<S> | undefined {
  const { minSequentialCalls, minSequentialSaving } = context.options;
  if (run.length < minSequentialCalls) return undefined;
  const costNanos = allButLongest(context, run);
  if (costNanos === 0 || costNanos < minSequentialSaving * context.traceNanos) return undefined;
  const first = nodeAt(context, run[0] as number).span as S;
  const owner = nodeAt(context, parent).span ?? first;
  const labels = new Set(run.map((index) => context.calls.labels[context.calls.keys[index] as number]));
  return findingFrom(context, {
    type: "sequential_calls",
    service: first.serviceName,
    operation: owner.name,
    costNanos,
    proof: run,
    summary: `${run.length} calls that only read, one after the other: ${[...labels].slice(0, 3).join("; ")}`,
    advice: "Start them together and wait for all, unless one needs the answer of another.",
  });
}
