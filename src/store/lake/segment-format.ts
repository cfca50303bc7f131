/** Names, columns and version of the segment format; `docs/segments.md` says the same for people and other tools. */

import type { DependencyType } from "../../analysis/dependency-link.ts";

/** Version this code writes, and the newest it reads. */
export const SEGMENT_FORMAT_VERSION = 2;

/** File names inside a segment folder. */
export const SegmentFile: {
  readonly SPANS: "spans.parquet";
  readonly TRACES: "traces.parquet";
  readonly RESOURCES: "resources.parquet";
  readonly SCOPES: "scopes.parquet";
  readonly LINKS: "links.parquet";
  readonly ATTRIBUTES: "attributes.parquet";
  readonly OPERATIONS: "operations.json";
  readonly TRACE_FILTER: "trace-filter.bin";
  readonly ATTRIBUTE_FILTER: "attribute-filter.bin";
  readonly ATTRIBUTE_SUMMARY: "attribute-summary.bin";
  readonly SPLITS: "splits.bin";
  readonly META: "meta.json";
} = Object.freeze({
  SPANS: "spans.parquet",
  TRACES: "traces.parquet",
  RESOURCES: "resources.parquet",
  SCOPES: "scopes.parquet",
  LINKS: "links.parquet",
  ATTRIBUTES: "attributes.parquet",
  OPERATIONS: "operations.json",
  TRACE_FILTER: "trace-filter.bin",
  ATTRIBUTE_FILTER: "attribute-filter.bin",
  ATTRIBUTE_SUMMARY: "attribute-summary.bin",
  SPLITS: "splits.bin",
  META: "meta.json",
});

/** How a column travels from typed arrays into DuckDB. */
export type ColumnType = "bytes" | "text" | "u64" | "i64" | "f64" | "u32" | "u8" | "bool" | "enum";

/** A column of one of the tables a segment is written from. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  /** False unless said: every cell is set. */
  readonly isNullable?: boolean;
  /** Of an `enum`, all its texts. */
  readonly members?: readonly string[];
}

/** An in-memory table that a Parquet file is written from. */
export interface TableSpec {
  readonly table: string;
  readonly columns: readonly ColumnSpec[];
}

/** How a Parquet file is written. */
export interface FileTable {
  readonly table: string;
  readonly file: string;
  /** ORDER BY of the file; without one rows stay in the order they were appended. */
  readonly orderBy?: string;
  /** Rows of a Parquet row group: the unit that a lookup by trace id reads. */
  readonly rowGroupRows: number;
}

/** Measured on 217,000 varied spans: half the cost of a lookup at 40,960 rows, for 2 % more bytes. */
export const LOOKUP_ROW_GROUP_ROWS = 16_384;
const SMALL_ROW_GROUP_ROWS = 122_880;

/** Name of the column for an attribute key. */
export function attributeColumnName(key: string): string {
  return `attr.${key}`;
}

/** Name of the column that has the types of the values of an attribute key. */
export function attributeTypeColumnName(key: string): string {
  return `attr_type.${key}`;
}

/** Texts up to which a column is written as an enum, which costs DuckDB less than texts do. */
const MAX_ENUM_MEMBERS = 4_096;

/** A text column whose cells are codes when the texts are few enough; `texts` are distinct. */
export function codedText(name: string, texts: readonly string[]): ColumnSpec {
  // DuckDB takes the members of an enum as C strings, and no enum without members.
  const isCoded =
    texts.length > 0 && texts.length <= MAX_ENUM_MEMBERS && !texts.some((text) => text.includes("\0"));
  return isCoded ? { name, type: "enum", members: texts } : { name, type: "text" };
}

/** Spans in trace id, start, span id order; `names` and `services` are all texts of those columns. */
export function spansTable(
  names: readonly string[],
  services: readonly string[],
  attributes: readonly ColumnSpec[],
): TableSpec {
  return {
    table: "spans",
    columns: [
      { name: "trace_id", type: "bytes" },
      { name: "trace_row", type: "u32" },
      { name: "span_id", type: "u64" },
      { name: "parent_span_id", type: "u64", isNullable: true },
      { name: "start_time_unix_nano", type: "u64" },
      { name: "duration_nanos", type: "u64" },
      { name: "end_time_unix_nano", type: "u64", isNullable: true },
      { name: "kind", type: "u8" },
      { name: "status_code", type: "u8" },
      codedText("name", names),
      codedText("service_name", services),
      { name: "resource_id", type: "u32" },
      { name: "scope_id", type: "u32" },
      { name: "rest", type: "bytes" },
      ...attributes,
    ],
  };
}

/** One row a trace, newest first: lists read only this file. */
export function tracesTable(names: readonly string[], services: readonly string[]): TableSpec {
  return {
    table: "traces",
    columns: [
      { name: "trace_id", type: "bytes" },
      { name: "start_time_unix_nano", type: "u64" },
      { name: "end_time_unix_nano", type: "u64" },
      { name: "duration_nanos", type: "u64" },
      { name: "span_count", type: "u32" },
      { name: "error_count", type: "u32" },
      codedText("root_service_name", services),
      codedText("root_operation_name", names),
      { name: "services", type: "text" },
    ],
  };
}

/** Distinct resources with the bytes they came in. */
export const RESOURCES_TABLE: TableSpec = Object.freeze({
  table: "resources",
  columns: [
    { name: "resource_id", type: "u32" },
    { name: "service_name", type: "text" },
    { name: "schema_url", type: "text" },
    { name: "attributes", type: "text" },
    { name: "resource", type: "bytes" },
  ] as const,
});

/** Distinct scopes with the bytes they came in. */
export const SCOPES_TABLE: TableSpec = Object.freeze({
  table: "scopes",
  columns: [
    { name: "scope_id", type: "u32" },
    { name: "name", type: "text" },
    { name: "version", type: "text" },
    { name: "schema_url", type: "text" },
    { name: "scope", type: "bytes" },
  ] as const,
});

/** Dependency links trace by trace, in the order of `traces.parquet`; `nodes` are all texts of both ends. */
export function linksTable(nodes: readonly string[]): TableSpec {
  return {
    table: "links",
    columns: [
      { name: "trace_row", type: "u32" },
      codedText("from_service", nodes),
      codedText("to_service", nodes),
      { name: "type", type: "enum", members: LINK_TYPES },
      { name: "call_count", type: "u32" },
      { name: "error_count", type: "u32" },
    ],
  };
}

/** The types of dependency links. */
export const LINK_TYPES: readonly DependencyType[] = Object.freeze([
  "rpc",
  "messaging",
  "database",
  "virtual_node",
]);

/** Attribute values that lie in no column, by key and value, each with the trace it occurs in. */
export const ATTRIBUTES_TABLE: TableSpec = Object.freeze({
  table: "attributes",
  columns: [
    { name: "key", type: "text" },
    { name: "value", type: "text" },
    { name: "trace_row", type: "u32" },
  ] as const,
});

/** Every table of a segment and the file it goes to. */
export const FILE_TABLES: readonly FileTable[] = Object.freeze([
  { table: "spans", file: SegmentFile.SPANS, rowGroupRows: LOOKUP_ROW_GROUP_ROWS },
  { table: "traces", file: SegmentFile.TRACES, rowGroupRows: LOOKUP_ROW_GROUP_ROWS },
  { table: "resources", file: SegmentFile.RESOURCES, rowGroupRows: SMALL_ROW_GROUP_ROWS },
  { table: "scopes", file: SegmentFile.SCOPES, rowGroupRows: SMALL_ROW_GROUP_ROWS },
  { table: "links", file: SegmentFile.LINKS, rowGroupRows: SMALL_ROW_GROUP_ROWS },
  {
    table: "attributes",
    file: SegmentFile.ATTRIBUTES,
    orderBy: "key, value, trace_row",
    rowGroupRows: LOOKUP_ROW_GROUP_ROWS,
  },
]);

/** The Parquet files of a segment, by format version. */
export function parquetFilesOf(formatVersion: number): readonly string[] {
  const files = FILE_TABLES.map(({ file }) => file);
  return formatVersion === 1 ? files.filter((file) => file !== SegmentFile.ATTRIBUTES) : files;
}

/** Folder name of a segment: the log positions it covers, zero-padded so that names sort as positions do. */
export function segmentName(firstPosition: number, lastPosition: number): string {
  return `${String(firstPosition).padStart(16, "0")}-${String(lastPosition).padStart(16, "0")}`;
}
