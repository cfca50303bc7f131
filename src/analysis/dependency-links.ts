/** Service dependency links of one trace: calls, messages, databases and uninstrumented peers. */

import type { Span, SpanLink } from "../model/span.ts";
import type { MessagingNode } from "./peer-names.ts";
import { databaseNameOf, isSendOperation, messagingNodeOf, peerNameOf } from "./peer-names.ts";
import type { SpanForest } from "./span-forest.ts";
import { spanForest } from "./span-forest.ts";

/** What kind of call an edge stands for. */
export type DependencyType = "rpc" | "messaging" | "database" | "virtual_node";

/** Calls from one node of the dependency graph to another. */
export interface DependencyLink {
  readonly fromService: string;
  readonly toService: string;
  readonly callCount: number;
  /** Calls of which either side has status ERROR. */
  readonly errorCount: number;
  readonly type: DependencyType;
}

/** What dependency links need of a span. */
export type DependencySpan = Pick<
  Span,
  | "traceId"
  | "spanId"
  | "parentSpanId"
  | "kind"
  | "name"
  | "serviceName"
  | "status"
  | "startTimeUnixNano"
  | "endTimeUnixNano"
  | "attributes"
> & { readonly links: readonly Pick<SpanLink, "traceId" | "spanId">[] };

/** Node of consumers that say they follow other spans but name no broker and no destination. */
const NAMELESS_BROKER = "messaging";

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
  const forest = spanForest(spans);
  const context = new LinkContext(forest);
  for (const index of forest.parentsFirst) linkEntry(context, index);
  linkInnerEntries(context);
  for (let at = forest.parentsFirst.length - 1; at >= 0; at--) {
    linkLeaf(context, forest.parentsFirst[at] as number);
  }
  return mergeDependencyLinks([context.links]);
}

/** Sums links of many traces by (from, to, type), sorted by those. */
export function mergeDependencyLinks(lists: Iterable<readonly DependencyLink[]>): DependencyLink[] {
  const sums = new Map<string, { -readonly [K in keyof DependencyLink]: DependencyLink[K] }>();
  for (const links of lists) {
    for (const link of links) {
      const key = JSON.stringify([link.fromService, link.toService, link.type]);
      const sum = sums.get(key);
      if (sum === undefined) {
        sums.set(key, { ...link });
      } else {
        sum.callCount += link.callCount;
        sum.errorCount += link.errorCount;
      }
    }
  }
  return [...sums.values()].sort(compareLinks);
}

function compareLinks(left: DependencyLink, right: DependencyLink): number {
  return (
    compareText(left.fromService, right.fromService) ||
    compareText(left.toService, right.toService) ||
    compareText(left.type, right.type)
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * What is known about each span while links are found. Everything is worked out parents first or children first, one
 * step a span, so that deep traces cost no more than flat ones.
 */
class LinkContext {
  readonly forest: SpanForest<DependencySpan>;
  readonly links: DependencyLink[] = [];
  /** First ancestor that is not an INTERNAL span of the span's own service, -1 without one. */
  readonly outer: Int32Array;
  /** Topmost span of the run of INTERNAL spans of one service that the span ends. */
  readonly runTop: Int32Array;
  /** 1 where the call is already told by a span below: a paired CLIENT, or an INTERNAL entry with a SERVER in it. */
  readonly told: Uint8Array;
  /** 1 where a CLIENT span of the same service above, over CLIENT and INTERNAL spans, is a database call. */
  readonly underDatabase: Uint8Array;
  /** Children of each CLIENT or PRODUCER that were counted as remote: 1 where there is one. */
  readonly paired: Uint8Array;
  readonly #indexById: Map<string, number> = new Map();
  readonly #mentions: Set<string> = new Set();

  constructor(forest: SpanForest<DependencySpan>) {
    const size = forest.spans.length;
    this.forest = forest;
    this.outer = new Int32Array(size).fill(-1);
    this.runTop = new Int32Array(size);
    this.told = new Uint8Array(size);
    this.underDatabase = new Uint8Array(size);
    this.paired = new Uint8Array(size);
    for (const index of forest.parentsFirst) this.#describe(index);
  }

  span(index: number): DependencySpan {
    return this.forest.spans[index] as DependencySpan;
  }

  parent(index: number): number {
    return this.forest.parents[index] as number;
  }

  indexOfId(spanId: string): number | undefined {
    return this.#indexById.get(spanId);
  }

  /** True for the CLIENT and INTERNAL spans that may stand between a call's outermost and innermost CLIENT span. */
  isSameCall(index: number, parent: number): boolean {
    const span = this.span(index);
    const above = this.span(parent);
    return span.serviceName === above.serviceName && isCallPart(span) && isCallPart(above);
  }

  /** Marks the INTERNAL spans of the same service above as told of by this entry. */
  tellRunAbove(index: number): void {
    const parent = this.parent(index);
    if (parent !== this.outer[index]) this.told[this.runTop[parent] as number] = 1;
  }

  /** True once for each source and node: several consumers of one message make one sending. */
  isFirstMention(source: number, node: string): boolean {
    const key = `${source} ${node}`;
    if (this.#mentions.has(key)) return false;
    this.#mentions.add(key);
    return true;
  }

  add(from: string, to: string, type: DependencyType, calls: number, isError: boolean): void {
    const errorCount = isError ? calls : 0;
    this.links.push({ fromService: from, toService: to, callCount: calls, errorCount, type });
  }

  #describe(index: number): void {
    const span = this.span(index);
    const parent = this.parent(index);
    this.#indexById.set(span.spanId, index);
    this.runTop[index] = index;
    if (parent === -1) return;
    const above = this.span(parent);
    this.outer[index] = parent;
    if (isInternal(above) && above.serviceName === span.serviceName) {
      this.outer[index] = this.outer[parent] as number;
      if (isInternal(span)) this.runTop[index] = this.runTop[parent] as number;
    }
    if (!this.isSameCall(index, parent)) return;
    const isDatabase = above.kind === "CLIENT" && databaseNameOf(above.attributes) !== undefined;
    this.underDatabase[index] = isDatabase ? 1 : (this.underDatabase[parent] as number);
  }
}

function isInternal(span: DependencySpan): boolean {
  return span.kind === "INTERNAL" || span.kind === "UNSPECIFIED";
}

function isCallPart(span: DependencySpan): boolean {
  return span.kind === "CLIENT" || isInternal(span);
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
  if (senderSpan?.kind === "PRODUCER") {
    const node = messagingNodeOf(senderSpan.attributes)?.name ?? from.serviceName;
    context.add(node, to.serviceName, "messaging", 1, isError);
  } else {
    context.add(from.serviceName, to.serviceName, "rpc", 1, isError);
  }
}

/** The CLIENT or PRODUCER span that made the call: `caller`, or the one it is an INTERNAL part of. */
function senderOf(context: LinkContext, caller: number): number {
  const span = context.span(caller);
  if (span.kind === "CLIENT" || span.kind === "PRODUCER") return caller;
  const above = isInternal(span) ? (context.outer[caller] as number) : -1;
  if (above === -1 || context.span(above).serviceName !== span.serviceName) return -1;
  const kind = context.span(above).kind;
  return kind === "CLIENT" || kind === "PRODUCER" ? above : -1;
}

function linkProducer(context: LinkContext, index: number): void {
  const span = context.span(index);
  const node = messagingNodeOf(span.attributes);
  if (node === undefined) return;
  context.add(span.serviceName, node.name, "messaging", 1, span.status === "ERROR");
}

function linkConsumer(context: LinkContext, index: number): void {
  const span = context.span(index);
  const outer = context.outer[index] as number;
  if (outer !== -1 && isSameConsumption(context.span(outer), span)) return;
  context.tellRunAbove(index);
  const isError = span.status === "ERROR";
  const sources = sourcesOf(context, index);
  const node = nodeOfConsumer(context, span, sources.known);
  if (node !== undefined) {
    context.add(node, span.serviceName, "messaging", Math.max(1, sources.count), isError);
    for (const source of sources.known) linkUntoldSource(context, source, node);
    return;
  }
  for (const source of sources.known) {
    const from = context.span(source);
    const isCall =
      from.kind === "PRODUCER" || from.kind === "CLIENT" || from.serviceName !== span.serviceName;
    if (isCall) context.add(from.serviceName, span.serviceName, "messaging", 1, isError);
  }
  const unknown = sources.count - sources.known.length;
  if (unknown > 0) context.add(NAMELESS_BROKER, span.serviceName, "messaging", unknown, isError);
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
  context.add(span.serviceName, node, "messaging", 1, span.status === "ERROR");
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
  const database = databaseNameOf(span.attributes);
  if (database !== undefined) {
    context.add(span.serviceName, database, "database", 1, isError);
    return true;
  }
  if (context.underDatabase[index] === 1) return false;
  const node = messagingNodeOf(span.attributes);
  if (node !== undefined) {
    const isSend = isSendOperation(span.attributes) && span.links.length === 0;
    if (isSend) context.add(span.serviceName, node.name, "messaging", 1, isError);
    return isSend;
  }
  const peer = peerNameOf(span.attributes);
  if (peer === undefined) return false;
  context.add(span.serviceName, peer, "virtual_node", 1, isError);
  return true;
}
