/** The live statistics of a server: composed, brought back, kept going. */

import { randomInt } from "node:crypto";
import type { Clock } from "./base/clock.ts";
import type { Logger } from "./base/logger.ts";
import type { Metrics } from "./base/metrics.ts";
import type { CommittedBatch } from "./batch/committed-batch.ts";
import { LogCatchUp } from "./ingest/log-catch-up.ts";
import { replayLog } from "./ingest/replay-log.ts";
import type { IngestLog } from "./log/ingest-log.ts";
import { LiveStatistics } from "./rollup/live-statistics.ts";
import { StatisticsKeeper } from "./rollup/statistics-keeper.ts";
import type { ServerGauge } from "./server-profile-gauges.ts";
import { profileGauges } from "./server-profile-gauges.ts";
import type { RollupStore } from "./store/rollup-store.ts";
import type { SpanWriter } from "./store/span-writer.ts";

/** What statistics of a server need. */
export interface ServerStatisticsParts {
  /** Both started. */
  readonly log: IngestLog;
  readonly store: SpanWriter;
  readonly rollups: RollupStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onCovered: (position: number) => void;
}

/** Statistics that may not be up to date yet. */
export interface ServerStatistics {
  /** Takes a new batch in. */
  append(committed: CommittedBatch): void;
  /** True while so much waits for older spans that new ones have to be refused. */
  isOverloaded(): boolean;
  /** The statistics as they are. */
  current(): LiveStatistics;
  /** Resolves once they have everything that came before the start. */
  upToDate(signal?: AbortSignal): Promise<void>;
  /** Begins to read what they miss from the log, then lets time go on for them. */
  begin(): void;
  stop(): Promise<void>;
}

/**
 * Makes statistics with what was stored of them, and reads back what the log holds and the store does not. What only
 * statistics miss, mostly spans that are read for their copies to be known, is read after {@link ServerStatistics.begin}.
 */
export async function startStatistics(parts: ServerStatisticsParts): Promise<ServerStatistics> {
  const { log, store, rollups, clock, logger, metrics, onCovered } = parts;
  // Senders choose trace ids; with a seed of this process's own they cannot choose where they collide.
  const statistics = new LiveStatistics({ seed: randomInt(2 ** 31) });
  const keeper = new StatisticsKeeper({
    statistics,
    store: rollups,
    clock,
    logger,
    onCovered,
    nextLogPosition: () => log.nextPosition(),
  });
  await keeper.load();
  const isOlder = keeper.hasLoaded || store.coveredPosition() >= 0;
  // A data folder from before there were profiles: stored traces answer for what came until now.
  if (isOlder && !keeper.hasProfiles) statistics.profiles.windows.beginAt(clock.nowMillis() / 1_000);
  const saidFromPosition = store.coveredPosition() + 1;
  const replayed = await replayLog({ log, store, logger, metrics });
  if (replayed.records > 0) logger.info("recovered from the ingest log", { ...replayed });
  const catchUp = new LogCatchUp({
    log,
    follower: keeper,
    untilPosition: log.nextPosition(),
    saidFromPosition,
    onDone: () => keeper.start(),
    logger,
    metrics,
  });
  const waitingSpans = () => catchUp.waitingSpans + keeper.waitingSpans;
  const gauges = [
    ...statisticsGauges(statistics, keeper, waitingSpans),
    ...profileGauges(statistics.profiles),
  ];
  for (const [name, help, value] of gauges) metrics.gauge({ name: `tracagg_${name}`, help }, value);
  return {
    append: (committed) => catchUp.append(committed),
    isOverloaded: () => catchUp.isOverloaded(),
    current: () => keeper.current(),
    upToDate: (signal) => catchUp.done(signal),
    begin: () => catchUp.begin(),
    stop: async () => {
      await catchUp.stop();
      // What is half read must not be stored as if it were all.
      if (catchUp.isDone) await keeper.stop();
    },
  };
}

function statisticsGauges(
  statistics: LiveStatistics,
  keeper: StatisticsKeeper,
  waitingSpans: () => number,
): readonly ServerGauge[] {
  const { window, rollups, operations, edges, topology } = statistics;
  const { places, links } = topology;
  return [
    ["window_open_traces", "Traces that are not complete.", () => window.openTraces],
    ["window_spans", "Spans of open traces and of those kept for late spans.", () => window.spanCount],
    ["window_bytes", "Bytes of the trace window.", () => window.byteSize],
    ["window_complete_quiet", "Traces complete since no span came.", () => window.counters.quiet],
    [
      "window_complete_whole",
      "Traces complete since all their parents were there.",
      () => window.counters.whole,
    ],
    ["window_complete_span_cap", "Traces cut at their cap of spans.", () => window.counters.spanCap],
    ["window_complete_time_cap", "Traces complete at their cap of time.", () => window.counters.timeCap],
    ["window_complete_memory_cap", "Traces complete early for memory.", () => window.counters.memoryCap],
    ["window_reopened", "Complete traces worked out again for late spans.", () => window.counters.reopened],
    ["window_duplicates", "Spans that were there already.", () => window.counters.duplicates],
    ["rollup_operations", "Operations told apart.", () => operations.count],
    ["rollup_operations_overflowed", "Spans counted as other operations.", () => operations.overflowed],
    ["rollup_edges", "Edges told apart.", () => edges.count],
    ["rollup_edges_overflowed", "Calls counted on edges of other operations.", () => edges.overflowed],
    ["rollup_places", "Places told apart.", () => places.count],
    ["rollup_places_overflowed", "Resources counted at other places.", () => places.overflowed],
    ["rollup_links", "Links between places told apart, of all days.", () => links.count],
    ["rollup_links_overflowed", "Calls counted between other places.", () => links.overflowed],
    ["rollup_topology_bytes", "Topology at rest, in bytes.", () => topology.rollups.sizes().restingBytes],
    [
      "rollup_topology_dropped_windows",
      "Windows of the topology dropped early for memory.",
      () => topology.rollups.counters.droppedForMemory,
    ],
    ["rollup_windows", "Windows of time held.", () => rollups.sizes().windows],
    ["rollup_resting_bytes", "Bytes of windows of time at rest.", () => rollups.sizes().restingBytes],
    [
      "rollup_sum_bytes",
      "Bytes of sums of windows at rest, kept for answers.",
      () => rollups.sumSizes().bytes,
    ],
    ["rollup_dropped_sums", "Sums of windows at rest dropped for memory.", () => rollups.sumSizes().dropped],
    ["rollup_too_old", "Spans and calls before the oldest window.", () => rollups.counters.tooOld],
    ["rollup_dropped_windows", "Windows dropped early for memory.", () => rollups.counters.droppedForMemory],
    ["rollup_failed_saves", "Times statistics could not be stored.", () => keeper.failedSaves],
    ["rollup_waiting_spans", "Spans that are not in the statistics yet.", waitingSpans],
    ["rollup_failed_batches", "Requests that could not be counted.", () => keeper.failedBatches],
  ];
}
