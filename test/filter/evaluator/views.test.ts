import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distinctRows } from "../../../src/batch/distinct-rows.ts";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import { compilePipeline } from "../../../src/filter/evaluator/pipeline.ts";
import { shownFields } from "../../../src/filter/evaluator/pipeline-fields.ts";
import { rowTraceView } from "../../../src/filter/evaluator/row-trace-view.ts";
import { spanTraceView } from "../../../src/filter/evaluator/span-trace-view.ts";
import type { TraceView } from "../../../src/filter/evaluator/trace-view.ts";
import type { Pipeline } from "../../../src/filter/query-model.ts";
import { INTRINSICS } from "../../../src/filter/query-model.ts";
import { anyPipeline, filterTraces } from "../../helpers/filter-arbitrary.ts";
import { attribute, filter, intrinsic, pipeline, select } from "../../helpers/filter-builder.ts";
import { runOver } from "../../helpers/filter-run.ts";
import { batchOf } from "../../helpers/otlp-fixture.ts";
import { allRows } from "../../helpers/rows.ts";

/** The answer with everything shown, or the words it was refused with. */
function answer(query: Pipeline, view: TraceView): unknown {
  const compiled = compilePipeline(query);
  const show = shownFields(compiled.fields);
  try {
    const match = runOver(compiled, view);
    return match?.spansets.map(({ spans, attributes }) => ({
      attributes: attributes.map(({ value }) => value),
      spans: spans.map((span) => [span, view.spanId(span), show(match.trace, span)]),
      sortKey: match.sortKey,
    }));
  } catch (error) {
    return String(error);
  }
}

const EVERYTHING = pipeline(
  filter(),
  select(
    ...INTRINSICS.map(intrinsic),
    ...(["any", "span", "resource", "event", "link", "instrumentation"] as const).flatMap((scope) =>
      ["a", "b", "c", "service.name"].map((key) => attribute(scope, key)),
    ),
  ),
);

describe("rows and spans of one trace", () => {
  it("give every query the same answer", () => {
    fc.assert(
      fc.property(filterTraces, anyPipeline, (spans, query) => {
        const rows = distinctRows(allRows(batchOf(spans)));
        expect(answer(query, rowTraceView(rows))).toEqual(
          answer(query, spanTraceView(rows.map(spanFromRow))),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("have the same fields, of every scope and every intrinsic", () => {
    fc.assert(
      fc.property(filterTraces, (spans) => {
        const rows = distinctRows(allRows(batchOf(spans)));
        const ofRows = answer(EVERYTHING, rowTraceView(rows));
        expect(ofRows).toEqual(answer(EVERYTHING, spanTraceView(rows.map(spanFromRow))));
        expect(ofRows).toBeDefined();
      }),
    );
  });
});
