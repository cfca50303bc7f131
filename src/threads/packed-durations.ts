/** Collected durations in flat pieces, for the analysis thread. */

import type { CollectedDurations, OperationDurations } from "../analysis/performance.ts";
import type { Steps } from "../base/time-slice.ts";
import type { PackedTexts } from "../batch/packed-texts.ts";
import { TextPacker, textsOf } from "../batch/packed-texts.ts";

/** {@link CollectedDurations} without an object an operation. */
export interface PackedDurations {
  readonly traceDurationsMs: Float64Array<ArrayBuffer>;
  readonly errorTraces: number;
  /** Service and name of each operation, two texts each. */
  readonly texts: PackedTexts;
  /** Durations of all operations; those of operation o are `[ends[o - 1], ends[o])`. */
  readonly durationsMs: Float64Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Packs what was collected over `spanCount` spans. Work that can be done in slices. */
export function* packDurations(collected: CollectedDurations, spanCount: number): Steps<PackedDurations> {
  const packer = new TextPacker();
  const durationsMs = new Float64Array(spanCount);
  const ends: number[] = [];
  let end = 0;
  for (const { service, operation, durationsMs: some } of collected.operations) {
    packer.add(service);
    packer.add(operation);
    durationsMs.set(some, end);
    end += some.length;
    ends.push(end);
    yield some.length;
  }
  return {
    traceDurationsMs: new Float64Array(collected.traceDurationsMs),
    errorTraces: collected.errorTraces,
    texts: packer.packed(),
    durationsMs,
    ends: Uint32Array.from(ends),
  };
}

/** The buffers of packed durations, for a transfer. */
export function buffersOfDurations(packed: PackedDurations): ArrayBuffer[] {
  const { traceDurationsMs, texts, durationsMs, ends } = packed;
  return [traceDurationsMs, texts.bytes, texts.ends, durationsMs, ends].map(({ buffer }) => buffer);
}

/** The collected durations again. */
export function unpackDurations(packed: PackedDurations): CollectedDurations {
  return {
    traceDurationsMs: packed.traceDurationsMs,
    errorTraces: packed.errorTraces,
    operations: operationsOf(packed),
  };
}

function* operationsOf({ texts, durationsMs, ends }: PackedDurations): Generator<OperationDurations, void> {
  const names = textsOf(texts);
  let start = 0;
  for (const [index, end] of ends.entries()) {
    yield {
      service: names[index * 2] as string,
      operation: names[index * 2 + 1] as string,
      durationsMs: durationsMs.subarray(start, end),
    };
    start = end;
  }
}
