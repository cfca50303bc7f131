/** A second critical path: recursive, quadratic and plain, to hold the real one against. */

import type { Span } from "../../src/model/span.ts";

interface Node {
  readonly id: string;
  readonly kind: string;
  /** The span, or for synthetic nodes an object of its own: what segments are told apart by. */
  readonly owner: object;
  readonly span: Span | undefined;
  start: bigint;
  end: bigint;
  readonly children: Node[];
}

/** Span id or "-", start and end of each segment in time order. */
export type ReferenceSegment = readonly [string, bigint, bigint];

/** The critical path of 1 to a few dozen spans. */
export function referenceCriticalPath(spans: readonly Span[]): ReferenceSegment[] {
  const root = treeOf(spans);
  clip(root);
  const merged: { owner: object; segment: [string, bigint, bigint] }[] = [];
  for (const [node, from, to] of path(root, root.start, root.end)) {
    if (from === to) continue;
    const last = merged.at(-1);
    if (last?.owner === node.owner) last.segment[2] = to;
    else merged.push({ owner: node.owner, segment: [node.span?.spanId ?? "-", from, to] });
  }
  return merged.map((each) => each.segment);
}

function treeOf(spans: readonly Span[]): Node {
  const nodes = distinctNodes(spans);
  const parentOf = new Map(nodes.map((node) => [node, parentAmong(nodes, node)]));
  const cut = nodes.filter((node) => isFirstOfCycle(node, nodes, parentOf));
  for (const node of cut) parentOf.set(node, undefined);
  for (const node of nodes) parentOf.get(node)?.children.push(node);
  const tops = nodes.filter((node) => parentOf.get(node) === undefined);
  // A server without a parent that shares its client's id has one all the same, and may have lost it to a cycle.
  const uncut = tops.filter((node) => !cut.includes(node));
  const roots = uncut.filter((node) => node.span?.parentSpanId === undefined);
  const orphans = uncut.filter((node) => !roots.includes(node));
  const missingIds = [...new Set(orphans.map((node) => node.span?.parentSpanId as string))];
  const gaps = missingIds.map((id) =>
    covering(
      id,
      orphans.filter((node) => node.span?.parentSpanId === id),
    ),
  );
  return rootOf(roots, [...cut, ...gaps]);
}

function rootOf(roots: readonly Node[], lost: readonly Node[]): Node {
  if (roots.length === 1) {
    roots[0]?.children.push(...lost);
    return roots[0] as Node;
  }
  if (roots.length === 0 && lost.length === 1) return lost[0] as Node;
  return covering("", [...roots, ...lost]);
}

function distinctNodes(spans: readonly Span[]): Node[] {
  const texts = spans.map((span) =>
    JSON.stringify(span, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
  );
  return spans
    .filter((_, index) => texts.indexOf(texts[index] as string) === index)
    .map((span) => ({
      id: span.spanId,
      kind: span.kind,
      owner: span,
      span,
      start: span.startTimeUnixNano,
      end: later(span.startTimeUnixNano, span.endTimeUnixNano),
      children: [],
    }))
    .sort(byStart);
}

function parentAmong(nodes: readonly Node[], node: Node): Node | undefined {
  const caller = longestFirst(nodes, node.id).find(({ kind }) => kind === "CLIENT");
  if (node.kind === "SERVER" && caller !== undefined) return caller;
  const candidates = longestFirst(nodes, node.span?.parentSpanId);
  const client = candidates.find(({ kind }) => kind === "CLIENT");
  const servers = candidates.filter(({ kind }) => kind === "SERVER");
  if (client === undefined || servers.length === 0) return candidates[0];
  return servers.find(({ span }) => span?.serviceName === node.span?.serviceName) ?? client;
}

function longestFirst(nodes: readonly Node[], id: string | undefined): Node[] {
  const found = nodes.filter((node) => node.id === id);
  return found.sort((a, b) => Number(b.end - b.start - (a.end - a.start)));
}

function isFirstOfCycle(
  node: Node,
  nodes: readonly Node[],
  parentOf: ReadonlyMap<Node, Node | undefined>,
): boolean {
  const above = [node];
  for (let up = parentOf.get(node); up !== undefined && !above.includes(up); up = parentOf.get(up))
    above.push(up);
  if (parentOf.get(above.at(-1) as Node) !== node) return false;
  return above.every((each) => nodes.indexOf(each) >= nodes.indexOf(node));
}

function covering(id: string, children: readonly Node[]): Node {
  return {
    id,
    kind: "",
    owner: {},
    span: undefined,
    start: children.map((each) => each.start).reduce(earlier),
    end: children.map((each) => each.end).reduce(later),
    children: [...children],
  };
}

function clip(node: Node): void {
  for (const child of node.children) {
    child.start = earlier(later(child.start, node.start), node.end);
    child.end = earlier(later(child.end, node.start), node.end);
    clip(child);
  }
}

/** The path of `node` over [low, cut], told forwards: what came before the last child, that child, then the node. */
function path(node: Node, low: bigint, cut: bigint): [Node, bigint, bigint][] {
  const last = node.children
    .filter((child) => !(child.kind === "CONSUMER" && node.kind === "PRODUCER"))
    .filter((child) => child.start < cut && child.end > low && child.end <= cut)
    .sort(byEnd)
    .at(-1);
  if (last === undefined) return [[node, low, cut]];
  const rest: Node = { ...node, children: node.children.filter((child) => child !== last) };
  const inside = last.start < last.end ? path(last, last.start, last.end) : [];
  return [...path(rest, low, last.start), ...inside, [node, last.end, cut]];
}

/**
 * The order of spans: start, id, end as sent, parent, kind. It has to tell apart spans that share id and times, since
 * the first of the longest ones with an id takes the children, in whatever order they arrived.
 */
function byStart(a: Node, b: Node): number {
  return (
    Number(a.start - b.start) ||
    a.id.localeCompare(b.id) ||
    Number(sentEnd(a) - sentEnd(b)) ||
    (a.span?.parentSpanId ?? "").localeCompare(b.span?.parentSpanId ?? "") ||
    a.kind.localeCompare(b.kind)
  );
}

/** For children already in {@link byStart} order, which equal ones keep. */
function byEnd(a: Node, b: Node): number {
  return Number(a.end - b.end) || Number(a.start - b.start) || a.id.localeCompare(b.id);
}

function sentEnd(node: Node): bigint {
  return node.span?.endTimeUnixNano ?? node.end;
}

function earlier(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function later(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
