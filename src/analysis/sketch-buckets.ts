/** Reading the buckets of written sketches: for each the step from the one before, then its count. */

import { ByteReader } from "../base/varint-bytes.ts";

/** A step of one byte and a count of three. */
const MAX_SHORT_BYTES = 4;

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
 * Adds buckets up to the first that lies outside the run, takes many bytes or lies near the end of them. Answers over a
 * day spend most of their time here: all that it needs lies in local variables.
 */
export function addShortBuckets(walk: BucketWalk, { counts, low, unit }: BucketRun): void {
  const { source } = walk.reader;
  const last = source.length - MAX_SHORT_BYTES;
  let { position } = walk.reader;
  let { left } = walk;
  let at = walk.index - low;
  let sum = 0;
  while (left > 0 && position <= last) {
    const next = at + (source[position] as number);
    let value = source[position + 1] as number;
    let length = 2;
    if (value >= 0x80) {
      value = (value & 0x7f) | ((source[position + 2] as number) << 7);
      length = 3;
    }
    if (value >= 0x4000) {
      value = (value & 0x3fff) | ((source[position + 3] as number) << 14);
      length = 4;
    }
    if ((source[position] as number) >= 0x80 || value >= 0x20_0000) break;
    if (next < 0 || next >= counts.length) break;
    const count = value * unit;
    counts[next] = (counts[next] as number) + count;
    sum += count;
    at = next;
    position += length;
    left--;
  }
  walk.reader.position = position;
  walk.left = left;
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
