/** What is known of a call path as bytes. */

import { bytesFromHex, hexFromBytes } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import type { ByteReader, ByteWriter } from "../../base/varint-bytes.ts";
import { LatencySketch } from "../latency-sketch.ts";
import { WEIGHT_STEPS } from "../weight-steps.ts";
import type { Exemplar } from "./exemplars.ts";
import { ExemplarSlots } from "./exemplars.ts";
import type { PathSum } from "./path-sums.ts";

/** Sums are written in two numbers below 2^53. */
const LOW_BITS = 50n;
const LOW_MASK = (1n << LOW_BITS) - 1n;
const STEP = BigInt(WEIGHT_STEPS);

/** True when all weights are whole: every sum is a multiple of 1,024 then, and can be written without it. */
export function isWholeSum({ spanSteps, self, inclusive }: PathSum): boolean {
  return spanSteps % WEIGHT_STEPS === 0 && self % STEP === 0n && inclusive % STEP === 0n;
}

/**
 * Writes a sum.
 *
 * @param factor what all sums are multiples of and written without: 1, or 1,024
 * @param traceNumbers places of exemplars in the list that {@link writeTraceIds} wrote
 */
export function writeSum(
  writer: ByteWriter,
  sum: PathSum,
  factor: number,
  traceNumbers: ReadonlyMap<string, number>,
): void {
  writer.varint(sum.spanCount);
  writer.varint(sum.spanSteps / factor);
  writeBig(writer, sum.self / BigInt(factor));
  writeBig(writer, sum.inclusive / BigInt(factor));
  const hasSelf = sum.self !== 0n && sum.selfSketch !== undefined;
  writer.varint(hasSelf ? 1 : 0);
  if (!hasSelf) return;
  sum.selfSketch?.writeTo(writer);
  const exemplars = sum.exemplars?.all() ?? [];
  writer.varint(exemplars.length);
  for (const { traceId, nanos } of exemplars) {
    writer.varint(traceNumbers.get(traceId) as number);
    writer.varint(nanos);
  }
}

/** Reads what {@link writeSum} wrote. @throws TracAggError `data_corrupt`. */
export function readSum(reader: ByteReader, factor: number, traceIds: readonly string[]): PathSum {
  const spanCount = reader.varint();
  const spanSteps = reader.varint() * factor;
  const self = readBig(reader) * BigInt(factor);
  const inclusive = readBig(reader) * BigInt(factor);
  if (reader.varint() === 0) {
    return { spanCount, spanSteps, self, inclusive, selfSketch: undefined, exemplars: undefined };
  }
  const selfSketch = LatencySketch.readFrom(reader);
  const read: Exemplar[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const traceId = traceIds[reader.varint()];
    if (traceId === undefined) {
      throw new TracAggError("data_corrupt", "an exemplar names a trace that is not listed");
    }
    read.push({ traceId, nanos: reader.varint() });
  }
  const exemplars = new ExemplarSlots();
  exemplars.merge(read);
  return { spanCount, spanSteps, self, inclusive, selfSketch, exemplars };
}

/** Writes the ids that exemplars are numbers in. */
export function writeTraceIds(writer: ByteWriter, traceIds: readonly string[]): void {
  writer.varint(traceIds.length);
  for (const id of traceIds) writer.bytes(bytesFromHex(id) ?? new Uint8Array(0));
}

/** Reads what {@link writeTraceIds} wrote. */
export function readTraceIds(reader: ByteReader): string[] {
  const ids: string[] = [];
  for (let left = reader.varint(); left > 0; left--) ids.push(hexFromBytes(reader.bytes()));
  return ids;
}

/** Writes a whole number from 0 to below 2^103. */
export function writeBig(writer: ByteWriter, value: bigint): void {
  writer.varint(Number(value & LOW_MASK));
  writer.varint(Number(value >> LOW_BITS));
}

/** Reads what {@link writeBig} wrote. */
export function readBig(reader: ByteReader): bigint {
  const low = BigInt(reader.varint());
  return low + (BigInt(reader.varint()) << LOW_BITS);
}
