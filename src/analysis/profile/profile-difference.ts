/** Two profiles against each other: where the share of the time grew and where it shrank. */

import { weightOfSteps } from "../weight-steps.ts";
import type { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { compareFrames, frameKey } from "./frame-table.ts";
import type { ProfileNode } from "./profile-tree.ts";
import { framesTo, profileTree } from "./profile-tree.ts";

/** One call path in both profiles. */
export interface PathShareChange {
  /** From the root down. */
  readonly frames: readonly ProfileFrame[];
  /** Of the critical-path time of all traces before, 0 to 1. */
  readonly beforeShare: number;
  readonly afterShare: number;
  /** `afterShare` - `beforeShare`. */
  readonly shareDelta: number;
  /** Critical-path time a trace, over all traces of the profile. */
  readonly beforeMeanNanos: number;
  readonly afterMeanNanos: number;
}

/** Call paths with critical-path time of their own in either profile. */
export interface ProfileDifference {
  /** Largest change first, whichever way. */
  readonly paths: readonly PathShareChange[];
}

interface Side {
  readonly share: number;
  readonly meanNanos: number;
}

const NOWHERE: Side = Object.freeze({ share: 0, meanNanos: 0 });

/**
 * Profiles over different times or numbers of traces compare by shares, which sum to 1 in each; their differences sum to
 * 0. Exchanging the profiles turns every sign.
 */
export function profileDifference(before: CallPathProfile, after: CallPathProfile): ProfileDifference {
  const old = sidesOf(before);
  const now = sidesOf(after);
  const paths = [...new Map([...old, ...now])].map(([key, { frames }]): PathShareChange => {
    const from = old.get(key) ?? NOWHERE;
    const to = now.get(key) ?? NOWHERE;
    return {
      frames,
      beforeShare: from.share,
      afterShare: to.share,
      shareDelta: to.share - from.share,
      beforeMeanNanos: from.meanNanos,
      afterMeanNanos: to.meanNanos,
    };
  });
  return { paths: paths.sort(compareChanges) };
}

function sidesOf(profile: CallPathProfile): Map<string, Side & { readonly frames: readonly ProfileFrame[] }> {
  const { nodes, totals } = profileTree(profile);
  const weight = weightOfSteps(totals.traceSteps);
  const sides = nodes
    .filter(({ self }) => self > 0n)
    .map((node) => [keyOf(node), sideOf(node, weight)] as const);
  return new Map(sides);
}

function sideOf(node: ProfileNode, weight: number): Side & { readonly frames: readonly ProfileFrame[] } {
  return { frames: framesTo(node), share: node.share, meanNanos: nanosOfSum(node.self) / weight };
}

function keyOf(node: ProfileNode): string {
  return framesTo(node).map(frameKey).join("\u0001");
}

function compareChanges(left: PathShareChange, right: PathShareChange): number {
  const byChange = Math.abs(right.shareDelta) - Math.abs(left.shareDelta);
  return byChange || comparePaths(left.frames, right.frames);
}

/** By frames from the root down, shorter ones first. */
export function comparePaths(left: readonly ProfileFrame[], right: readonly ProfileFrame[]): number {
  for (const [at, frame] of left.entries()) {
    const other = right[at];
    const order = other === undefined ? 1 : compareFrames(frame, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
