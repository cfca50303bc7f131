/** A critical path as columns, on its way out of the analysis thread. */

import type { HostClock } from "../analysis/clock-skew.ts";
import type {
  CriticalPath,
  CriticalPathClass,
  CriticalPathSegment,
  CriticalPathShare,
  LazyCriticalPath,
} from "../analysis/critical-path.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { TableSpan } from "../batch/table-spans.ts";

/** Numbers of classes in columns are the indexes of this list. */
const CLASSES: readonly CriticalPathClass[] = Object.freeze(["self", "network", "untraced", "messaging"]);
const NO_SPAN = -1;

/** What {@link CriticalPath} tells, without an object a segment or share. */
export interface PathColumns {
  readonly traceId: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** Row of each segment's span, -1 without one. */
  readonly spans: Int32Array<ArrayBuffer>;
  readonly starts: BigUint64Array<ArrayBuffer>;
  readonly ends: BigUint64Array<ArrayBuffer>;
  readonly classes: Uint8Array<ArrayBuffer>;
  /** Row of a span of each share, -1 for untraced time. */
  readonly shareSpans: Int32Array<ArrayBuffer>;
  /** Nanoseconds of each share by class, four a share. */
  readonly shareNanos: BigUint64Array<ArrayBuffer>;
  readonly clocks: readonly HostClock[];
}

/** Packs the path of a table's spans. */
export function packPath(path: CriticalPath<TableSpan>): PathColumns {
  const { segments, byOperation } = path;
  const spanOfShare = new Map<string, number>();
  for (const { span } of segments) if (span !== undefined) spanOfShare.set(shareKey(span), span.index);
  return {
    traceId: path.traceId,
    startTimeUnixNano: path.startTimeUnixNano,
    endTimeUnixNano: path.endTimeUnixNano,
    spans: Int32Array.from(segments, ({ span }) => span?.index ?? NO_SPAN),
    starts: BigUint64Array.from(segments, ({ startTimeUnixNano }) => startTimeUnixNano),
    ends: BigUint64Array.from(segments, ({ endTimeUnixNano }) => endTimeUnixNano),
    classes: Uint8Array.from(segments, (segment) => CLASSES.indexOf(segment.class)),
    shareSpans: Int32Array.from(byOperation, (share) =>
      isUntraced(share) ? NO_SPAN : (spanOfShare.get(keyOfShare(share)) as number),
    ),
    shareNanos: BigUint64Array.from(
      byOperation.flatMap(({ byClass }) => CLASSES.map((name) => byClass[name] ?? 0n)),
    ),
    clocks: path.clocks,
  };
}

/** The buffers of packed columns, for a transfer. */
export function buffersOfPath(path: PathColumns): ArrayBuffer[] {
  return [path.spans, path.starts, path.ends, path.classes, path.shareSpans, path.shareNanos].map(
    ({ buffer }) => buffer,
  );
}

/** The path again, over the rows that the table was made of. */
export function unpackPath(path: PathColumns, rows: readonly SpanRow[]): LazyCriticalPath {
  const { traceId, startTimeUnixNano, endTimeUnixNano, clocks } = path;
  const durationNanos = endTimeUnixNano - startTimeUnixNano;
  return {
    traceId,
    startTimeUnixNano,
    endTimeUnixNano,
    durationNanos,
    segments: { [Symbol.iterator]: () => segmentsOf(path, rows) },
    byOperation: { [Symbol.iterator]: () => sharesOf(path, rows, durationNanos) },
    clocks,
  };
}

function* segmentsOf(path: PathColumns, rows: readonly SpanRow[]): Generator<CriticalPathSegment, void> {
  for (const [at, index] of path.spans.entries()) {
    const startTimeUnixNano = path.starts[at] as bigint;
    const endTimeUnixNano = path.ends[at] as bigint;
    yield {
      span: index === NO_SPAN ? undefined : lazySpan(rows[index] as SpanRow),
      startTimeUnixNano,
      endTimeUnixNano,
      durationNanos: endTimeUnixNano - startTimeUnixNano,
      class: CLASSES[path.classes[at] as number] as CriticalPathClass,
    };
  }
}

function* sharesOf(
  path: PathColumns,
  rows: readonly SpanRow[],
  whole: bigint,
): Generator<CriticalPathShare, void> {
  for (const [at, index] of path.shareSpans.entries()) {
    const span = index === NO_SPAN ? undefined : lazySpan(rows[index] as SpanRow);
    const byClass: Partial<Record<CriticalPathClass, bigint>> = {};
    let durationNanos = 0n;
    for (const [number, name] of CLASSES.entries()) {
      const nanos = path.shareNanos[at * CLASSES.length + number] as bigint;
      if (nanos === 0n) continue;
      byClass[name] = nanos;
      durationNanos += nanos;
    }
    yield {
      service: span?.serviceName ?? "",
      operation: span?.name ?? "",
      durationNanos,
      share: Number(durationNanos) / Number(whole),
      byClass,
    };
  }
}

/** Untraced time has a share of its own, also beside an operation whose names are empty. */
function isUntraced({ service, operation, byClass }: CriticalPathShare): boolean {
  return service === "" && operation === "" && byClass.untraced !== undefined;
}

function shareKey({ serviceName, name }: TableSpan): string {
  return `${serviceName}\0${name}`;
}

function keyOfShare({ service, operation }: CriticalPathShare): string {
  return `${service}\0${operation}`;
}
