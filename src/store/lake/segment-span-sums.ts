/** Functions over time summed up by SQL over the columns of one segment. */

import type { DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue, DuckDBListValue } from "@duckdb/node-api";
import { hexFromBytes } from "../../base/bytes.ts";
import { TimeSlice } from "../../base/time-slice.ts";
import type { SummedValues } from "../../filter/series/interval-sums.ts";
import { endOf } from "../../filter/series/series-grid.ts";
import type { SpanSummer, SpanSumsRequest } from "../../filter/series/span-summer.ts";
import { BoundSql } from "./bound-sql.ts";
import type { SegmentAttributes } from "./exact-sql.ts";
import { exactSql } from "./exact-sql.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";
import type { SqlLabels } from "./sql-labels.ts";
import { measuredColumn, sqlLabels } from "./sql-labels.ts";
import type { RowSql } from "./sql-logic.ts";

/** Which spans of a segment one statement is about, and what it makes of them. */
export interface SpanSumsPlan {
  readonly summer: SpanSummer;
  readonly labels: SqlLabels;
  /** Which spans count, on a row of `spans.parquet`. */
  readonly condition: RowSql;
  /** What is measured, in SQL; undefined: spans are counted. */
  readonly value: string | undefined;
}

/** How a segment is summed up; undefined when its columns do not tell all that is asked. */
export function spanSumsPlan(summer: SpanSummer, segment: SegmentAttributes): SpanSumsPlan | undefined {
  const { request } = summer;
  if (request.grid.startUnixNano < 0n) return undefined;
  const condition = exactSql(request.condition, segment);
  const labels = sqlLabels(request.by, segment);
  const value = request.value === undefined ? undefined : measuredColumn(request.value, segment);
  if (condition === undefined || labels === undefined || value === "elsewhere") return undefined;
  // Nothing is measured of a key that no span has.
  return { summer, labels, condition: value === "absent" ? false : condition, value };
}

/**
 * Adds what the spans of a segment come to.
 *
 * @param isKept further condition on a row of `spans.parquet`
 * @returns how many spans were added
 */
export async function addSpanSums(
  connection: ReadConnection,
  segment: Segment,
  plan: SpanSumsPlan,
  { isKept, signal }: { readonly isKept: RowSql; readonly signal: AbortSignal | undefined },
): Promise<number> {
  if (plan.condition === false) return 0;
  const { request } = plan.summer;
  const slice = new TimeSlice(signal);
  const statement = sumsStatement(segment, plan, isKept);
  let spans = 0;
  for await (const chunk of connection.chunks(statement.text, statement.values)) {
    for (const row of chunk.getRows()) {
      const [interval, count, first, second, third, ...labelCells] = row;
      const sums = summedValues(request, Number(count), [first, second, third]);
      plan.summer.addSums(plan.labels.read(labelCells), interval as number, sums);
      spans += sums.count;
    }
    if (slice.isOver(chunk.rowCount)) await slice.rest();
  }
  if (request.slots > 0 && spans > 0) await offerExemplars(connection, segment, plan, isKept);
  return spans;
}

interface Statement {
  readonly text: string;
  readonly values: readonly DuckDBValue[];
}

/** One row for each group and interval, and for each power of two where those are asked for. */
function sumsStatement(segment: Segment, plan: SpanSumsPlan, isKept: RowSql): Statement {
  const sql = new BoundSql();
  const { request } = plan.summer;
  const { selected, grouped, shown } = plan.labels;
  const measures = measuresOf(request);
  const start = sql.bindUint64(request.grid.startUnixNano);
  const step = sql.bindUint64(request.grid.stepNanos);
  const rows = rowsOf(sql, segment, plan, {
    isKept,
    columns: [`((start_time_unix_nano - ${start} - 1) // ${step})::INTEGER AS part`, ...selected],
  });
  const power = request.needsPowers ? [`${POWER} AS power`] : [];
  const groups = ["part", ...(request.needsPowers ? ["power"] : []), ...grouped].join(", ");
  const text = `SELECT ${["part", "count", ...measures.shown, ...shown].join(", ")} FROM (
    SELECT ${["part", "count(*)::BIGINT AS count", ...power, ...measures.selected, ...grouped].join(", ")}
    FROM (${rows}) GROUP BY ${groups})`;
  return { text, values: sql.values };
}

/** The bucket of a value, as `exponentOf` has it: next to a power of two the logarithm may be one off. */
const POWER = `(CASE WHEN pow(2, ceil(log2(value)) - 1) >= value THEN ceil(log2(value)) - 1
  WHEN pow(2, ceil(log2(value))) < value THEN ceil(log2(value)) + 1 ELSE ceil(log2(value)) END)::INTEGER`;

/** Three columns, whatever is measured. */
function measuresOf({ value, needsPowers }: SpanSumsRequest): { selected: string[]; shown: string[] } {
  if (needsPowers) return { selected: [], shown: ["power", "NULL", "NULL"] };
  if (value === undefined) return { selected: [], shown: ["NULL", "NULL", "NULL"] };
  const selected = [
    "sum(value)::DOUBLE AS total",
    "min(value)::DOUBLE AS least",
    "max(value)::DOUBLE AS most",
  ];
  return { selected, shown: ["total", "least", "most"] };
}

function summedValues(
  { value, needsPowers }: SpanSumsRequest,
  count: number,
  [first, second, third]: readonly (DuckDBValue | undefined)[],
): SummedValues {
  if (needsPowers) return { count, powers: new Map([[first as number, count]]) };
  if (value === undefined) return { count };
  return { count, sum: first as number, min: second as number, max: third as number };
}

/** The spans that count, with what is asked of each. */
function rowsOf(
  sql: BoundSql,
  segment: Segment,
  { summer: { request }, condition, value }: SpanSumsPlan,
  { isKept, columns }: { readonly isKept: RowSql; readonly columns: readonly string[] },
): string {
  const { grid, needsPowers } = request;
  const file = sql.bind(segment.path(SegmentFile.SPANS));
  const conditions = [
    `start_time_unix_nano > ${sql.bindUint64(grid.startUnixNano)}`,
    `start_time_unix_nano <= ${sql.bindUint64(endOf(grid))}`,
  ];
  if (typeof condition === "function") conditions.push(condition(sql));
  if (typeof isKept === "function") conditions.push(isKept(sql));
  const measured = value === undefined ? [] : [`${value} AS value`];
  const rows = `SELECT ${[...columns, ...measured].join(", ")} FROM read_parquet(${file})
    WHERE ${conditions.join(" AND ")}`;
  if (value === undefined) return rows;
  // NULL and NaN are no values; powers of two begin at the first, and end before the infinite.
  const counted = needsPowers ? "value >= 2 AND value < 'inf'::DOUBLE" : "NOT isnan(value)";
  return `SELECT * FROM (${rows}) WHERE value IS NOT NULL AND ${counted}`;
}

/** The number by which exemplars are chosen, as `ExemplarPicker` has it: a mix of the bits of the start. */
const LOW_WORD = "4294967295::UBIGINT";
const SCATTERED = `((xor(start_time_unix_nano & ${LOW_WORD},
  ((start_time_unix_nano >> 32::UBIGINT) * 2246822507::UBIGINT) & ${LOW_WORD}) * 2654435761::UBIGINT) & ${LOW_WORD})`;
const RANK = `xor(${SCATTERED}, ${SCATTERED} >> 15::UBIGINT)`;

/** Offers of each part of time the spans that the picker would choose among those of the segment. */
async function offerExemplars(
  connection: ReadConnection,
  segment: Segment,
  plan: SpanSumsPlan,
  isKept: RowSql,
): Promise<void> {
  const ranks = await exemplarRanks(connection, segment, plan, isKept);
  if (ranks.length === 0) return;
  const sql = new BoundSql();
  const { selected, shown } = plan.labels;
  const own = ["trace_row", "span_id", "start_time_unix_nano"];
  const columns = [...own, `${RANK} AS rank`, ...selected];
  const rows = rowsOf(sql, segment, plan, { isKept, columns });
  const traces = sql.bind(segment.path(SegmentFile.TRACES));
  const value = plan.value === undefined ? "NULL" : "value::DOUBLE";
  const text = `SELECT traces.trace_id, span_id, chosen.start_time_unix_nano, ${[value, ...shown].join(", ")}
    FROM (SELECT * FROM (${rows}) WHERE rank IN (${ranks.join(", ")})) AS chosen
    JOIN read_parquet(${traces}, file_row_number = true) AS traces ON traces.file_row_number = chosen.trace_row`;
  for (const [traceId, spanId, start, measured, ...labelCells] of await connection.rows(text, sql.values)) {
    plan.summer.offer(plan.labels.read(labelCells), start as bigint, (measured ?? 1) as number, {
      traceId: traceId instanceof DuckDBBlobValue ? hexFromBytes(traceId.bytes) : "",
      spanId: (spanId as bigint).toString(16).padStart(16, "0"),
    });
  }
}

/** The least ranks of each part of time. */
async function exemplarRanks(
  connection: ReadConnection,
  segment: Segment,
  plan: SpanSumsPlan,
  isKept: RowSql,
): Promise<readonly bigint[]> {
  const sql = new BoundSql();
  const { grid, slots, exemplarsPerSlot } = plan.summer.request;
  const start = sql.bindUint64(grid.startUnixNano);
  const step = sql.bindUint64(grid.stepNanos);
  const part = `((start_time_unix_nano - ${start} - 1) // ${step})`;
  const slot = `floor(${part}::DOUBLE * (${slots}::DOUBLE / ${grid.intervals}::DOUBLE))`;
  const columns = [`${slot} AS slot`, `${RANK} AS rank`];
  const rows = rowsOf(sql, segment, plan, { isKept, columns });
  const text = `SELECT min(rank, ${exemplarsPerSlot}) FROM (${rows}) GROUP BY slot`;
  const ranks = new Set<bigint>();
  for (const [list] of await connection.rows(text, sql.values)) {
    if (list instanceof DuckDBListValue) for (const rank of list.items) ranks.add(rank as bigint);
  }
  return [...ranks];
}
