/** What the critical path of every trace costs, and adding it to a profile. */

import { criticalPath } from "../../src/analysis/critical-path.ts";
import { CallPathProfile } from "../../src/analysis/profile/call-path-profile.ts";
import { ColumnPath } from "../../src/analysis/profile/column-path.ts";
import { ColumnTree } from "../../src/analysis/profile/column-tree.ts";
import { FrameTable } from "../../src/analysis/profile/frame-table.ts";
import { distinctRows } from "../../src/batch/distinct-rows.ts";
import { traceIdOf } from "../../src/batch/row-ids.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { lazySpan } from "../../src/batch/span-from-row.ts";
import { RowColumns } from "../../src/batch/trace-columns.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Way } from "./measure.ts";

/** Ways as far as to each step; every one does all traces of the payloads. */
export function profileWays(payloads: readonly Uint8Array[]): Way[] {
  const traces = tracesOf(payloads);
  const frames = new FrameTable();
  const columns = new RowColumns(frames);
  const tree = new ColumnTree();
  const path = new ColumnPath();
  const way = (name: string, one: (rows: readonly SpanRow[]) => void): Way => ({
    name,
    run: () => {
      for (const rows of traces) one(rows);
      return undefined;
    },
  });
  return [
    way("columns of a trace", (rows) => columns.of(rows)),
    way("and its critical path", (rows) => {
      tree.build(columns.of(rows), frames);
      path.walk(tree);
    }),
    {
      name: "and that added to a profile",
      run: () => {
        const profile = new CallPathProfile({ frames });
        for (const rows of traces) profile.add(columns.of(rows));
        return undefined;
      },
    },
    way("critical path over spans as objects", (rows) => {
      criticalPath({ traceId: "", spans: rows.map(lazySpan) });
    }),
  ];
}

function tracesOf(payloads: readonly Uint8Array[]): SpanRow[][] {
  const decoder = new OtlpRequestDecoder();
  const traces = new Map<string, SpanRow[]>();
  for (const payload of payloads) {
    const { batch } = decoder.decode(payload);
    for (let row = 0; row < batch.rowCount; row++) {
      const id = traceIdOf({ batch, row });
      const rows = traces.get(id);
      if (rows === undefined) traces.set(id, [{ batch, row }]);
      else rows.push({ batch, row });
    }
  }
  return [...traces.values()].map((rows) => distinctRows(rows));
}
