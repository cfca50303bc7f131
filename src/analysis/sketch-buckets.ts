/** Reading the buckets of written sketches: for each the step from the one before, then its count. */

import { ByteReader } from "../base/varint-bytes.ts";

/** How far the buckets of a sketch are read. */
export interface BucketWalk {
  readonly reader: ByteReader;
  /** Buckets to come. */
  left: number;
  /** Of the bucket read last; -1 for none. */
  index: number;
  /** Sum of the counts read. */
  sum: number;
}

/** Where buckets are added: counts from bucket `low` on, each times a unit. */
export interface BucketRun {
  readonly counts: Float64Array;
  readonly low: number;
  readonly unit: number;
}

/**
 * Adds buckets whose step and count take a byte each, nearly all there are, up to the first that is another or outside
 * the run. Answers over a day spend most of their time here: all that it needs lies in local variables.
 */
export function addShortBuckets(walk: BucketWalk, { counts, low, unit }: BucketRun): void {
  const { source, position: from } = walk.reader;
  const end = Math.min(from + walk.left * 2, source.length - 1);
  let position = from;
  let at = walk.index - low;
  let sum = 0;
  while (position < end) {
    const step = source[position] as number;
    const value = source[position + 1] as number;
    const next = at + step;
    if (step >= 0x80 || value >= 0x80 || next < 0 || next >= counts.length) break;
    const count = value * unit;
    counts[next] = (counts[next] as number) + count;
    sum += count;
    at = next;
    position += 2;
  }
  walk.reader.position = position;
  walk.left -= (position - from) / 2;
  walk.index = at + low;
  walk.sum += sum;
}

/** Goes on to the next bucket, whatever its length; its count. @throws TracAggError `data_corrupt` */
export function nextBucket(walk: BucketWalk): number {
  walk.index += walk.reader.varint();
  walk.left--;
  return walk.reader.varint();
}

/** Index of the last of the buckets to come, which are not read by that. @throws TracAggError `data_corrupt` */
export function lastIndexOf({ reader: { source, position }, left, index }: BucketWalk): number {
  const reader = new ByteReader(source);
  reader.position = position;
  let last = index;
  for (let more = left; more > 0; more--) {
    last += reader.varint();
    reader.varint();
  }
  return last;
}
