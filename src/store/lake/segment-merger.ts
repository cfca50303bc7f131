/** Writes one segment folder from several finished ones: all files are there, but neither synced nor under their name. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TracAggError } from "../../base/errors.ts";
import { rebuiltAttributeFilter } from "./attribute-filter-rebuild.ts";
import { AttributeSummary, encodeSummary } from "./attribute-summary.ts";
import { rebuiltSummary } from "./attribute-summary-rebuild.ts";
import { ColumnAppender } from "./column-appender.ts";
import { mergedColumns } from "./merge-columns.ts";
import { MergeDatabase } from "./merge-database.ts";
import type { MergeRefusal, MergeRequest } from "./merge-request.ts";
import type { MergePart } from "./merge-reunion.ts";
import { reunitedParts } from "./merge-reunion.ts";
import { MergeTables } from "./merge-tables.ts";
import { formatOperations, namesInSpans } from "./operations-file.ts";
import { unitedKeys } from "./other-attribute-keys.ts";
import { SEGMENT_FORMAT_VERSION, SegmentFile } from "./segment-format.ts";
import type { SegmentFileMeta, SegmentMeta } from "./segment-meta.ts";
import { formatSegmentMeta } from "./segment-meta.ts";
import { quoteSql } from "./sql-text.ts";
import { blobs } from "./stored-rows.ts";
import { TraceFilter } from "./trace-filter.ts";
import { withWritingDatabase } from "./writing-database.ts";
import { writeHelperFiles } from "./written-file.ts";

/** What a merge came to. */
export type MergeOutcome = { readonly kind: "merged"; readonly meta: SegmentMeta } | MergeRefusal;

/**
 * Merges segments of format 2 into `request.directory`. Spans, summaries and links of a trace that lies in one input
 * alone are copied; a trace that lies in several is put together anew. Syncing the files is the caller's.
 *
 * @throws TracAggError `data_corrupt` when the result is not what the inputs say they hold, `cancelled` when nobody
 * wants it any more
 */
export function mergeSegments(request: MergeRequest): Promise<MergeOutcome> {
  return withWritingDatabase(request, async (connection) => {
    const merger = new SegmentMerger(new MergeDatabase(connection, request.cancelled), request);
    return (await merger.refusal()) ?? { kind: "merged", meta: await merger.merge() };
  });
}

class SegmentMerger {
  readonly #database: MergeDatabase;
  readonly #request: MergeRequest;
  readonly #inputs: readonly MergePart[];

  constructor(database: MergeDatabase, request: MergeRequest) {
    this.#database = database;
    this.#request = request;
    this.#inputs = request.inputs.map(({ directory, meta }) => ({
      directory,
      attributeColumns: meta.attributeColumns,
      spanCount: meta.spanCount,
    }));
  }

  /** Finds the traces that lie in several inputs; says no when one of them is too large. */
  async refusal(): Promise<MergeRefusal | undefined> {
    const { maxReunitedSpans } = this.#request;
    const traces = this.#inputs
      .map(
        ({ directory }, index) =>
          `SELECT ${index} AS part, trace_id, span_count
           FROM read_parquet(${quoteSql(join(directory, SegmentFile.TRACES))})`,
      )
      .join(" UNION ALL ");
    await this.#database.run(
      `CREATE TABLE apart AS SELECT trace_id, sum(span_count) AS span_count, list(part) AS parts FROM (${traces})
       GROUP BY trace_id HAVING count(*) > 1`,
    );
    const large = await this.#database.rows(
      "SELECT DISTINCT unnest(parts) FROM apart WHERE span_count > $1 ORDER BY ALL",
      [maxReunitedSpans],
    );
    if (large.length === 0) return undefined;
    return {
      kind: "refused",
      reason: `a trace in several of the segments has more than ${maxReunitedSpans} spans`,
      inputs: large.map(([part]) => this.#request.inputs[part as number]!.name),
    };
  }

  async merge(): Promise<SegmentMeta> {
    const { directory, workDirectory, spansSortedAtOnce, attributeKeys, splits } = this.#request;
    const { chosen } = mergedColumns(this.#inputs, attributeKeys);
    const keys = chosen.map(({ key }) => key);
    const reunited = await reunitedParts(this.#database, this.#request, keys);
    await this.#noteLeftOut();
    const tables = new MergeTables(this.#database, [...this.#inputs, ...reunited], attributeKeys);
    const inputCount = this.#inputs.length;
    await tables.number((part) => {
      if (part >= inputCount) return "";
      return `WHERE trace_id NOT IN (SELECT trace_id FROM apart UNION ALL SELECT trace_id FROM left_out)`;
    });
    const files = await tables.write(directory, {
      spansAtOnce: spansSortedAtOnce,
      workDirectory,
    });
    const facts = await this.#checkedFacts(directory);
    const filter = await rebuiltAttributeFilter(this.#database, directory, tables.columns.chosen);
    const names = await namesInSpans(this.#database, join(directory, SegmentFile.SPANS));
    const helpers = writeHelperFiles(directory, [
      [SegmentFile.TRACE_FILTER, (await this.#traceFilter(facts.traceCount)).encode()],
      [SegmentFile.ATTRIBUTE_FILTER, filter.encode()],
      [SegmentFile.ATTRIBUTE_SUMMARY, await this.#attributeSummary(facts.spanCount)],
      [SegmentFile.SPLITS, splits],
      [SegmentFile.OPERATIONS, await formatOperations(names)],
    ]);
    const meta = this.#metaOf(facts, tables, { ...files, ...helpers });
    writeFileSync(join(directory, SegmentFile.META), formatSegmentMeta(meta));
    return meta;
  }

  /** That of all inputs together; counted anew when some of their spans are not here, or one has none. */
  async #attributeSummary(spanCount: number): Promise<Uint8Array> {
    const { directory, inputs } = this.#request;
    if (spanCount !== this.#inputs.reduce((sum, input) => sum + input.spanCount, 0))
      return rebuiltSummary(this.#database, directory);
    try {
      const files = inputs.map((input) => readFileSync(join(input.directory, SegmentFile.ATTRIBUTE_SUMMARY)));
      return encodeSummary(files.map(AttributeSummary.decode));
    } catch {
      // Written before there were summaries, or damaged.
      return rebuiltSummary(this.#database, directory);
    }
  }

  async #noteLeftOut(): Promise<void> {
    const { leftOutTraceIds: ids } = this.#request;
    const columns = [{ name: "trace_id", type: "bytes" }] as const;
    const table = await ColumnAppender.create(this.#database.raw, { table: "left_out", columns });
    for (let start = 0; start < ids.length; start += 16) {
      table.setBytes(0, ids, start, start + 16);
      table.endRow();
    }
    table.close();
  }

  /** Counts what was written, and compares it with what the summaries say: no span may be lost on the way. */
  async #checkedFacts(directory: string): Promise<SegmentFacts> {
    const file = (name: string): string => `read_parquet(${quoteSql(join(directory, name))})`;
    const [traces] = await this.#database.rows(
      `SELECT count(*), coalesce(sum(span_count), 0)::BIGINT, min(start_time_unix_nano), max(start_time_unix_nano),
         (SELECT count(*) FROM trace_numbers), (SELECT count(*) FROM ${file(SegmentFile.SPANS)})
       FROM ${file(SegmentFile.TRACES)}`,
      [],
    );
    const [traceCount, summedSpans, min, max, numbered, spanCount] = traces!;
    if (summedSpans !== spanCount || traceCount !== numbered) {
      throw new TracAggError(
        "data_corrupt",
        `merged segment ${this.#request.name}: expected ${numbered} traces with ${summedSpans} spans, ` +
          `found ${traceCount} with ${spanCount}`,
      );
    }
    return {
      traceCount: Number(traceCount),
      spanCount: Number(spanCount),
      minTraceStartUnixNano: (min ?? 0n) as bigint,
      maxTraceStartUnixNano: (max ?? 0n) as bigint,
    };
  }

  async #traceFilter(traceCount: number): Promise<TraceFilter> {
    const filter = TraceFilter.forKeys(traceCount);
    const sql = "SELECT trace_id FROM read_parquet($1)";
    for await (const chunk of this.#database.chunks(sql, [
      join(this.#request.directory, SegmentFile.TRACES),
    ])) {
      const ids = blobs(chunk, 0);
      for (let row = 0; row < chunk.rowCount; row++) filter.add(ids.getItemBytes(row)!, 0);
    }
    return filter;
  }

  #metaOf(
    facts: SegmentFacts,
    tables: MergeTables,
    files: Readonly<Record<string, SegmentFileMeta>>,
  ): SegmentMeta {
    const { writtenBy, inputs } = this.#request;
    const metas = inputs.map(({ meta }) => meta);
    const otherKeys = unitedKeys(metas.map(({ otherAttributeKeys }) => otherAttributeKeys));
    return {
      formatVersion: SEGMENT_FORMAT_VERSION,
      writtenBy,
      firstPosition: metas[0]!.firstPosition,
      lastPosition: metas.at(-1)!.lastPosition,
      firstArrivalUnixMillis: Math.min(...metas.map((meta) => meta.firstArrivalUnixMillis)),
      lastArrivalUnixMillis: Math.max(...metas.map((meta) => meta.lastArrivalUnixMillis)),
      ...facts,
      // Those of the inputs too: newer segments name what they share traces with by its name at their seal.
      replaces: inputs.flatMap(({ name, meta }) => [...meta.replaces, name]),
      spanColumns: tables.spanColumns,
      attributeColumns: tables.columns.chosen,
      ...(otherKeys === undefined ? {} : { otherAttributeKeys: otherKeys }),
      files,
    };
  }
}

type SegmentFacts = Pick<
  SegmentMeta,
  "traceCount" | "spanCount" | "minTraceStartUnixNano" | "maxTraceStartUnixNano"
>;
