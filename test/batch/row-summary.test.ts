import fc from "fast-check";
import { expect, it } from "vitest";
import { traceSummary } from "../../src/analysis/trace-summary.ts";
import { atOnce } from "../../src/base/time-slice.ts";
import { distinctRows } from "../../src/batch/distinct-rows.ts";
import { rowSummary } from "../../src/batch/row-summary.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { batchOf, withTimes } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const anyTime = fc.constantFrom(0n, 1n, 5n, 1_700_000_000_000_000_001n, 2n ** 64n - 1n);
const anySpan = fc
  .record({
    id: fc.constantFrom("a", "b", "c", "d", "e"),
    parent: fc.constantFrom(undefined, "a", "gone"),
    service: fc.constantFrom("one", "two"),
    name: fc.constantFrom("x", "y"),
    status: fc.constantFrom("UNSET" as const, "OK" as const, "ERROR" as const),
    start: anyTime,
    end: anyTime,
  })
  .map(({ parent, start, end, ...sketch }) => {
    const link = parent === undefined ? {} : { parent };
    return withTimes(buildSpan("t", { ...sketch, ...link, at: [0, 0] }), start, end);
  });

it("a summary from columns is the summary of the spans", async () => {
  await fc.assert(
    fc.property(fc.array(anySpan, { minLength: 1, maxLength: 8 }), (spans) => {
      const batch = batchOf(spans);
      const rows = distinctRows(spans.map((_, row) => ({ batch, row })));
      expect(atOnce(rowSummary(rows))).toEqual(traceSummary(rows.map(spanFromRow)));
    }),
  );
});

it("a summary of no rows is refused", () => {
  expect(() => atOnce(rowSummary([]))).toThrow(RangeError);
});
