/** Resources and scopes of a segment by their numbers, read when first asked for. */

import type { DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { TracAggError } from "../../base/errors.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { StoredSegment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";

/** Bytes of a resource or scope message and of its schema URL. */
export interface StoredOrigin {
  readonly bytes: Uint8Array;
  readonly schemaUrl: Uint8Array;
}

/** A file of resources or scopes up to this size is read whole at the first question. */
const WHOLE_FILE_BYTES = 256 * 1024;
/** Bytes of origins kept for one segment; a sender may make up a resource for each request. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
/** Segments whose origins are kept. */
const MAX_KEPT_SEGMENTS = 64;

/** The origins of one segment that were read so far. */
export class SegmentOrigins {
  readonly #segment: StoredSegment;
  #resources = new Map<number, StoredOrigin>();
  #scopes = new Map<number, StoredOrigin>();
  #keptBytes = 0;
  #messages: ReadonlyMap<number, Uint8Array> | undefined;

  constructor(segment: StoredSegment) {
    this.#segment = segment;
  }

  /** Makes {@link SegmentOrigins.resource} and {@link SegmentOrigins.scope} answer for these numbers. */
  async load(
    connection: ReadConnection,
    wanted: { readonly resourceIds: readonly number[]; readonly scopeIds: readonly number[] },
  ): Promise<void> {
    if (this.#keptBytes > MAX_KEPT_BYTES) {
      this.#resources = new Map();
      this.#scopes = new Map();
      this.#keptBytes = 0;
    }
    await this.#loadInto(this.#resources, connection, SegmentFile.RESOURCES, "resource", wanted.resourceIds);
    await this.#loadInto(this.#scopes, connection, SegmentFile.SCOPES, "scope", wanted.scopeIds);
  }

  /** The messages of all resources by number; undefined when there are too many to look through. */
  async messages(connection: ReadConnection): Promise<ReadonlyMap<number, Uint8Array> | undefined> {
    if (!this.#isSmall(SegmentFile.RESOURCES)) return undefined;
    if (this.#messages === undefined) {
      const rows = await connection.rows("SELECT resource_id, resource FROM read_parquet($1)", [
        this.#segment.path(SegmentFile.RESOURCES),
      ]);
      this.#messages = new Map(rows.map(([id, bytes]) => [id as number, blobBytes(bytes)]));
    }
    return this.#messages;
  }

  resource(id: number): StoredOrigin {
    return this.#known(this.#resources, "resource", id);
  }

  scope(id: number): StoredOrigin {
    return this.#known(this.#scopes, "scope", id);
  }

  #isSmall(file: string): boolean {
    return (this.#segment.meta.files[file]?.bytes ?? 0) <= WHOLE_FILE_BYTES;
  }

  #known(map: ReadonlyMap<number, StoredOrigin>, what: string, id: number): StoredOrigin {
    const origin = map.get(id);
    if (origin === undefined) {
      throw new TracAggError("data_corrupt", `segment ${this.#segment.name}: ${what} ${id} is missing`);
    }
    return origin;
  }

  async #loadInto(
    map: Map<number, StoredOrigin>,
    connection: ReadConnection,
    file: string,
    what: "resource" | "scope",
    ids: readonly number[],
  ): Promise<void> {
    const missing = ids.filter((id) => !map.has(id));
    if (missing.length === 0) return;
    const isSmall = this.#isSmall(file);
    const condition = isSmall
      ? ""
      : `WHERE ${what}_id IN (${missing.map((_, index) => `$${index + 2}`).join(", ")})`;
    const rows = await connection.rows(
      `SELECT ${what}_id, encode(schema_url), ${what} FROM read_parquet($1) ${condition}`,
      [this.#segment.path(file), ...(isSmall ? [] : missing)],
    );
    for (const [id, schemaUrl, bytes] of rows) {
      const origin = { bytes: blobBytes(bytes), schemaUrl: blobBytes(schemaUrl) };
      this.#keptBytes += origin.bytes.length + origin.schemaUrl.length;
      map.set(id as number, origin);
    }
  }
}

function blobBytes(value: DuckDBValue | undefined): Uint8Array {
  return value instanceof DuckDBBlobValue ? value.bytes : new Uint8Array(0);
}

/** The origins of the segments read last. */
export class OriginCache {
  readonly #bySegment = new Map<string, SegmentOrigins>();

  /** The origins of a segment. */
  of(segment: StoredSegment): SegmentOrigins {
    let origins = this.#bySegment.get(segment.name);
    if (origins === undefined) origins = new SegmentOrigins(segment);
    // Last used last: the first of the map is the one to forget.
    this.#bySegment.delete(segment.name);
    this.#bySegment.set(segment.name, origins);
    if (this.#bySegment.size > MAX_KEPT_SEGMENTS)
      this.#bySegment.delete(this.#bySegment.keys().next().value!);
    return origins;
  }

  /** Forgets a segment that is gone. */
  forget(name: string): void {
    this.#bySegment.delete(name);
  }
}
