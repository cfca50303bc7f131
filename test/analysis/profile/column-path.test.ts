import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { criticalPath } from "../../../src/analysis/critical-path.ts";
import { FrameTable } from "../../../src/analysis/profile/frame-table.ts";
import { atOnce } from "../../../src/base/time-slice.ts";
import { distinctRows } from "../../../src/batch/distinct-rows.ts";
import { lazySpan } from "../../../src/batch/span-from-row.ts";
import { spanTable } from "../../../src/batch/span-table.ts";
import { columnsOfTable, RowColumns } from "../../../src/batch/trace-columns.ts";
import { batchOf, withTimes } from "../../helpers/otlp-fixture.ts";
import { allRows } from "../../helpers/rows.ts";
import { BUILDER_START_UNIX_NANO, buildSpan, buildTrace } from "../../helpers/trace-builder.ts";
import { anySpans, traceOf } from "./any-trace.ts";
import { columnCriticalPath, pathOfColumns } from "./column-critical-path.ts";

const anyOverlap = fc.constantFrom(0, 20_000, 5_000_000);
const RUNS = { numRuns: 3_000 };

describe("the critical path over columns", () => {
  it("is that over spans, segment by segment with classes, whatever the spans and their order", () => {
    fc.assert(
      fc.property(anySpans, anyOverlap, (spans, maxOverlapNanos) => {
        const { byOperation: _theirs, ...expected } = criticalPath(traceOf(spans), { maxOverlapNanos });
        const { byOperation: _ours, ...path } = columnCriticalPath(traceOf(spans), { maxOverlapNanos });
        expect(path).toEqual(expected);
      }),
      RUNS,
    );
  });

  it("is the same for rows of requests and for tables of rows", () => {
    const frames = new FrameTable();
    const rowColumns = new RowColumns(frames);
    fc.assert(
      fc.property(fc.array(anySpans, { minLength: 1, maxLength: 3 }), (requests) => {
        const rows = distinctRows(requests.flatMap((spans) => allRows(batchOf(spans))));
        const spans = rows.map(lazySpan);
        const told = ({ segments }: Pick<ReturnType<typeof criticalPath>, "segments">) =>
          segments.map(({ span, ...rest }) => ({ ...rest, spanId: span?.spanId, name: span?.name }));
        const expected = told(criticalPath(traceOf(spans)));
        expect(told(pathOfColumns(rowColumns.of(rows), frames, spans))).toEqual(expected);
        const table = atOnce(spanTable(rows, { withLinkBodies: false }));
        expect(told(pathOfColumns(columnsOfTable(table, frames), frames, spans))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("is that over spans for times beyond what a float64 counts exactly", () => {
    const far = withTimes(buildSpan("far", { id: "root", at: [0, 1] }), 5n, BUILDER_START_UNIX_NANO);
    const child = withTimes(
      buildSpan("far", { id: "child", parent: "root", at: [0, 1] }),
      1_234_567_890_123_456_789n,
      1_300_000_000_000_000_001n,
    );
    const { byOperation: _theirs, ...expected } = criticalPath(traceOf([far, child]));
    const { byOperation: _ours, ...path } = columnCriticalPath(traceOf([far, child]));
    expect(path).toEqual(expected);
  });

  it("refuses a trace without a span", () => {
    expect(() => columnCriticalPath({ traceId: "", spans: [] })).toThrow(RangeError);
  });

  it("passes through a chain 100,000 deep, each with its exclusive time", () => {
    const spans = Array.from({ length: 100_000 }, (_, at) =>
      buildSpan("chain", {
        id: `s${at}`,
        ...(at === 0 ? {} : { parent: `s${at - 1}` }),
        at: [at / 1e3, 300 - at / 1e3],
      }),
    );
    const { segments } = columnCriticalPath(traceOf(spans));
    expect(segments).toHaveLength(199_999);
    expect(segments[99_999]).toMatchObject({ span: spans[99_999], durationNanos: 100_002_000n });
  });

  it("sorts many siblings that end in any order", () => {
    const children = Array.from({ length: 500 }, (_, at) => {
      const start = (at * 7_919) % 500;
      return { id: `c${at}`, parent: "root", at: [start, start + 1] as const };
    });
    const trace = buildTrace("wide", { id: "root", at: [0, 500] }, ...children);
    expect(columnCriticalPath(trace).segments.map(({ span }) => span?.name)).toEqual(
      [...children].sort((left, right) => left.at[0] - right.at[0]).map(({ id }) => id),
    );
  });
});
