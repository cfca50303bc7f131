/** Names, columns and version of the segment format; `docs/segments.md` says the same for people and other tools. */

/** Version this code writes, and the newest it reads. */
export const SEGMENT_FORMAT_VERSION = 1;

/** File names inside a segment folder. */
export const SegmentFile: {
  readonly SPANS: "spans.parquet";
  readonly TRACES: "traces.parquet";
  readonly RESOURCES: "resources.parquet";
  readonly SCOPES: "scopes.parquet";
  readonly LINKS: "links.parquet";
  readonly OPERATIONS: "operations.json";
  readonly TRACE_FILTER: "trace-filter.bin";
  readonly SPLITS: "splits.bin";
  readonly META: "meta.json";
} = Object.freeze({
  SPANS: "spans.parquet",
  TRACES: "traces.parquet",
  RESOURCES: "resources.parquet",
  SCOPES: "scopes.parquet",
  LINKS: "links.parquet",
  OPERATIONS: "operations.json",
  TRACE_FILTER: "trace-filter.bin",
  SPLITS: "splits.bin",
  META: "meta.json",
});

/** How a column travels from typed arrays into DuckDB. */
export type ColumnType = "bytes" | "text" | "u64" | "u32" | "u8";

/** A column of one of the tables a segment is written from. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

/** One Parquet file: the in-memory table it is written from and the statement's select list and order. */
export interface TableSpec {
  readonly table: string;
  readonly file: string;
  readonly columns: readonly ColumnSpec[];
  /** Select list and ORDER BY over `table`; constant text. */
  readonly select: string;
  /** Rows of a Parquet row group: the unit that a lookup by trace id reads. */
  readonly rowGroupRows: number;
}

/** Measured on 217,000 varied spans: half the cost of a lookup at 40,960 rows, for 2 % more bytes. */
const LOOKUP_ROW_GROUP_ROWS = 16_384;
const SMALL_ROW_GROUP_ROWS = 122_880;

/** Spans in trace id, start, span id order. */
export const SPANS_TABLE: TableSpec = Object.freeze({
  table: "spans",
  file: SegmentFile.SPANS,
  columns: [
    { name: "trace_id", type: "bytes" },
    { name: "span_id", type: "u64" },
    { name: "parent", type: "u64" },
    { name: "start_time_unix_nano", type: "u64" },
    { name: "end_time", type: "u64" },
    { name: "kind", type: "u8" },
    { name: "status_code", type: "u8" },
    { name: "name", type: "text" },
    { name: "service_name", type: "text" },
    { name: "resource_id", type: "u32" },
    { name: "scope_id", type: "u32" },
    { name: "rest", type: "bytes" },
  ] as const,
  select: `trace_id, span_id, nullif(parent, 0) AS parent_span_id, start_time_unix_nano,
    CASE WHEN end_time >= start_time_unix_nano THEN end_time - start_time_unix_nano ELSE 0 END::UBIGINT
      AS duration_nanos,
    CASE WHEN end_time >= start_time_unix_nano THEN NULL ELSE end_time END::UBIGINT AS end_time_unix_nano,
    kind, status_code, name, service_name, resource_id, scope_id, rest FROM spans`,
  rowGroupRows: LOOKUP_ROW_GROUP_ROWS,
});

/** One row a trace, newest first: lists read only this file. */
export const TRACES_TABLE: TableSpec = Object.freeze({
  table: "traces",
  file: SegmentFile.TRACES,
  columns: [
    { name: "trace_id", type: "bytes" },
    { name: "start_time_unix_nano", type: "u64" },
    { name: "end_time_unix_nano", type: "u64" },
    { name: "duration_nanos", type: "u64" },
    { name: "span_count", type: "u32" },
    { name: "error_count", type: "u32" },
    { name: "root_service_name", type: "text" },
    { name: "root_operation_name", type: "text" },
    { name: "services", type: "text" },
  ] as const,
  select: "* FROM traces ORDER BY start_time_unix_nano DESC, trace_id DESC",
  rowGroupRows: LOOKUP_ROW_GROUP_ROWS,
});

/** Distinct resources with the bytes they came in. */
export const RESOURCES_TABLE: TableSpec = Object.freeze({
  table: "resources",
  file: SegmentFile.RESOURCES,
  columns: [
    { name: "resource_id", type: "u32" },
    { name: "service_name", type: "text" },
    { name: "schema_url", type: "text" },
    { name: "attributes", type: "text" },
    { name: "resource", type: "bytes" },
  ] as const,
  select: "* FROM resources",
  rowGroupRows: SMALL_ROW_GROUP_ROWS,
});

/** Distinct scopes with the bytes they came in. */
export const SCOPES_TABLE: TableSpec = Object.freeze({
  table: "scopes",
  file: SegmentFile.SCOPES,
  columns: [
    { name: "scope_id", type: "u32" },
    { name: "name", type: "text" },
    { name: "version", type: "text" },
    { name: "schema_url", type: "text" },
    { name: "scope", type: "bytes" },
  ] as const,
  select: "* FROM scopes",
  rowGroupRows: SMALL_ROW_GROUP_ROWS,
});

/** Dependency links trace by trace, so that sums over any time range are one grouping. */
export const LINKS_TABLE: TableSpec = Object.freeze({
  table: "links",
  file: SegmentFile.LINKS,
  columns: [
    { name: "trace_id", type: "bytes" },
    { name: "trace_start_time_unix_nano", type: "u64" },
    { name: "from_service", type: "text" },
    { name: "to_service", type: "text" },
    { name: "type", type: "text" },
    { name: "call_count", type: "u32" },
    { name: "error_count", type: "u32" },
  ] as const,
  select: "* FROM links",
  rowGroupRows: SMALL_ROW_GROUP_ROWS,
});

/** Every Parquet file of a segment. */
export const SEGMENT_TABLES: readonly TableSpec[] = Object.freeze([
  SPANS_TABLE,
  TRACES_TABLE,
  RESOURCES_TABLE,
  SCOPES_TABLE,
  LINKS_TABLE,
]);

/** Folder name of a segment: the log positions it covers, zero-padded so that names sort as positions do. */
export function segmentName(firstPosition: number, lastPosition: number): string {
  return `${String(firstPosition).padStart(16, "0")}-${String(lastPosition).padStart(16, "0")}`;
}
