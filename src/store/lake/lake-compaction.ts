/** The compactor of a lake store: which thread merges, and how a merged segment comes into use. */

import { Compactor } from "./compactor.ts";
import type { LakeSettings } from "./lake-options.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import { runLimits } from "./merge-runs.ts";
import { MergeThread } from "./merge-thread.ts";
import type { Segment } from "./segment.ts";
import type { SegmentSet } from "./segment-set.ts";
import { tracesLeftOut } from "./thinning.ts";

/** What of the store a compactor works with. */
export interface CompactionParts {
  readonly set: SegmentSet;
  readonly temporaryDirectory: string;
  /** Lends the store as it is now. */
  withSnapshot<T>(work: (snapshot: LakeSnapshot) => Promise<T>): Promise<T>;
  /** Runs what must not happen while somebody takes a snapshot. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Called in the step in which segments are replaced. */
  onReplaced(inputs: readonly Segment[]): void;
}

/** Makes the compactor. */
export function lakeCompactor(settings: LakeSettings, parts: CompactionParts): Compactor {
  const { set, temporaryDirectory } = parts;
  const { fileLayer: layer, logger, clock, version: writtenBy, thinning } = settings;
  const thread = new MergeThread(settings.startMergeWorker);
  return new Compactor({
    set,
    limits: runLimits(settings),
    layer,
    logger,
    clock,
    writtenBy,
    temporaryDirectory,
    memoryLimitBytes: settings.sealMemoryBytes,
    spansSortedAtOnce: settings.spansSortedAtOnce,
    attributeKeys: settings.attributeColumns,
    leftOut: async (inputs) =>
      thinning === undefined
        ? new Set<string>()
        : parts.withSnapshot((snapshot) => tracesLeftOut(thinning, inputs, snapshot)),
    merge: (request) => thread.merge(request),
    cancel: () => thread.cancel(),
    publish: (name, meta, inputs) =>
      parts.inTurn(async () => {
        if (!set.has(inputs)) return false;
        const { segment } = await set.publish(name, meta);
        // Asked again: reading may have found damage in one while the new segment was opened.
        if (!set.has(inputs)) return false;
        // One step: no query sees spans of the inputs twice or not at all.
        set.replace(segment, inputs);
        parts.onReplaced(inputs);
        return true;
      }),
  });
}
