/** What profiles hold, as plain sorted text that can be compared; exemplars left out, which depend on what was taken back. */

import { LatencySketch } from "../../src/analysis/latency-sketch.ts";
import { CallPathProfile } from "../../src/analysis/profile/call-path-profile.ts";
import { frameLabel } from "../../src/analysis/profile/frame-table.ts";
import type { ProfileNode } from "../../src/analysis/profile/profile-tree.ts";
import { framesTo, profileTree } from "../../src/analysis/profile/profile-tree.ts";
import { atOnce } from "../../src/base/time-slice.ts";
import { ByteReader } from "../../src/base/varint-bytes.ts";
import type { LiveStatistics } from "../../src/rollup/live-statistics.ts";

const ALL = { start: 0, end: 4e9 };

/** The profile of everything in the windows. */
export function windowed({ profiles }: LiveStatistics): CallPathProfile {
  const sum = new CallPathProfile({ frames: profiles.frames.table });
  for (const { root, bytes } of profiles.pieces(ALL, () => true, Number.POSITIVE_INFINITY)) {
    const one = profiles.emptyProfile(root);
    atOnce(one.mergeFrom(new ByteReader(bytes)));
    sum.merge(one.profile);
  }
  return sum;
}

function pathText(node: ProfileNode): string {
  return framesTo(node).map(frameLabel).join(" > ");
}

/** Everything but the exemplars, in an order of names. */
export function sumsOf(profile: CallPathProfile): { totals: unknown; durations: string[]; nodes: string[] } {
  const durations = [...profile.durations()]
    .map(([frame, sketch]) => `${frameLabel(profile.frames.frame(frame))} ${sketch.toBytes()}`)
    .sort();
  const nodes = profileTree(profile)
    .nodes.map(
      (node) =>
        `${pathText(node)} ${node.spanCount} ${node.spanSteps} ${node.self} ${node.inclusive} ${(node.selfSketch ?? new LatencySketch()).toBytes()}`,
    )
    .sort();
  return { totals: profile.totals, durations, nodes };
}
