/** Profiles for speedscope (https://www.speedscope.app), by its published file format. */

import type { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { frameKey, frameLabel } from "./frame-table.ts";
import { framesTo, profileTree } from "./profile-tree.ts";

/** A file of speedscope with one sampled profile. */
export interface SpeedscopeFile {
  readonly $schema: "https://www.speedscope.app/file-format-schema.json";
  readonly name: string;
  readonly exporter: string;
  readonly activeProfileIndex: 0;
  readonly shared: { readonly frames: readonly { readonly name: string; readonly file?: string }[] };
  readonly profiles: readonly [SpeedscopeProfile];
}

/** Weighted stacks. */
export interface SpeedscopeProfile {
  readonly type: "sampled";
  readonly name: string;
  readonly unit: "nanoseconds";
  readonly startValue: 0;
  readonly endValue: number;
  /** Indexes of frames, from the root down. */
  readonly samples: readonly (readonly number[])[];
  /** Critical-path time of each sample. */
  readonly weights: readonly number[];
}

/** The file for a profile; services are in it as files. */
export function speedscopeFile(profile: CallPathProfile, name = "critical path"): SpeedscopeFile {
  const frames: { name: string; file?: string }[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (frame: ProfileFrame): number => {
    const key = frameKey(frame);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, frames.length);
    frames.push({ name: frameLabel(frame), ...(frame.service === "" ? {} : { file: frame.service }) });
    return frames.length - 1;
  };
  const samples: number[][] = [];
  const weights: number[] = [];
  let endValue = 0;
  for (const node of profileTree(profile).nodes) {
    const nanos = Math.round(nanosOfSum(node.self));
    if (nanos === 0) continue;
    samples.push(framesTo(node).map(numberOf));
    weights.push(nanos);
    endValue += nanos;
  }
  return {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    name,
    exporter: "tracagg",
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [{ type: "sampled", name, unit: "nanoseconds", startValue: 0, endValue, samples, weights }],
  };
}
