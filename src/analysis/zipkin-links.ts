/** Dependency links by the rules of Zipkin's own linker, for answers that must equal Zipkin's. */

import { compareValues } from "../base/compare.ts";
import type { Span } from "../model/span.ts";
import { peerNameOf } from "./peer-names.ts";
import type { ZipkinLinkSpan, ZipkinTree } from "./zipkin-tree.ts";
import { zipkinTree } from "./zipkin-tree.ts";

/** Calls of one service by another, as Zipkin counts them. */
export interface ZipkinLink {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount: number;
}

/**
 * Zipkin's links of one trace, by parent, then child. What differs from `dependencyLinks`, on purpose:
 *
 * - A CLIENT with any child is no link of its own: its server's word is preferred, even where the child is local.
 * - A span without a kind is a call when it names both sides, and bridges its neighbours when it does not.
 * - PRODUCER and CONSUMER spans link to the broker they name and to nothing else.
 * - A root SERVER whose caller is not named is no link.
 * - A CLIENT that reports under another service than the nearest remote span above adds the call between those two.
 * - A call fails when its span has a tag `error`, or when its parent, a CLIENT, has.
 */
export function zipkinLinks(spans: readonly ZipkinLinkSpan[]): ZipkinLink[] {
  const tree = zipkinTree(spans);
  const remoteAncestors = remoteAncestorsOf(tree);
  const sums = new LinkSums();
  for (const index of tree.parentsFirst) linkSpan(tree, index, remoteAncestors[index] as number, sums);
  return sums.result();
}

/** Sums links of many traces by parent and child, sorted by those. */
export function mergeZipkinLinks(lists: Iterable<readonly ZipkinLink[]>): ZipkinLink[] {
  const sums = new LinkSums();
  for (const links of lists) for (const link of links) sums.addLink(link);
  return sums.result();
}

/** A span as the rules see it once it was turned into Zipkin's model, by OpenTelemetry's mapping. */
export function zipkinLinkSpan(span: Span): ZipkinLinkSpan {
  const { kind, attributes } = span;
  const isRemoteKind = kind !== "INTERNAL" && kind !== "UNSPECIFIED";
  const namesRemote = kind === "CLIENT" || kind === "PRODUCER";
  const databaseName = attributes["db.name"];
  const lastResort = typeof databaseName === "string" && databaseName !== "" ? databaseName : undefined;
  return {
    id: span.spanId,
    parentId: span.parentSpanId,
    kind: isRemoteKind ? kind : undefined,
    isShared: false,
    localService: span.serviceName,
    localAddress: undefined,
    remoteService: namesRemote ? (peerNameOf(attributes) ?? lastResort) : undefined,
    hasErrorTag: span.status === "ERROR" || hasErrorAttribute(span),
    timestampMicros: Number(span.startTimeUnixNano / 1_000n),
  };
}

/** The mapping drops `error=false`; any other value becomes the tag. */
function hasErrorAttribute({ attributes }: Span): boolean {
  const error = Object.hasOwn(attributes, "error") ? attributes["error"] : undefined;
  return error !== undefined && error !== null && error !== false && error !== "false";
}

/** For each span the nearest one above that has a kind, -1 without one. */
function remoteAncestorsOf({ spans, parents, parentsFirst }: ZipkinTree): Int32Array {
  const ancestors = new Int32Array(spans.length).fill(-1);
  for (const index of parentsFirst) {
    const parent = parents[index] as number;
    if (parent === -1) continue;
    ancestors[index] = spans[parent]?.kind === undefined ? (ancestors[parent] as number) : parent;
  }
  return ancestors;
}

function linkSpan(tree: ZipkinTree, index: number, remoteAncestor: number, sums: LinkSums): void {
  const span = tree.spans[index] as ZipkinLinkSpan;
  if (span.kind === "CLIENT" && tree.hasChildren[index] === 1) return;
  const { localService, remoteService } = span;
  if (span.kind === "PRODUCER") sums.add(localService, remoteService, span.hasErrorTag);
  else if (span.kind === "CONSUMER") sums.add(remoteService, localService, span.hasErrorTag);
  else if (span.kind === "SERVER") {
    const isRoot = index === tree.root;
    if (!isRoot || remoteService !== undefined) linkServer(tree, span, remoteAncestor, sums);
  } else if (span.kind === "CLIENT" || (localService !== undefined && remoteService !== undefined)) {
    linkClient(tree, span, remoteAncestor, sums);
  }
}

/** Of a server's caller the nearest remote span above knows better than the server. */
function linkServer(tree: ZipkinTree, span: ZipkinLinkSpan, remoteAncestor: number, sums: LinkSums): void {
  const above = tree.spans[remoteAncestor];
  sums.add(above?.localService ?? span.remoteService, span.localService, hasFailed(span, above));
}

function linkClient(tree: ZipkinTree, span: ZipkinLinkSpan, remoteAncestor: number, sums: LinkSums): void {
  const above = tree.spans[remoteAncestor];
  const isElsewhere = span.localService !== undefined && above?.localService !== span.localService;
  // Nothing is known of errors of a call that nobody reported.
  if (isElsewhere) sums.add(above?.localService, span.localService, false);
  sums.add(span.localService ?? above?.localService, span.remoteService, hasFailed(span, above));
}

function hasFailed(span: ZipkinLinkSpan, above: ZipkinLinkSpan | undefined): boolean {
  if (span.hasErrorTag) return true;
  // A shared server's parent id is that of its client's parent, so the client's error is not its.
  const isCaller = above?.kind === "CLIENT" && above.localService !== undefined && above.id === span.parentId;
  return isCaller && above.hasErrorTag;
}

class LinkSums {
  readonly #sums = new Map<string, { -readonly [K in keyof ZipkinLink]: ZipkinLink[K] }>();

  /** One call, when both sides are known. */
  add(parent: string | undefined, child: string | undefined, isError: boolean): void {
    if (parent === undefined || child === undefined) return;
    this.addLink({ parent, child, callCount: 1, errorCount: isError ? 1 : 0 });
  }

  addLink(link: ZipkinLink): void {
    const key = JSON.stringify([link.parent, link.child]);
    const sum = this.#sums.get(key);
    if (sum === undefined) {
      this.#sums.set(key, { ...link });
      return;
    }
    sum.callCount += link.callCount;
    sum.errorCount += link.errorCount;
  }

  result(): ZipkinLink[] {
    return [...this.#sums.values()].sort(
      (left, right) => compareValues(left.parent, right.parent) || compareValues(left.child, right.child),
    );
  }
}
