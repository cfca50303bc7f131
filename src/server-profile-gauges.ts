/** What `/metrics` says of call-path profiles and of events about bottlenecks. */

import type { LiveProfiles } from "./rollup/live-profiles.ts";

/** A gauge: its name without `tracagg_`, what it says, and its value now. */
export type ServerGauge = readonly [name: string, help: string, value: () => number];

/** A gauge for every bound, and for what was counted. */
export function profileGauges({ windows, roots, watch, feed, cut }: LiveProfiles): readonly ServerGauge[] {
  return [
    ["profile_root_operations", "Root operations told apart.", () => roots.count],
    ["profile_root_operations_overflowed", "Traces of other root operations.", () => roots.overflowedRoots],
    ["profile_paths", "Call paths told apart.", () => roots.pathCount],
    ["profile_full_root_operations", "Root operations with call paths named (other).", () => roots.fullCount],
    ["profile_windows", "Windows of profiles held.", () => windows.sizes().windows],
    ["profile_live_windows", "Of these held as sums.", () => windows.sizes().liveWindows],
    ["profile_resting_bytes", "Bytes of windows of profiles at rest.", () => windows.sizes().restingBytes],
    ["profile_too_old", "Traces before the oldest window of profiles.", () => windows.counters.tooOld],
    [
      "profile_dropped_windows",
      "Windows of profiles dropped early for memory.",
      () => windows.counters.droppedForMemory,
    ],
    ["profile_cut_traces", "Traces left out of profiles: beyond the cap of spans.", () => cut.count],
    [
      "bottleneck_root_operations",
      "Root operations watched for bottlenecks.",
      () => watch.rootOperationCount,
    ],
    ["bottleneck_ignored_windows", "Minutes of root operations not watched.", () => watch.ignoredWindows],
    ["bottleneck_started", "Bottlenecks that started.", () => feed.counters.bottleneck_started],
    ["bottleneck_moved", "Bottlenecks that moved.", () => feed.counters.bottleneck_moved],
    ["bottleneck_ended", "Bottlenecks that ended.", () => feed.counters.bottleneck_ended],
    ["bottleneck_forgotten_events", "Events that are not kept any more.", () => feed.forgotten],
    ["bottleneck_followers", "Clients that follow the events.", () => feed.listenerCount],
  ];
}
