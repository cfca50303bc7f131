/** What is looked up once of a segment: keys with listed values, traces with spans of one id. */

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

/** Traces of a segment in which two spans have one id, as Zipkin's have: looked up once. */
const DOUBLED = new WeakMap<Segment, Uint32Array>();

/** Rows of `traces.parquet`, ascending, of the traces in which some id is that of several spans. */
export async function tracesWithDoubledIds(
  connection: ReadConnection,
  segment: Segment,
): Promise<Uint32Array> {
  let known = DOUBLED.get(segment);
  if (known === undefined) {
    const rows = await connection.rows(
      `SELECT DISTINCT trace_row FROM (
         SELECT trace_row FROM read_parquet($1) GROUP BY trace_row, span_id HAVING count(*) > 1)`,
      [segment.path(SegmentFile.SPANS)],
    );
    known = Uint32Array.from(rows, ([row]) => row as number).sort();
    DOUBLED.set(segment, known);
  }
  return known;
}
