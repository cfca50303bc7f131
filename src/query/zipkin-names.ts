/** Which names occur, as Zipkin lists them: in lower case, sorted, each once. */

import { compareValues } from "../base/compare.ts";
import { TimeSlice } from "../base/time-slice.ts";
import type { SpanCondition, SpanLeaf } from "../filter/conditions/condition.ts";
import { allOf, anyOf, someSpan } from "../filter/conditions/condition.ts";
import type { AttributeKey, TraceView } from "../filter/evaluator/trace-view.ts";
import { attributeKey } from "../filter/evaluator/trace-view.ts";
import type { AttributeField } from "../filter/query-model.ts";
import type { Attributes, AttributeValue } from "../model/attribute-value.ts";
import type { Span } from "../model/span.ts";
import { SPAN_KIND_BY_NUMBER } from "../model/span-kind.ts";
import { MAX_ATTRIBUTES_LISTED, MAX_SPANS_LOOKED_AT } from "./attribute-questions.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";

/** Traces read in one go at first. */
const TRACES_EXPECTED = 200;

/** Names of a service's remote sides are read off its spans. */
export interface ZipkinRemotesRequest {
  /** Lower case. */
  readonly serviceName: string;
  /** Span attributes that a name is read from. */
  readonly remoteKeys: readonly string[];
  /** The name of the other side, undefined when the span tells none. */
  remoteNameOf(span: Pick<Span, "kind" | "attributes">): string | undefined;
}

/** Names of services. */
export async function zipkinServices({ catalogue }: QueryContext): Promise<readonly string[]> {
  return folded(await catalogue.services());
}

/** Names of the spans of a service; none for one that is not known. */
export async function zipkinSpanNames(
  { catalogue }: QueryContext,
  serviceName: string,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const service of await spelled({ catalogue }, serviceName)) {
    for (const { name } of await catalogue.operations(service)) names.push(name);
  }
  return folded(names);
}

/**
 * Names of the other sides of a service's spans, whatever protocol they came by: of the newest traces that have such a
 * span, up to {@link MAX_SPANS_LOOKED_AT} spans of them.
 */
export async function zipkinRemotes(
  { catalogue, reader }: QueryContext,
  { serviceName, remoteKeys, remoteNameOf }: ZipkinRemotesRequest,
  { signal, held }: RunningQuery,
): Promise<readonly string[]> {
  const services = new Set(await spelled({ catalogue }, serviceName));
  if (services.size === 0) return [];
  const keys = remoteKeys.map(attributeKey);
  const names = new Set<string>();
  const slice = new TimeSlice(signal);
  let spans = 0;
  const scan = reader.scanViews(services.size === 1 ? { serviceName: [...services][0] as string } : {}, {
    where: someSpan(allOf(anyLeaf(services, "service"), anyExists(remoteKeys))),
    needs: { fields: remoteKeys.map(fieldOf), facts: new Set() },
    limit: Number.MAX_SAFE_INTEGER,
    expected: TRACES_EXPECTED,
    signal,
    held,
  });
  for await (const { view } of scan) {
    for (let span = 0; span < view.spanCount; span++) {
      if (!services.has(view.serviceName(span))) continue;
      const name = remoteNameOf(remoteFactsAt(view, span, keys));
      if (name !== undefined) names.add(name);
    }
    spans += view.spanCount;
    if (spans >= MAX_SPANS_LOOKED_AT) break;
    if (slice.isOver(view.spanCount)) await slice.rest();
  }
  return folded(names);
}

/** Values of a tag, as far as the catalogue of attributes lists them. */
export async function zipkinTagValues(
  { catalogue }: QueryContext,
  key: string,
  { signal }: RunningQuery,
): Promise<readonly string[]> {
  const request = { level: "any", key, limit: MAX_ATTRIBUTES_LISTED, signal } as const;
  const { values } = await catalogue.attributeValues(request);
  return sorted(values.map(({ text }) => text));
}

async function spelled(
  { catalogue }: Pick<QueryContext, "catalogue">,
  serviceName: string,
): Promise<readonly string[]> {
  return (await catalogue.services()).filter((name) => name.toLowerCase() === serviceName);
}

function anyLeaf(names: Iterable<string>, node: "service"): SpanCondition {
  return anyOf(...Array.from(names, (equals): SpanLeaf => ({ node, equals })));
}

function anyExists(keys: readonly string[]): SpanCondition {
  return anyOf(...keys.map((key): SpanLeaf => ({ node: "attributeExists", scope: "span", key })));
}

function fieldOf(key: string): AttributeField {
  return { node: "attribute", scope: "span", key, start: 0, end: 0 };
}

function remoteFactsAt(
  view: TraceView,
  span: number,
  keys: readonly AttributeKey[],
): Pick<Span, "kind" | "attributes"> {
  const attributes: Record<string, AttributeValue> = {};
  for (const key of keys) {
    const value = view.spanAttribute(span, key);
    if (value !== undefined) attributes[key.text] = value;
  }
  return {
    kind: SPAN_KIND_BY_NUMBER[view.kind(span)] ?? "UNSPECIFIED",
    attributes: attributes satisfies Attributes,
  };
}

function folded(names: Iterable<string>): readonly string[] {
  const all = Array.from(names, (name) => name.toLowerCase());
  return sorted(all.filter((name) => name !== ""));
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort(compareValues);
}
