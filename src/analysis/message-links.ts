/** Links through message brokers. */

import type { DependencySpan, LinkContext } from "./link-context.ts";
import { senderOf } from "./link-context.ts";
import type { MessagingNode } from "./peer-names.ts";
import { messagingNodeOf } from "./peer-names.ts";

/** Node of consumers that say they follow other spans but name no broker and no destination. */
const NAMELESS_BROKER = "messaging";

/** A PRODUCER span calls its destination. */
export function linkProducer(context: LinkContext, index: number): void {
  const span = context.span(index);
  const node = messagingNodeOf(span.attributes);
  if (node === undefined) return;
  addSending(context, index, node.name);
}

function addSending(context: LinkContext, index: number, node: string): void {
  const { serviceName, status } = context.span(index);
  const places = { sender: index, callee: -1, caller: index };
  const call = {
    fromService: serviceName,
    toService: node,
    type: "messaging",
    callCount: 1,
    ...places,
  } as const;
  context.add(call, status === "ERROR");
}

/** A CONSUMER span is called by its destination, once for each message source it names. */
export function linkConsumer(context: LinkContext, index: number): void {
  const span = context.span(index);
  const outer = context.outer[index] as number;
  if (outer !== -1 && isSameConsumption(context.span(outer), span)) return;
  context.tellRunAbove(index);
  const isError = span.status === "ERROR";
  const sources = sourcesOf(context, index);
  const node = nodeOfConsumer(context, span, sources.known);
  const taken = (fromService: string, callCount: number, sender: number): void => {
    const places = { sender, callee: index, caller: sender };
    const call = {
      fromService,
      toService: span.serviceName,
      type: "messaging",
      callCount,
      ...places,
    } as const;
    context.add(call, isError);
  };
  const unknown = sources.count - sources.known.length;
  if (node !== undefined) {
    for (const source of sources.known) {
      taken(node, 1, source);
      linkUntoldSource(context, source, node);
    }
    if (unknown > 0 || sources.count === 0) taken(node, Math.max(1, unknown), -1);
    return;
  }
  for (const source of sources.known) {
    const from = context.span(source);
    const isCall =
      from.kind === "PRODUCER" || from.kind === "CLIENT" || from.serviceName !== span.serviceName;
    if (isCall) taken(from.serviceName, 1, source);
  }
  if (unknown > 0) taken(NAMELESS_BROKER, unknown, -1);
}

/** "process" under "receive": the same messages, already counted. */
function isSameConsumption(outer: DependencySpan, span: DependencySpan): boolean {
  return outer.kind === "CONSUMER" && outer.serviceName === span.serviceName;
}

interface MessageSources {
  /** Distinct spans the consumer follows, as parent or by link. */
  readonly count: number;
  /** Those of them that are in this trace, by index. */
  readonly known: readonly number[];
}

function sourcesOf(context: LinkContext, index: number): MessageSources {
  const span = context.span(index);
  const known = new Set<number>();
  const unknown = new Set<string>();
  const caller = context.outer[index] as number;
  if (caller !== -1) {
    const sender = senderOf(context, caller);
    if (sender !== -1) known.add(sender);
    else if (context.span(caller).serviceName !== span.serviceName) known.add(caller);
  }
  for (const link of span.links) {
    const linked = link.traceId === span.traceId ? context.indexOfId(link.spanId) : undefined;
    if (linked === undefined) unknown.add(`${link.traceId}/${link.spanId}`);
    else if (linked !== index) known.add(linked);
  }
  for (const source of known) context.paired[source] = 1;
  return { count: known.size + unknown.size, known: [...known] };
}

/** The consumer's own word for its destination counts most, unless only a producer knows it exactly. */
function nodeOfConsumer(
  context: LinkContext,
  span: DependencySpan,
  sources: readonly number[],
): string | undefined {
  const own = messagingNodeOf(span.attributes);
  if (own?.isExact) return own.name;
  const theirs = sources
    .map((source) => messagingNodeOf(context.span(source).attributes))
    .filter((node): node is MessagingNode => node !== undefined);
  return theirs.find((node) => node.isExact)?.name ?? own?.name ?? theirs[0]?.name;
}

/** The sending half of a message whose sender does not tell of it as a PRODUCER with a destination. */
function linkUntoldSource(context: LinkContext, source: number, node: string): void {
  const span = context.span(source);
  const tellsItself = span.kind === "PRODUCER" && messagingNodeOf(span.attributes) !== undefined;
  if (tellsItself || span.kind === "CONSUMER" || !context.isFirstMention(source, node)) return;
  addSending(context, source, node);
}
