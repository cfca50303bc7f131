/** The clocks of a trace's hosts, set in columns: what `clockedForest` does for spans. */

import { bigEndian32, HIGH_WORD, LOW_WORD, wordPairsOf } from "../../base/bytes.ts";
import { spanKindFromNumber } from "../../model/span-kind.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import { clockSkewBy, isPossibleAsStamped } from "../clock-skew.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { ColumnTree } from "./column-tree.ts";
import type { FrameTable } from "./frame-table.ts";

/** Kinds as OTLP numbers them. */
const PRODUCER = 4;
const CONSUMER = 5;

/** A span with the host that stamped it. */
interface HostSpan extends ForestSpan {
  readonly host: string;
}

/**
 * The columns with the clocks of their hosts set; undefined when all times stay as they are, which for a trace of one
 * host takes one look at the hosts.
 *
 * @param tree as it was built of the columns
 */
export function clockedColumns(
  tree: ColumnTree,
  columns: TraceColumns,
  frames: FrameTable,
): TraceColumns | undefined {
  const { hosts, rowCount } = columns;
  if (hosts === undefined || !areSeveral(hosts, rowCount)) return undefined;
  if (!tree.hasCutCycle && !isAnyImpossible(tree, columns, hosts)) return undefined;
  const spans = Array.from({ length: tree.spanCount }, (_, node) =>
    withService(spanAt(columns, tree.rows[node] as number, hosts), frames),
  );
  const { hosts: clocks } = clockSkewBy(spans, ({ host }) => host);
  const offsets = new Map(clocks.map(({ host, offsetNanos }) => [host, offsetNanos]));
  if (clocks.every(({ offsetNanos }) => offsetNanos === 0n)) return undefined;
  const moved = (times: BigUint64Array): BigUint64Array => {
    const copy = times.slice(0, rowCount);
    for (let row = 0; row < rowCount; row++) {
      copy[row] = (copy[row] as bigint) + (offsets.get(hosts[row] as string) ?? 0n);
    }
    return copy;
  };
  return {
    ...columns,
    startTimesUnixNano: moved(columns.startTimesUnixNano),
    endTimesUnixNano: moved(columns.endTimesUnixNano),
  };
}

function areSeveral(hosts: readonly string[], rowCount: number): boolean {
  for (let row = 1; row < rowCount; row++) if (hosts[row] !== hosts[0]) return true;
  return false;
}

function isAnyImpossible(tree: ColumnTree, columns: TraceColumns, hosts: readonly string[]): boolean {
  const startWords = wordPairsOf(columns.startTimesUnixNano);
  for (let node = 0; node < tree.spanCount; node++) {
    const parent = tree.parents[node] as number;
    if (parent < 0 || parent >= tree.spanCount) continue;
    const row = tree.rows[node] as number;
    const parentRow = tree.rows[parent] as number;
    if (hosts[row] === hosts[parentRow]) continue;
    const lagNanos = nanosBetween(startWords, parentRow, row);
    const isPossible =
      fitsByNumbers(tree, { node, parent, lagNanos }) ??
      isPossibleAsStamped(spanAt(columns, parentRow, hosts), spanAt(columns, row, hosts));
    if (!isPossible) return true;
  }
  return false;
}

/** What `isPossibleAsStamped` says, without a bigint; undefined where numbers are not exact. */
function fitsByNumbers(
  { durations, kinds }: ColumnTree,
  { node, parent, lagNanos }: { readonly node: number; readonly parent: number; readonly lagNanos: number },
): boolean | undefined {
  const mostNanos = durations[parent] as number;
  const roomNanos = mostNanos - (durations[node] as number);
  if (!Number.isSafeInteger(lagNanos) || !Number.isSafeInteger(roomNanos)) return undefined;
  if (kinds[parent] === PRODUCER && kinds[node] === CONSUMER) return lagNanos >= 0;
  return lagNanos >= 0 && lagNanos <= (roomNanos < 0 ? mostNanos : roomNanos);
}

/** From the start of one row to that of another. */
function nanosBetween(startWords: Uint32Array, from: number, to: number): number {
  const high = (startWords[to * 2 + HIGH_WORD] as number) - (startWords[from * 2 + HIGH_WORD] as number);
  return (
    high * 2 ** 32 + ((startWords[to * 2 + LOW_WORD] as number) - (startWords[from * 2 + LOW_WORD] as number))
  );
}

/** Who is below whom, where two spans have one id, is told by their services. */
function withService(span: HostSpan, frames: FrameTable): HostSpan {
  return { ...span, serviceName: frames.frame(Number(span.name)).service };
}

/** What times are compared by; the frame's number stands for the words that tell equal times apart. */
function spanAt(columns: TraceColumns, row: number, hosts: readonly string[]): HostSpan {
  const parentSpanId = idAt(columns.parentSpanIds, row);
  return {
    spanId: idAt(columns.spanIds, row) ?? "",
    parentSpanId,
    kind: spanKindFromNumber(columns.kinds[row] as number),
    serviceName: "",
    name: String(columns.frames[row]),
    status: "UNSET",
    startTimeUnixNano: columns.startTimesUnixNano[row] as bigint,
    endTimeUnixNano: columns.endTimesUnixNano[row] as bigint,
    host: hosts[row] as string,
  };
}

/** Undefined for zeros. */
function idAt(ids: Uint8Array, row: number): string | undefined {
  const high = bigEndian32(ids, row * 8);
  const low = bigEndian32(ids, row * 8 + 4);
  return high === 0 && low === 0
    ? undefined
    : `${high.toString(16).padStart(8, "0")}${low.toString(16).padStart(8, "0")}`;
}
