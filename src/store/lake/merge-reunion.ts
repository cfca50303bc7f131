/** Brings traces together that lie in several inputs of a merge: each becomes one trace, as a seal would write it. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { hexFromBytes } from "../../base/bytes.ts";
import { mergedBatch } from "../../batch/batch-merge.ts";
import type { SpanBatch } from "../../batch/span-batch.ts";
import { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import { LinkShapes } from "./link-shapes.ts";
import type { ColumnSource } from "./merge-columns.ts";
import type { MergeDatabase } from "./merge-database.ts";
import type { MergeRequest } from "./merge-request.ts";
import type { StoredSegment } from "./segment.ts";
import { OriginCache } from "./segment-origins.ts";
import { segmentRows } from "./segment-queries.ts";
import { writeTables } from "./segment-writer.ts";
import { withWritingDatabase } from "./writing-database.ts";

/** Traces asked for at once; their ids are neighbours, so that few row groups are read. */
const TRACES_AT_ONCE = 512;
/** Bytes of spans written as one part: half of what a seal takes by default. */
const PART_BYTES = 32 * 1024 * 1024;

/** A folder of Parquet files that goes into a merged segment. */
export interface MergePart extends ColumnSource {
  readonly directory: string;
}

/**
 * Reads the traces in table `apart` from all inputs, makes their spans distinct and writes them as parts of their own.
 *
 * @param keys attribute keys that get a column in the parts
 */
export async function reunitedParts(
  database: MergeDatabase,
  request: MergeRequest,
  keys: readonly string[],
): Promise<MergePart[]> {
  const reunion = new Reunion(database, request, keys);
  let ids: string[] = [];
  for await (const chunk of database.chunks("SELECT trace_id FROM apart ORDER BY trace_id", [])) {
    for (const [id] of chunk.getRows()) {
      if (id instanceof DuckDBBlobValue) ids.push(hexFromBytes(id.bytes));
      if (ids.length < TRACES_AT_ONCE) continue;
      await reunion.add(ids);
      ids = [];
    }
  }
  if (ids.length > 0) await reunion.add(ids);
  return reunion.close();
}

class Reunion {
  readonly #database: MergeDatabase;
  readonly #request: MergeRequest;
  readonly #keys: readonly string[];
  readonly #inputs: readonly StoredSegment[];
  readonly #reading = { decoder: new OtlpRequestDecoder(), origins: new OriginCache() };
  readonly #shapes: LinkShapes = new LinkShapes();
  readonly #parts: MergePart[] = [];
  #batches: SpanBatch[] = [];
  #byteSize = 0;

  constructor(database: MergeDatabase, request: MergeRequest, keys: readonly string[]) {
    this.#database = database;
    this.#request = request;
    this.#keys = keys;
    this.#inputs = request.inputs.map(({ name, meta, directory }) => ({
      name,
      meta,
      path: (file) => join(directory, file),
    }));
  }

  /** Adds whole traces: a part never ends inside one. */
  async add(traceIds: readonly string[]): Promise<void> {
    // The oldest input first: of equal spans the one that came first stays.
    for (const input of this.#inputs) {
      for await (const rows of segmentRows(this.#database, input, traceIds, this.#reading)) {
        const { batch } = rows[0]!;
        this.#batches.push(batch);
        this.#byteSize += batch.payload.length;
      }
    }
    if (this.#byteSize >= PART_BYTES) await this.#write();
  }

  async close(): Promise<MergePart[]> {
    if (this.#batches.length > 0) await this.#write();
    return this.#parts;
  }

  async #write(): Promise<void> {
    this.#database.throwIfCancelled();
    const directory = join(this.#request.workDirectory, String(this.#parts.length));
    mkdirSync(directory);
    const { content } = await withWritingDatabase(this.#request, (connection) =>
      writeTables(connection, mergedBatch(this.#batches), {
        directory,
        attributeKeys: this.#keys,
        shapes: this.#shapes,
      }),
    );
    const { attributeColumns, spanCount } = content;
    this.#parts.push({ directory, attributeColumns, spanCount });
    this.#batches = [];
    this.#byteSize = 0;
  }
}
