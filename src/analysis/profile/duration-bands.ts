/** Critical-path time by how long the trace was: what slow traces are told from middling ones by, in sums that merge. */

import type { ByteReader, ByteWriter } from "../../base/varint-bytes.ts";
import { bucketIndex, MAX_SKETCH_NANOS } from "../latency-sketch.ts";
import type { TraceContribution } from "./call-path-profile.ts";
import { ExactSums } from "./exact-sums.ts";
import { readBig, writeBig } from "./path-sum-bytes.ts";

/** Bands an octave; a band is 4.4 % wide. */
const BANDS_PER_OCTAVE = 16;
/** Share of the traces that are slow, and where the middle begins and ends. */
const SLOW_SHARE = 0.05;
const MIDDLE_FROM = 0.4;
const MIDDLE_TO = 0.6;

/** Traces of one length, each counted once. */
interface Band {
  traceCount: number;
  /** Critical-path time by call path, in whole nanoseconds. */
  readonly self: ExactSums;
}

/** Which bands are slow, and which in the middle. */
export interface BandCuts {
  readonly traceCount: number;
  readonly p40Nanos: number;
  readonly p60Nanos: number;
  /** The bound between two bands that leaves nearest to 5 % of the traces above it. */
  readonly p95Nanos: number;
  readonly slowCount: number;
  readonly middleCount: number;
  readonly isSlow: (band: number) => boolean;
  readonly isMiddle: (band: number) => boolean;
}

/**
 * The traces of one root operation by duration. Everything is a sum of whole numbers: what was added can be taken back,
 * and merging in any grouping gives the same.
 */
export class DurationBands {
  readonly #bands: Map<number, Band> = new Map();

  /** Adds what a trace added to its profile; with sign -1 takes it back. */
  add({ durationNanos, pathCount, paths, selfNanos }: TraceContribution, sign: 1 | -1): void {
    const number = bandOf(durationNanos);
    const band = this.#band(number);
    band.traceCount += sign;
    for (let at = 0; at < pathCount; at++) {
      const path = paths[at] as number;
      band.self.reserve(path + 1);
      band.self.add(path, selfNanos[path] as number, sign);
    }
    if (band.traceCount === 0) this.#bands.delete(number);
  }

  /** Adds everything in other bands of the same numbers of call paths. */
  merge(other: DurationBands): void {
    for (const [number, { traceCount, self }] of other.#bands) {
      const band = this.#band(number);
      band.traceCount += traceCount;
      band.self.reserve(self.length);
      for (let path = 0; path < self.length; path++) band.self.addSum(path, self.at(path));
    }
  }

  /** Bands with their critical-path time by call path, shortest first; call paths without any are left out. */
  *all(): Generator<{ readonly band: number; readonly selfNanos: ReadonlyMap<number, number> }, void> {
    for (const [band, { self }] of this.#sorted()) {
      const selfNanos = new Map<number, number>();
      for (let path = 0; path < self.length; path++) {
        const nanos = self.at(path);
        if (nanos !== 0n) selfNanos.set(path, Number(nanos));
      }
      yield { band, selfNanos };
    }
  }

  /** Where slow and middling traces are. */
  cuts(): BandCuts {
    const sorted = this.#sorted();
    const traceCount = sorted.reduce((sum, [, band]) => sum + band.traceCount, 0);
    const from = bandAt(sorted, MIDDLE_FROM * traceCount);
    const to = bandAt(sorted, MIDDLE_TO * traceCount);
    const { firstSlow, slowCount } = slowEnd(sorted, to, SLOW_SHARE * traceCount);
    const isMiddle = (band: number): boolean => band >= from && band <= to;
    const middle = sorted.filter(([number]) => isMiddle(number));
    return {
      traceCount,
      p40Nanos: middleOf(from),
      p60Nanos: middleOf(to),
      p95Nanos: upperBoundOf(firstSlow - 1),
      slowCount,
      middleCount: middle.reduce((sum, [, band]) => sum + band.traceCount, 0),
      isSlow: (band) => band >= firstSlow,
      isMiddle,
    };
  }

  /** Writes what {@link mergeFrom} reads. */
  writeTo(writer: ByteWriter): void {
    const sorted = this.#sorted();
    writer.varint(sorted.length);
    for (const [number, { traceCount, self }] of sorted) {
      writer.varint(number);
      writer.varint(traceCount);
      const filled: number[] = [];
      for (let path = 0; path < self.length; path++) if (self.at(path) !== 0n) filled.push(path);
      writer.varint(filled.length);
      for (const path of filled) {
        writer.varint(path);
        writeBig(writer, self.at(path));
      }
    }
  }

  /** Adds what {@link writeTo} wrote. @throws TracAggError `data_corrupt` */
  mergeFrom(reader: ByteReader): void {
    for (let left = reader.varint(); left > 0; left--) {
      const band = this.#band(reader.varint());
      band.traceCount += reader.varint();
      for (let paths = reader.varint(); paths > 0; paths--) {
        const path = reader.varint();
        band.self.reserve(path + 1);
        band.self.addSum(path, readBig(reader));
      }
    }
  }

  #band(number: number): Band {
    let band = this.#bands.get(number);
    if (band === undefined) {
      band = { traceCount: 0, self: new ExactSums() };
      this.#bands.set(number, band);
    }
    return band;
  }

  #sorted(): [number, Band][] {
    return [...this.#bands].sort(([left], [right]) => left - right);
  }
}

/** 0 for a duration of 0; else one more than the step whose middle is 2^(step/16) ns. */
function bandOf(nanos: number): number {
  if (nanos < 1) return 0;
  return ((bucketIndex(Math.min(nanos, MAX_SKETCH_NANOS)) + 1) >> 1) + 1;
}

function middleOf(band: number): number {
  return band === 0 ? 0 : 2 ** ((band - 1) / BANDS_PER_OCTAVE);
}

function upperBoundOf(band: number): number {
  return band <= 0 ? 0 : 2 ** ((band - 0.5) / BANDS_PER_OCTAVE);
}

/** The band that holds the trace of a rank. */
function bandAt(sorted: readonly (readonly [number, Band])[], rank: number): number {
  let below = 0;
  for (const [number, { traceCount }] of sorted) {
    below += traceCount;
    if (below >= rank) return number;
  }
  return 0;
}

/** The bands above the middle that hold nearest to so many traces, one at least where there is one. */
function slowEnd(
  sorted: readonly (readonly [number, Band])[],
  middleEnd: number,
  wanted: number,
): { readonly firstSlow: number; readonly slowCount: number } {
  let firstSlow = (sorted.at(-1)?.[0] ?? 0) + 1;
  let slowCount = 0;
  for (let at = sorted.length - 1; at >= 0; at--) {
    const [number, { traceCount }] = sorted[at] as readonly [number, Band];
    const more = slowCount + traceCount;
    if (number <= middleEnd || (slowCount > 0 && more - wanted > wanted - slowCount)) break;
    firstSlow = number;
    slowCount = more;
  }
  return { firstSlow, slowCount };
}
