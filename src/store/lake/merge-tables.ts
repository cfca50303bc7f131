/** The SQL of a merge: numbers of traces, resources and scopes, and each Parquet file of the result. */

import { join } from "node:path";
import { ColumnAppender, quoteName } from "./column-appender.ts";
import type { MergedColumns } from "./merge-columns.ts";
import { InputColumns, mergedColumns } from "./merge-columns.ts";
import type { MergeDatabase } from "./merge-database.ts";
import type { MergePart } from "./merge-reunion.ts";
import type { FileTable, TableSpec } from "./segment-format.ts";
import {
  FILE_TABLES,
  linksTable,
  RESOURCES_TABLE,
  SCOPES_TABLE,
  SegmentFile,
  spansTable,
  tracesTable,
} from "./segment-format.ts";
import type { SegmentFileMeta } from "./segment-meta.ts";
import { quoteSql } from "./sql-text.ts";
import { copyStatement, writtenFile } from "./written-file.ts";

/** Columns that are not copied as they are, and what is written in their place. */
const NEW_NUMBERS: Readonly<Record<string, string>> = Object.freeze({
  trace_row: "traces_of.new_row AS trace_row",
  resource_id: "resources_of.new_id AS resource_id",
  scope_id: "scopes_of.new_id AS scope_id",
});

/** How spans are put in order. */
export interface SpanSorting {
  /**
   * Spans that are sorted at once. A sort keeps the blocks it works on in memory, so what one takes does not grow with
   * the segment when each sorts only some of it.
   */
  readonly spansAtOnce: number;
  /** Takes the sorted files on the way. */
  readonly workDirectory: string;
}

/** Writes the Parquet files of a merged segment from parts none of whose kept traces lies in another one. */
export class MergeTables {
  readonly #database: MergeDatabase;
  readonly #parts: readonly MergePart[];
  readonly columns: MergedColumns;

  constructor(database: MergeDatabase, parts: readonly MergePart[], namedKeys: readonly string[]) {
    this.#database = database;
    this.#parts = parts;
    this.columns = mergedColumns(parts, namedKeys);
  }

  /** Columns of `spans.parquet`, in order. */
  get spanColumns(): readonly string[] {
    const { chosen } = this.columns;
    const types = chosen.flatMap(({ typeColumn }) => typeColumn ?? []);
    return [...namesOf(spansTable([], [], [])), ...chosen.map(({ column }) => column), ...types];
  }

  /**
   * Numbers what the parts name by numbers of their own.
   *
   * @param isKept says with which SQL condition on `trace_id` a trace of a part is taken over
   */
  async number(isKept: (part: number) => string): Promise<void> {
    const traces = this.#union(
      SegmentFile.TRACES,
      (part) =>
        `SELECT ${part} AS part, file_row_number AS old_row, trace_id, span_count, start_time_unix_nano`,
      { isKept },
    );
    // Newest first, as `traces.parquet` lists them; kept by part, so that a question for one part reads no other.
    await this.#database.run(
      `CREATE TABLE trace_numbers AS SELECT part, old_row::UINTEGER AS old_row, trace_id, span_count,
         (row_number() OVER (ORDER BY start_time_unix_nano DESC, trace_id DESC) - 1)::UINTEGER AS new_row
       FROM (${traces}) ORDER BY part, old_row`,
    );
    await this.#numberOrigins("resource", SegmentFile.RESOURCES);
    await this.#numberOrigins("scope", SegmentFile.SCOPES);
  }

  /** Resources and scopes are the same when their bytes and schema URLs are. */
  async #numberOrigins(what: "resource" | "scope", file: string): Promise<void> {
    const all = this.#union(
      file,
      (part) => `SELECT ${part} AS part, ${what}_id AS old_id, schema_url, ${what}`,
    );
    await this.#database.run(
      `CREATE TABLE ${what}_numbers AS SELECT part, old_id,
         (dense_rank() OVER (ORDER BY ${what}, schema_url) - 1)::UINTEGER AS new_id FROM (${all})`,
    );
  }

  /** Writes every file into a folder. */
  async write(directory: string, sorting: SpanSorting): Promise<Record<string, SegmentFileMeta>> {
    const inputs = this.#parts.map(({ attributeColumns }) => new InputColumns(attributeColumns));
    const attributes = this.#listed(inputs);
    // Only asked for: which doubles are looked up is known once every query has been made.
    this.#spans(inputs, "");
    await this.#textDoubles(inputs);
    const queries: Readonly<Record<string, string>> = {
      spans: await this.#sortedSpans(inputs, sorting),
      traces: this.#traces(),
      resources: this.#origins("resource", SegmentFile.RESOURCES, RESOURCES_TABLE),
      scopes: this.#origins("scope", SegmentFile.SCOPES, SCOPES_TABLE),
      links: this.#links(),
      attributes,
    };
    const files: Record<string, SegmentFileMeta> = {};
    for (const table of FILE_TABLES)
      files[table.file] = await this.#write(directory, table, queries[table.table]!);
    return files;
  }

  async #write(directory: string, table: FileTable, query: string): Promise<SegmentFileMeta> {
    const path = join(directory, table.file);
    await this.#database.run(copyStatement(`(${query})`, path, table));
    return writtenFile(path);
  }

  /** A query for all spans in order, from files that hold the traces of one range of ids each. */
  async #sortedSpans(
    inputs: readonly InputColumns[],
    { spansAtOnce, workDirectory }: SpanSorting,
  ): Promise<string> {
    const firsts = await this.#database.rows(
      `SELECT hex(min(trace_id)) FROM (
         SELECT trace_id, (sum(span_count) OVER (ORDER BY trace_id ROWS UNBOUNDED PRECEDING))::BIGINT // ${spansAtOnce}
           AS slice
         FROM trace_numbers)
       GROUP BY slice ORDER BY 1`,
      [],
    );
    // The first range needs no lower end, the last no upper one.
    const starts = firsts.slice(1).map(([first]) => `unhex('${String(first)}')`);
    const sorted = (range: string): string =>
      `${this.#spans(inputs, range)} ORDER BY trace_id, start_time_unix_nano, span_id`;
    if (starts.length === 0) return sorted("");
    const files: string[] = [];
    for (let slice = 0; slice <= starts.length; slice++) {
      const from = slice === 0 ? "true" : `stored.trace_id >= ${starts[slice - 1]}`;
      const to = slice === starts.length ? "true" : `stored.trace_id < ${starts[slice]}`;
      const file = quoteSql(join(workDirectory, `spans-${slice}.parquet`));
      await this.#database.run(
        `COPY (${sorted(`WHERE ${from} AND ${to}`)}) TO ${file} (FORMAT parquet, COMPRESSION lz4_raw)`,
      );
      files.push(file);
    }
    return `FROM read_parquet([${files.join(", ")}])`;
  }

  #spans(inputs: readonly InputColumns[], range: string): string {
    const base = namesOf(spansTable([], [], []));
    return this.#union(
      SegmentFile.SPANS,
      (part) => {
        const copied = base.map((name) => NEW_NUMBERS[name] ?? `stored.${name}`);
        const attributes = this.columns.chosen.map(
          (column) => `${inputs[part]!.value(column)} AS ${quoteName(column.column)}`,
        );
        const types = this.columns.chosen
          .filter(({ typeColumn }) => typeColumn !== undefined)
          .map((column) => `${inputs[part]!.valueType(column)} AS ${quoteName(column.typeColumn ?? "")}`);
        return `SELECT ${[...copied, ...attributes, ...types].join(", ")}`;
      },
      {
        joins: (part) =>
          traceNumbers(part, "stored.trace_row") +
          originNumbers(part, "resource") +
          originNumbers(part, "scope") +
          inputs[part]!.joins(),
        isKept: () => range,
      },
    );
  }

  #traces(): string {
    const columns = namesOf(tracesTable([], []));
    const all = this.#union(
      SegmentFile.TRACES,
      () => `SELECT traces_of.new_row, ${columns.map((name) => `stored.${name}`).join(", ")}`,
      { joins: (part) => traceNumbers(part, "stored.file_row_number") },
    );
    return `SELECT ${columns.join(", ")} FROM (${all}) ORDER BY new_row`;
  }

  #links(): string {
    const columns = namesOf(linksTable([])).map((name) => NEW_NUMBERS[name] ?? `stored.${name}`);
    const all = this.#union(SegmentFile.LINKS, () => `SELECT ${columns.join(", ")}`, {
      joins: (part) => traceNumbers(part, "stored.trace_row"),
    });
    return `${all} ORDER BY trace_row, from_service, to_service, type`;
  }

  #origins(what: "resource" | "scope", file: string, table: TableSpec): string {
    const columns = namesOf(table).map(
      (name) => NEW_NUMBERS[name]?.replace(/^\w+/, "numbers") ?? `stored.${name}`,
    );
    const all = this.#union(file, () => `SELECT ${columns.join(", ")}`, {
      joins: (part) =>
        ` JOIN ${what}_numbers AS numbers ON numbers.part = ${part} AND numbers.old_id = stored.${what}_id`,
    });
    return `SELECT DISTINCT ON (${what}_id) * FROM (${all}) ORDER BY ${what}_id`;
  }

  /** Values that were listed, and those of columns that the merged segment has not. */
  #listed(inputs: readonly InputColumns[]): string {
    const listed = this.#union(
      SegmentFile.ATTRIBUTES,
      () => `SELECT stored.key, stored.value, ${NEW_NUMBERS["trace_row"]}`,
      { joins: (part) => traceNumbers(part, "stored.trace_row") },
    );
    const moved = this.#parts.flatMap((part, index) =>
      this.columns.listed[index]!.map((column) => {
        const value = inputs[index]!.text(column);
        return `SELECT DISTINCT ${quoteSql(column.key)} AS key, ${value} AS value, ${NEW_NUMBERS["trace_row"]}
          FROM ${parquet(part, SegmentFile.SPANS)} AS stored ${traceNumbers(index, "stored.trace_row")}
          ${inputs[index]!.joins()} WHERE stored.${quoteName(column.column)} IS NOT NULL`;
      }),
    );
    return [listed, ...moved].join(" UNION ALL ");
  }

  /** Makes the table of texts that the statements look doubles up in. */
  async #textDoubles(inputs: readonly InputColumns[]): Promise<void> {
    const values = new Set<number>();
    for (const [index, { lookups }] of inputs.entries()) {
      for (const column of lookups) {
        const name = quoteName(column);
        const sql = `SELECT DISTINCT ${name} FROM ${parquet(this.#parts[index]!, SegmentFile.SPANS)}
          WHERE ${name} IS NOT NULL`;
        for await (const chunk of this.#database.chunks(sql, []))
          for (const [value] of chunk.getRows()) values.add(value as number);
      }
    }
    const columns = [
      { name: "value", type: "f64" },
      { name: "text", type: "text" },
    ] as const;
    const table = await ColumnAppender.create(this.#database.raw, { table: "double_texts", columns });
    const words = new Uint32Array(2);
    const double = new Float64Array(words.buffer);
    const encoder = new TextEncoder();
    for (const value of values) {
      double[0] = value;
      table.numbers(0).data.set(words, table.rowInChunk * 2);
      table.setBytes(1, encoder.encode(String(value)));
      table.endRow();
    }
    table.close();
  }

  /** One file of all parts, end to end. */
  #union(
    file: string,
    select: (part: number) => string,
    { joins, isKept }: { joins?: (part: number) => string; isKept?: (part: number) => string } = {},
  ): string {
    return this.#parts
      .map((part, index) => {
        const where = isKept?.(index) ?? "";
        // `select` first: it notes what `joins` is asked for.
        const selected = select(index);
        return `${selected} FROM ${parquet(part, file)} AS stored ${joins?.(index) ?? ""} ${where}`;
      })
      .join(" UNION ALL ");
  }
}

function parquet({ directory }: MergePart, file: string): string {
  return `read_parquet(${quoteSql(join(directory, file))}, file_row_number = true)`;
}

function traceNumbers(part: number, row: string): string {
  return ` JOIN trace_numbers AS traces_of ON traces_of.part = ${part} AND traces_of.old_row = ${row}`;
}

function originNumbers(part: number, what: "resource" | "scope"): string {
  return (
    ` JOIN ${what}_numbers AS ${what}s_of` +
    ` ON ${what}s_of.part = ${part} AND ${what}s_of.old_id = stored.${what}_id`
  );
}

function namesOf({ columns }: TableSpec): string[] {
  return columns.map(({ name }) => name);
}
