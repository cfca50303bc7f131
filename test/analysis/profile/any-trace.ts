/** Traces in any state for property tests. */

import fc from "fast-check";
import type { Span } from "../../../src/model/span.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";

const anyName = fc.constantFrom("", "get", "put", "größe");

/** Anything at all: repeated ids, cycles, self-parents, orphans, several roots, negative and zero durations. */
const anySpan: fc.Arbitrary<Span> = fc
  .record({
    id: fc.nat(9),
    parent: fc.option(fc.nat(11), { nil: undefined }),
    kind: fc.constantFrom("UNSPECIFIED", "INTERNAL", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"),
    status: fc.constantFrom("UNSET", "OK", "ERROR"),
    service: anyName,
    name: anyName,
    start: fc.nat(12),
    duration: fc.integer({ min: -3, max: 14 }),
  })
  .map(({ id, parent, start, duration, ...rest }) =>
    buildSpan("any", {
      ...rest,
      id: `s${id}`,
      ...(parent === undefined ? {} : { parent: `s${parent}` }),
      at: [start, start + duration],
    }),
  );

/** The spans of one trace, some of them sent twice. */
export const anySpans: fc.Arbitrary<Span[]> = fc
  .tuple(fc.array(anySpan, { minLength: 1, maxLength: 18 }), fc.array(fc.nat(17), { maxLength: 3 }))
  .map(([spans, repeats]) => [...spans, ...repeats.flatMap((at) => spans[at] ?? [])]);

/** The trace of spans that share a trace id. */
export function traceOf(spans: readonly Span[]): { traceId: string; spans: readonly Span[] } {
  return { traceId: spans[0]!.traceId, spans };
}
