/** Folded stacks: one line a call path, as flame graph scripts read them. */

import type { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import { frameLabel } from "./frame-table.ts";
import type { ProfileDifference } from "./profile-difference.ts";
import type { ProfileNode } from "./profile-tree.ts";
import { framesTo, profileTree } from "./profile-tree.ts";

/** Shares of a difference are written as so many parts of a whole: scripts read whole numbers. */
const PARTS = 1_000_000_000;

/** `a;b;c nanoseconds` for every call path with critical-path time of its own, parents first. */
export function* foldedStacks(profile: CallPathProfile): Generator<string, void> {
  for (const node of profileTree(profile).nodes) {
    const nanos = Math.round(nanosOfSum(node.self));
    if (nanos > 0) yield `${stackOf(node)} ${nanos}\n`;
  }
}

/** `a;b;c before after`: the lines that difference flame graphs are drawn from, shares in parts of 1,000,000,000. */
export function* foldedDifference({ paths }: ProfileDifference): Generator<string, void> {
  for (const { frames, beforeShare, afterShare } of paths) {
    const stack = frames.map((frame) => stackPart(frameLabel(frame))).join(";");
    yield `${stack} ${Math.round(beforeShare * PARTS)} ${Math.round(afterShare * PARTS)}\n`;
  }
}

function stackOf(node: ProfileNode): string {
  return framesTo(node)
    .map((frame) => stackPart(frameLabel(frame)))
    .join(";");
}

/** The form has no escapes: what would end a part or a line becomes a character that looks like it. */
function stackPart(label: string): string {
  return label.replace(/;/g, ",").replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ");
}
