import fc from "fast-check";
import { expect, test } from "vitest";
import { dependencyLinks } from "../../../src/analysis/dependency-links.ts";
import type { Span } from "../../../src/model/span.ts";
import { LinkMemo } from "../../../src/store/lake/link-memo.ts";
import { LinkShapes } from "../../../src/store/lake/link-shapes.ts";
import { readRowAttributes } from "../../../src/store/lake/row-attributes.ts";
import { sealRowsOf } from "../../../src/store/lake/seal-rows.ts";
import { groupByTrace } from "../../../src/store/lake/trace-groups.ts";
import { batchOf } from "../../helpers/otlp-fixture.ts";
import { traceArbitrary } from "../../helpers/span-arbitrary.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";

/** Links of each trace of a seal, by trace id. */
function linksOfSeal(spans: readonly Span[], shapes: LinkShapes): Map<string, unknown> {
  const rows = sealRowsOf(batchOf(spans));
  const { traceCount, starts, order } = groupByTrace(rows);
  const memo = new LinkMemo(rows, readRowAttributes(rows), shapes);
  const links = new Map<string, unknown>();
  for (let group = 0; group < traceCount; group++) {
    const trace = order.subarray(starts[group], starts[group + 1]);
    const at = (trace[0] as number) * 16;
    links.set(Buffer.from(rows.traceIds.subarray(at, at + 16)).toString("hex"), memo.linksOf(trace));
  }
  return links;
}

/** Traces of one form: what tells them apart are the services and what they ask. */
const callArbitrary = fc.record({
  from: fc.constantFrom("shop", "cart", "pay"),
  to: fc.constantFrom("shop", "cart", "pay"),
  database: fc.constantFrom("redis", "mysql", "postgresql"),
});

function callSpans(
  traceId: string,
  { from, to, database }: Record<"from" | "to" | "database", string>,
): Span[] {
  return [
    buildSpan(traceId, { id: "a", service: from, kind: "CLIENT", at: [0, 9] }),
    buildSpan(traceId, { id: "b", parent: "a", service: to, kind: "SERVER", at: [1, 8] }),
    buildSpan(traceId, {
      id: "c",
      parent: "b",
      service: to,
      kind: "CLIENT",
      at: [2, 5],
      attributes: { "db.system": database },
    }),
  ];
}

test("seals that share what they worked out give each trace the links it has by itself", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(callArbitrary, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
      fc.uniqueArray(traceArbitrary(5), { minLength: 1, maxLength: 3, selector: ([span]) => span?.traceId }),
      (seals, others) => {
        const shapes = new LinkShapes();
        for (const calls of seals) {
          const traces = [...calls.map((call, at) => callSpans(`call ${at}`, call)), ...others];
          const links = linksOfSeal(traces.flat(), shapes);
          for (const spans of traces)
            expect(links.get((spans[0] as Span).traceId)).toEqual(dependencyLinks(spans));
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("a shape that an earlier seal had is not worked out again, though its numbers there were others", () => {
  const trace = (traceId: string): Span[] => [
    buildSpan(traceId, { id: "a", service: "shop", kind: "SERVER", at: [0, 9] }),
    buildSpan(traceId, {
      id: "b",
      parent: "a",
      service: "shop",
      kind: "CLIENT",
      at: [1, 5],
      attributes: { "db.system": "redis" },
    }),
  ];
  const other = buildSpan("first", {
    id: "x",
    service: "other",
    kind: "CLIENT",
    at: [0, 1],
    attributes: { "db.system": "mysql" },
  });
  const shapes = new LinkShapes();
  const [first] = linksOfSeal(trace("t1"), shapes).values();
  const second = linksOfSeal([other, ...trace("t2")], shapes);
  expect([...second.values()].some((links) => links === first)).toBe(true);
});
