/** Service dependency links of one trace: calls, messages, databases and uninstrumented peers. */

import type { DependencyLink } from "./dependency-link.ts";
import { mergeDependencyLinks } from "./dependency-link.ts";
import type { DependencySpan, TraceCall } from "./link-context.ts";
import { isCallPart, isInternal, LinkContext, senderOf } from "./link-context.ts";
import { linkConsumer, linkProducer } from "./message-links.ts";
import { databaseNameOf, isSendOperation, messagingNodeOf, peerNameOf } from "./peer-names.ts";
import type { SpanForest } from "./span-forest.ts";
import { spanForest } from "./span-forest.ts";

export type { DependencyLink, DependencyType } from "./dependency-link.ts";
export { mergeDependencyLinks } from "./dependency-link.ts";
export type { DependencySpan, TraceCall } from "./link-context.ts";

/**
 * The calls between services that one trace shows, summed by (from, to, type) and sorted by those.
 *
 * - A SERVER span is a call from its nearest remote ancestor, over INTERNAL spans; every SERVER child of a CLIENT is
 *   a call of its own (retries). A CLIENT and SERVER of one service are a call of that service to itself.
 * - Without a CLIENT span, a change of service between parent and child is the call.
 * - A PRODUCER calls its destination (`kafka:orders`), the destination calls each CONSUMER: once for its parent and
 *   for each linked span. Consumers in traces of their own are found by their messaging attributes.
 * - A CLIENT without a remote child calls its database, or the peer that its attributes name.
 *
 * Equal spans count once; missing parents, cycles and several roots do no harm.
 */
export function dependencyLinks(spans: readonly DependencySpan[]): DependencyLink[] {
  return mergeDependencyLinks([
    traceCalls(spanForest(spans)).map(({ fromService, toService, callCount, errorCount, type }) => ({
      fromService,
      toService,
      callCount,
      errorCount,
      type,
    })),
  ]);
}

/** The calls that {@link dependencyLinks} sums, one by one, with the spans that show them. */
export function traceCalls(forest: SpanForest<DependencySpan>): readonly TraceCall[] {
  const context = new LinkContext(forest);
  for (const index of forest.parentsFirst) linkEntry(context, index);
  linkInnerEntries(context);
  for (let at = forest.parentsFirst.length - 1; at >= 0; at--) {
    linkLeaf(context, forest.parentsFirst[at] as number);
  }
  return context.calls;
}

/** SERVER and CONSUMER spans, which say themselves that they answer somebody. */
function linkEntry(context: LinkContext, index: number): void {
  const span = context.span(index);
  if (span.kind === "CONSUMER") linkConsumer(context, index);
  if (span.kind === "PRODUCER") linkProducer(context, index);
  if (span.kind !== "SERVER") return;
  const caller = context.outer[index] as number;
  if (caller === -1) return;
  const isPair = context.span(caller).kind === "CLIENT";
  if (!isPair && context.span(caller).serviceName === span.serviceName) return;
  context.tellRunAbove(index);
  linkCall(context, caller, index);
}

/** Other spans whose parent is of another service: the call into a service that sends no SERVER spans. */
function linkInnerEntries(context: LinkContext): void {
  for (const index of context.forest.parentsFirst) {
    const span = context.span(index);
    const parent = context.parent(index);
    if (parent === -1 || span.kind === "SERVER" || span.kind === "CONSUMER") continue;
    if (context.span(parent).serviceName === span.serviceName) continue;
    if (isInternal(span) && context.told[index] === 1) continue;
    linkCall(context, parent, index);
  }
}

/** One call from the service of `caller`; its CLIENT span, when there is one, is paired. */
function linkCall(context: LinkContext, caller: number, callee: number): void {
  const from = context.span(caller);
  const to = context.span(callee);
  const sender = senderOf(context, caller);
  const senderSpan = sender === -1 ? undefined : context.span(sender);
  if (sender !== -1) context.paired[sender] = 1;
  const isError = to.status === "ERROR" || senderSpan?.status === "ERROR";
  const isMessage = senderSpan?.kind === "PRODUCER";
  const node = isMessage ? messagingNodeOf(senderSpan.attributes)?.name : undefined;
  const call = {
    fromService: node ?? from.serviceName,
    toService: to.serviceName,
    type: isMessage ? "messaging" : "rpc",
    callCount: 1,
    sender,
    callee,
    caller,
  } as const;
  context.add(call, isError);
}

/** CLIENT spans without a remote child; of nested ones only the one that names the far end best. Children first. */
function linkLeaf(context: LinkContext, index: number): void {
  const span = context.span(index);
  const parent = context.parent(index);
  let isTold = context.paired[index] === 1 || (isCallPart(span) && context.told[index] === 2);
  if (span.kind === "CLIENT" && !isTold) isTold = linkPeer(context, index);
  if (isTold && parent !== -1 && context.isSameCall(index, parent)) context.told[parent] = 2;
}

function linkPeer(context: LinkContext, index: number): boolean {
  const span = context.span(index);
  const isError = span.status === "ERROR";
  const call = { fromService: span.serviceName, callCount: 1, sender: index, callee: -1, caller: index };
  const database = databaseNameOf(span.attributes);
  if (database !== undefined) {
    context.add({ ...call, toService: database, type: "database" }, isError);
    return true;
  }
  if (context.underDatabase[index] === 1) return false;
  const node = messagingNodeOf(span.attributes);
  if (node !== undefined) {
    const isSend = isSendOperation(span.attributes) && span.links.length === 0;
    if (isSend) context.add({ ...call, toService: node.name, type: "messaging" }, isError);
    return isSend;
  }
  const peer = peerNameOf(span.attributes);
  if (peer === undefined) return false;
  context.add({ ...call, toService: peer, type: "virtual_node" }, isError);
  return true;
}
