/** From the rows of a seal to the tables of a segment: spans by trace, one summary and the links of each trace. */

import type { DuckDBConnection } from "@duckdb/node-api";
import type { AttributeColumn } from "./attribute-columns.ts";
import { AttributeColumns } from "./attribute-columns.ts";
import type { AttributeFilter } from "./attribute-filter.ts";
import { ColumnAppender } from "./column-appender.ts";
import { CHUNK_ROWS } from "./column-cells.ts";
import type { LinkShapes } from "./link-shapes.ts";
import { attributeFilterOf, fillListedAttributes } from "./listed-attributes.ts";
import { otherAttributeKeys } from "./other-attribute-keys.ts";
import { ResourceTable } from "./resource-table.ts";
import type { RowAttributes } from "./row-attributes.ts";
import { readRowAttributes } from "./row-attributes.ts";
import type { SealRows } from "./seal-rows.ts";
import { sealedSummary } from "./sealed-attributes.ts";
import { ATTRIBUTES_TABLE, RESOURCES_TABLE, SCOPES_TABLE, spansTable } from "./segment-format.ts";
import { SpanFill } from "./span-fill.ts";
import type { TraceGroups } from "./trace-groups.ts";
import { groupByTrace } from "./trace-groups.ts";
import type { TraceSummaries } from "./trace-summaries.ts";
import { fillTraceTables, summariseTraces } from "./trace-summaries.ts";

/** The traces of a segment. */
export interface SegmentTraces {
  readonly traceCount: number;
  /** 16 bytes a trace, ascending. */
  readonly traceIds: Uint8Array;
  /** Start of each trace, in the order of the ids. */
  readonly traceStarts: BigUint64Array;
}

/** What was put into the tables. */
export interface SegmentContent extends SegmentTraces {
  readonly spanCount: number;
  /** Columns of `spans`, in order. */
  readonly spanColumns: readonly string[];
  readonly attributeColumns: readonly AttributeColumn[];
  readonly otherAttributeKeys: readonly string[] | undefined;
  readonly attributeFilter: AttributeFilter;
  /** The bytes of `attribute-summary.bin`. */
  readonly attributeSummary: Uint8Array;
}

/** Creates and fills the tables of a segment in the database of `connection`. */
export async function fillSegmentTables(
  connection: DuckDBConnection,
  rows: SealRows,
  { namedKeys, shapes }: { readonly namedKeys: readonly string[]; readonly shapes: LinkShapes },
): Promise<SegmentContent> {
  const groups = groupByTrace(rows);
  const attributes = readRowAttributes(rows);
  const columns = new AttributeColumns(attributes, { rowCount: groups.order.length, namedKeys });
  const summaries = summariseTraces(rows, groups, attributes, shapes);
  const { spanColumns, origins } = await fillSpans(connection, {
    rows,
    groups,
    attributes,
    columns,
    summaries,
  });
  await fillTraceTables(connection, rows, groups, summaries);
  const listed = await ColumnAppender.create(connection, ATTRIBUTES_TABLE);
  fillListedAttributes(listed, groups, { attributes, columns, traceRows: summaries.traceRows });
  return {
    spanCount: groups.order.length,
    traceCount: groups.traceCount,
    traceIds: groups.traceIds,
    traceStarts: new BigUint64Array(summaries.startWords.buffer),
    spanColumns,
    attributeColumns: columns.chosen,
    otherAttributeKeys: otherAttributeKeys(attributes.pairs),
    attributeFilter: attributeFilterOf(attributes, columns, origins.attributeTexts()),
    attributeSummary: sealedSummary({ rows, order: groups.order, attributes, columns, origins }),
  };
}

interface SpanSources {
  readonly rows: SealRows;
  readonly groups: TraceGroups;
  readonly attributes: RowAttributes;
  readonly columns: AttributeColumns;
  readonly summaries: TraceSummaries;
}

interface FilledSpans {
  readonly spanColumns: readonly string[];
  readonly origins: ResourceTable;
}

async function fillSpans(connection: DuckDBConnection, sources: SpanSources): Promise<FilledSpans> {
  const { rows, groups, attributes, columns, summaries } = sources;
  const table = spansTable(rows.names, rows.services, columns.specs);
  const spans = await ColumnAppender.create(connection, table);
  const origins = new ResourceTable(
    await ColumnAppender.create(connection, RESOURCES_TABLE),
    await ColumnAppender.create(connection, SCOPES_TABLE),
  );
  const fill = new SpanFill(rows, spans, { origins, attributes, columns });
  const traceRows = traceRowsOfSpans(groups, summaries.traceRows);
  const { order } = groups;
  for (let start = 0; start < order.length; start += CHUNK_ROWS) {
    const end = Math.min(start + CHUNK_ROWS, order.length);
    fill.chunk(order.subarray(start, end), traceRows.subarray(start, end));
  }
  spans.close();
  origins.close();
  return { spanColumns: table.columns.map(({ name }) => name), origins };
}

/** The number of each span's trace in `traces.parquet`, in the order of the spans. */
function traceRowsOfSpans({ starts, traceCount, order }: TraceGroups, traceRows: Uint32Array): Uint32Array {
  const ofSpans = new Uint32Array(order.length);
  for (let group = 0; group < traceCount; group++) {
    ofSpans.fill(traceRows[group]!, starts[group]!, starts[group + 1]!);
  }
  return ofSpans;
}
