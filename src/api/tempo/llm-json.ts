/** A trace for language models: little JSON, spans in their tree, times as milliseconds after the start. */

import type { SpanRow } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import type { PlainJson } from "../../model/attribute-json.ts";
import { plainJsonFromAttributes } from "../../model/attribute-json.ts";
import type { Attributes } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import { isoFromUnixNano } from "../../model/time.ts";
import type { StoredTrace } from "../../query/stored-trace.ts";

/** The earliest spans that are shown: some ten thousand words, more than any model reads with care. */
const MAX_SPANS = 2_000;

/** The document in pieces, to be joined; docs/tempo.md says its form. */
export function* llmChunks(trace: StoredTrace | undefined, cut: string | undefined): Generator<string, void> {
  if (trace === undefined) {
    yield JSON.stringify({ spans: [] });
    return;
  }
  const { summary, rows } = trace;
  const resources = new Map<string, number>();
  const resourceList: { service: string; attributes: Attributes }[] = [];
  const spans = rows.slice(0, MAX_SPANS).map((row: SpanRow) => spanFromRow(row));
  const resourceOf = (serviceName: string, { attributes }: Resource): number => {
    const { "service.name": _, ...others } = attributes;
    const key = JSON.stringify([serviceName, plainJsonFromAttributes(others)]);
    const known = resources.get(key);
    if (known !== undefined) return known;
    resources.set(key, resourceList.length);
    return resourceList.push({ service: serviceName, attributes: others }) - 1;
  };
  const numbers = spans.map(({ serviceName, resource }) => resourceOf(serviceName, resource));
  const head = {
    traceId: summary.traceId,
    startTime: isoFromUnixNano(summary.startTimeUnixNano),
    durationMs: millis(summary.endTimeUnixNano - summary.startTimeUnixNano),
    spanCount: summary.spanCount,
    errorCount: summary.errorCount,
    services: summary.services.map(({ name, spanCount, errorCount }) => ({
      name,
      spanCount,
      ...unlessZero("errorCount", errorCount),
    })),
    resources: resourceList.map(({ service, attributes }) => ({ service, ...attributesJson(attributes) })),
    ...unlessZero("spansLeftOut", rows.length - spans.length),
    ...(cut === undefined ? {} : { note: cut }),
  };
  yield `${JSON.stringify(head).slice(0, -1)},"spans":[`;
  yield* treeChunks(spans, (span, at) =>
    JSON.stringify(spanJson(span, numbers[at] as number, summary.startTimeUnixNano)),
  );
  yield "]}";
}

/** Without recursion: a trace may be a chain of thousands. */
function* treeChunks(
  spans: readonly Span[],
  textOf: (span: Span, at: number) => string,
): Generator<string, void> {
  const { tops, children } = familyOf(spans);
  const written = new Set<number>();
  // What is in a circle has no top: its earliest span is one then.
  const all = [...tops, ...spans.keys()];
  let separator = "";
  for (const top of all) {
    if (written.has(top)) continue;
    yield separator;
    yield* branchChunks(top);
    separator = ",";
  }

  function* branchChunks(top: number): Generator<string, void> {
    const open = [{ rest: childrenOf(top), isFirst: true }];
    yield `${textOf(spans[top] as Span, top).slice(0, -1)}`;
    for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
      const next = level.rest.shift();
      if (next === undefined) {
        yield level.isFirst ? "}" : "]}";
        open.pop();
        continue;
      }
      if (written.has(next)) continue;
      const text = textOf(spans[next] as Span, next).slice(0, -1);
      yield level.isFirst ? `,"children":[${text}` : `,${text}`;
      level.isFirst = false;
      open.push({ rest: childrenOf(next), isFirst: true });
    }
  }

  function childrenOf(at: number): number[] {
    written.add(at);
    return [...(children.get(at) ?? [])];
  }
}

function familyOf(spans: readonly Span[]): {
  readonly tops: readonly number[];
  readonly children: ReadonlyMap<number, readonly number[]>;
} {
  const byId = new Map(spans.map((span, at) => [span.spanId, at]));
  const tops: number[] = [];
  const children = new Map<number, number[]>();
  for (const [at, { parentSpanId }] of spans.entries()) {
    const parent = parentSpanId === undefined ? undefined : byId.get(parentSpanId);
    if (parent === undefined) tops.push(at);
    else if (children.has(parent)) children.get(parent)?.push(at);
    else children.set(parent, [at]);
  }
  return { tops, children };
}

function spanJson(span: Span, resource: number, traceStart: bigint): object {
  return {
    id: span.spanId,
    service: span.serviceName,
    name: span.name,
    ...(span.kind === "INTERNAL" || span.kind === "UNSPECIFIED" ? {} : { kind: span.kind.toLowerCase() }),
    startMs: millis(span.startTimeUnixNano - traceStart),
    durationMs: millis(span.endTimeUnixNano - span.startTimeUnixNano),
    ...(span.status === "ERROR" ? { error: span.statusMessage || true } : {}),
    resource,
    ...attributesJson(span.attributes),
    ...some(
      "events",
      span.events.map(({ name, timeUnixNano, attributes }) => ({
        name,
        atMs: millis(timeUnixNano - traceStart),
        ...attributesJson(attributes),
      })),
    ),
    ...some(
      "links",
      span.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    ),
  };
}

function attributesJson(attributes: Attributes): { readonly attributes?: PlainJson } {
  return Object.keys(attributes).length === 0 ? {} : { attributes: plainJsonFromAttributes(attributes) };
}

function some(key: string, items: readonly object[]): object {
  return items.length === 0 ? {} : { [key]: items };
}

function unlessZero(key: string, value: number): object {
  return value === 0 ? {} : { [key]: value };
}

/** With the microseconds, and nothing finer. */
function millis(nanos: bigint): number {
  return Number(nanos / 1_000n) / 1_000;
}
