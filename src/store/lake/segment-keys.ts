/** Which attribute keys of a segment have listed values, looked up once. */

import type { ReadConnection } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";

/** Keys kept of one segment; one with more is taken for one that has every key. */
const MAX_KEYS = 2_000;

const KEYS = new WeakMap<Segment, { readonly keys: ReadonlySet<string> | undefined }>();

/** Keys with values in `attributes.parquet`; undefined when there are too many to keep. */
export async function listedKeysOf(
  connection: ReadConnection,
  segment: Segment,
): Promise<ReadonlySet<string> | undefined> {
  let known = KEYS.get(segment);
  if (known === undefined) {
    const rows = await connection.rows(`SELECT DISTINCT key FROM read_parquet($1) LIMIT ${MAX_KEYS + 1}`, [
      segment.path(SegmentFile.ATTRIBUTES),
    ]);
    known = { keys: rows.length > MAX_KEYS ? undefined : new Set(rows.map(([key]) => String(key))) };
    KEYS.set(segment, known);
  }
  return known.keys;
}
