/** Calls made again because they had failed. */

import type { Finding, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { CallFlag, childRange, criticalOf, findingFrom, nodeAt } from "./finding-context.ts";

/**
 * Finds like calls of one parent, one after the other, each but the last of which failed or whose follower says that it
 * was sent again; and several SERVER spans under one CLIENT, which a library or proxy sent again unseen.
 */
export function retries<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const findings: Finding<S>[] = [];
  for (const [parent, node] of context.schedule.tree.nodes.entries()) {
    if (node.children.length < 2) continue;
    for (const attempts of attemptsBelow(context, parent)) findings.push(findingOf(context, attempts));
  }
  return findings;
}

function attemptsBelow(context: FindingContext<FindingSpan>, parent: number): number[][] {
  const runs = new Map<string, number[]>();
  const complete: number[][] = [];
  const [first, end] = childRange(context, parent);
  for (let index = first; index < end; index++) {
    const thing = thingTried(context, parent, index);
    if (thing === undefined) continue;
    const run = runs.get(thing);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && isNextAttempt(context, last, index)) {
      run.push(index);
      continue;
    }
    if (run !== undefined) complete.push(run);
    runs.set(thing, [index]);
  }
  return [...complete, ...runs.values()].filter((run) => run.length > 1);
}

/** What a node is an attempt at; undefined when it is none. */
function thingTried(context: FindingContext<FindingSpan>, parent: number, index: number): string | undefined {
  const { calls, told } = context;
  if (told[index] === 1) return undefined;
  const key = calls.keys[index] as number;
  if (key !== -1) return `${key} ${calls.exactHashes[index]}`;
  const { span } = nodeAt(context, index);
  const isAnswer = span?.kind === "SERVER" && nodeAt(context, parent).span?.kind === "CLIENT";
  return isAnswer ? `${span.serviceName}\0${span.name}` : undefined;
}

function isNextAttempt(context: FindingContext<FindingSpan>, before: number, index: number): boolean {
  const first = nodeAt(context, before);
  const isAgain =
    first.span?.status === "ERROR" || ((context.calls.flags[index] as number) & CallFlag.RESENT) !== 0;
  return isAgain && nodeAt(context, index).startNanos >= first.endNanos;
}

function findingOf<S extends FindingSpan>(
  context: FindingContext<S>,
  attempts: readonly number[],
): Finding<S> {
  const { calls, schedule } = context;
  const last = attempts.at(-1) as number;
  const span = nodeAt(context, last).span as S;
  const label = calls.labels[calls.keys[last] as number] ?? span.name;
  const isLost = span.status === "ERROR";
  const failed = attempts.slice(0, -1);
  let costNanos = criticalOf(context, failed);
  // What was waited before trying again is part of the price.
  for (const [at, index] of attempts.entries()) {
    const isAfterAttempt = at > 0 && schedule.waitsFor[index] === attempts[at - 1];
    if (isAfterAttempt && schedule.critical[index] === 1) costNanos += schedule.leads[index] as number;
  }
  return findingFrom(context, {
    type: "retry",
    service: span.serviceName,
    operation: label,
    costNanos,
    proof: attempts,
    summary: `${attempts.length} attempts at ${label}, ${isLost ? "the last of which failed too" : "the last of which went through"}`,
    advice: isLost
      ? "Retry only failures that pass, few times, and let a circuit breaker end it while the callee is down."
      : "Find out why the first attempt fails; until then a shorter timeout makes the retry cheaper.",
  });
}
