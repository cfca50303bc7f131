/** The traces of one root operation in one window of time: their call-path profile, and where the slow ones are. */

import { LatencySketch } from "../analysis/latency-sketch.ts";
import { CallPathProfile } from "../analysis/profile/call-path-profile.ts";
import { DurationBands } from "../analysis/profile/duration-bands.ts";
import {
  isWholeSum,
  readSum,
  readTraceIds,
  writeSum,
  writeTraceIds,
} from "../analysis/profile/path-sum-bytes.ts";
import type { PathSum } from "../analysis/profile/path-sums.ts";
import type { TracePaths } from "../analysis/profile/trace-paths.ts";
import { WEIGHT_STEPS } from "../analysis/weight-steps.ts";
import type { Steps } from "../base/time-slice.ts";
import type { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import type { TraceColumns } from "../model/trace-columns.ts";
import type { OperationFrames } from "./operation-frames.ts";
import type { ProfileRoot } from "./profile-roots.ts";

/** What profiles of windows share. */
export interface ProfileParts {
  readonly frames: OperationFrames;
  readonly working: TracePaths;
}

/** One root operation's sums. */
export class RootProfile {
  readonly profile: CallPathProfile;
  readonly bands: DurationBands = new DurationBands();
  readonly #frames: OperationFrames;

  constructor({ paths }: ProfileRoot, { frames, working }: ProfileParts) {
    this.#frames = frames;
    this.profile = new CallPathProfile({ frames: frames.table, paths, working });
  }

  /** Adds a trace that stands for so many; with sign -1 takes it back. */
  add(columns: TraceColumns, weight: number, sign: 1 | -1): void {
    const { profile } = this;
    this.bands.add(sign === 1 ? profile.add(columns, weight) : profile.remove(columns, weight), sign);
  }

  /** Adds everything in another profile of this root operation. */
  merge(other: RootProfile): void {
    this.profile.merge(other.profile);
    this.bands.merge(other.bands);
  }

  /** True when all that was added was taken back. */
  get isEmpty(): boolean {
    return this.profile.totals.traceCount === 0;
  }

  /** Writes what {@link RootProfile.mergeFrom} reads. */
  writeTo(writer: ByteWriter): void {
    const { totals } = this.profile;
    const sums = this.#filledSums();
    const traceIds = new Set<string>();
    for (const [, { exemplars }] of sums)
      for (const { traceId } of exemplars?.all() ?? []) traceIds.add(traceId);
    const isWhole = sums.every(([, sum]) => isWholeSum(sum));
    writer.varint(totals.traceCount);
    writer.varint(totals.traceSteps);
    writer.varint(totals.spanCount);
    writer.varint(isWhole ? 1 : 0);
    writeTraceIds(writer, [...traceIds]);
    const durations = [...this.profile.durations()];
    writer.varint(durations.length);
    for (const [frame, sketch] of durations) {
      writer.varint(this.#frames.codeOf(frame));
      sketch.writeTo(writer);
    }
    const numbers = new Map([...traceIds].map((id, number) => [id, number]));
    writer.varint(sums.length);
    for (const [path, sum] of sums) {
      writer.varint(path);
      writeSum(writer, sum, isWhole ? WEIGHT_STEPS : 1, numbers);
    }
    this.bands.writeTo(writer);
  }

  /** Adds what {@link RootProfile.writeTo} wrote, in slices. @throws TracAggError `data_corrupt` */
  *mergeFrom(reader: ByteReader): Steps<void> {
    const totals = { traceCount: reader.varint(), traceSteps: reader.varint(), spanCount: reader.varint() };
    const factor = reader.varint() === 0 ? 1 : WEIGHT_STEPS;
    const traceIds = readTraceIds(reader);
    const durations = new Map<number, LatencySketch>();
    for (let left = reader.varint(); left > 0; left--) {
      const frame = this.#frames.frameOfCode(reader.varint());
      durations.set(frame, LatencySketch.readFrom(reader));
    }
    this.profile.restore(totals, durations, new Map());
    for (let left = reader.varint(); left > 0; left--) {
      this.profile.restorePath(reader.varint(), readSum(reader, factor, traceIds));
      yield 1;
    }
    this.bands.mergeFrom(reader);
  }

  #filledSums(): (readonly [path: number, sum: PathSum])[] {
    const { profile } = this;
    const filled: [number, PathSum][] = [];
    for (let path = 1; path < profile.paths.count; path++) {
      const sum = profile.at(path);
      if (sum.spanCount !== 0 || sum.self !== 0n || sum.inclusive !== 0n) filled.push([path, sum]);
    }
    return filled;
  }
}
