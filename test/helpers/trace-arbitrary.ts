/** Arbitrary small traces for property tests. */

import fc from "fast-check";
import type { Span } from "../../src/model/span.ts";
import type { Trace } from "../../src/model/trace.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { buildSpan } from "./trace-builder.ts";

/** A span by numbers: id and parent below 16 (15 is never a span: missing), times in whole milliseconds. */
export interface SpanDraft {
  readonly id: number;
  readonly parent: number | undefined;
  readonly kind: Span["kind"];
  readonly start: number;
  readonly duration: number;
  /** 0 to 2: its service, its host and its name follow from it. */
  readonly place: number;
}

const anyKind = fc.constantFrom<Span["kind"]>("INTERNAL", "CLIENT", "SERVER", "PRODUCER", "CONSUMER");

/** Anything at all: repeated ids, cycles, self-parents, orphans, several roots, negative and zero durations. */
export const anyDrafts: fc.Arbitrary<SpanDraft[]> = fc.array(
  fc.record({
    id: fc.nat(14),
    parent: fc.option(fc.nat(15), { nil: undefined }),
    kind: anyKind,
    start: fc.nat(20),
    duration: fc.integer({ min: -3, max: 20 }),
    place: fc.nat(2),
  }),
  { minLength: 1, maxLength: 14 },
);

/** One root with a well-formed tree below it; children may still leave their parents and overlap. */
export const treeDrafts: fc.Arbitrary<SpanDraft[]> = fc
  .array(
    fc.record({ up: fc.nat(13), kind: anyKind, start: fc.nat(30), duration: fc.nat(20), place: fc.nat(2) }),
    { maxLength: 13 },
  )
  .map((rest) => [
    { id: 0, parent: undefined, kind: "SERVER", start: 0, duration: 30, place: 0 } as const,
    ...rest.map(({ up, ...each }, index) => ({ ...each, id: index + 1, parent: up % (index + 1) })),
  ]);

/** Either of the two. */
export const anyTraceDrafts: fc.Arbitrary<SpanDraft[]> = fc.oneof(anyDrafts, treeDrafts);

/** Span id of a draft. */
export function draftSpanId(id: number): string {
  return (id + 1).toString(16).padStart(16, "0");
}

/** The span of a draft; service and name are `service-N` and `op-N`, the host is `host-N`. */
export function spanFromDraft(draft: SpanDraft): Span {
  const span = buildSpan("any", {
    id: "x",
    kind: draft.kind,
    service: `service-${draft.place}`,
    name: `op-${draft.place}`,
    resourceAttributes: { "host.name": `host-${draft.place}` },
    at: [draft.start, draft.start + draft.duration],
  });
  const parentSpanId = draft.parent === undefined ? undefined : draftSpanId(draft.parent);
  return { ...span, spanId: draftSpanId(draft.id), parentSpanId };
}

/** The trace of some drafts. */
export function traceFromDrafts(drafts: readonly SpanDraft[]): Trace {
  return traceFromSpans(drafts.map(spanFromDraft));
}

/** The same spans in an order that `keys` says. */
export function shuffled<T>(items: readonly T[], keys: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, key: keys.next().value as number }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item);
}
