/** Options of the lake store, each with its default and reason. */

import type { Worker } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import { systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { silentLogger } from "../../base/logger.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { nodeFileLayer } from "../../io/file-layer.ts";
import type { LinksElsewhere } from "../statistics-sums.ts";
import type { ThinningPolicy } from "./thinning.ts";

const MEBIBYTE = 1024 * 1024;

/** Runs a task again and again; returns what ends that. */
export type Schedule = (everyMillis: number, task: () => void) => () => void;

/** What a lake store is told. */
export interface LakeStoreOptions {
  /** The data folder; the store uses `segments`, `segments-quarantine` and `tmp` in it. */
  readonly dataDir: string;
  /** Version noted in each segment; for people. */
  readonly version?: string;
  /** Hot bytes at which a seal begins. Default 32 MiB: about 60,000 spans, which later merge with others. */
  readonly sealBytes?: number;
  /** Age of the oldest hot span at which a seal begins. Default 5 minutes: bounds what a restart replays. */
  readonly sealAgeMillis?: number;
  /** Hot bytes at which `isOverloaded()` turns true. Default 128 MiB: four seals that did not succeed. */
  readonly maxHotBytes?: number;
  /** Age since arrival after which a segment is removed. Default 0: never. */
  readonly retentionAgeMillis?: number;
  /** Bytes of all segments above which the oldest is removed. Default 0: no limit. */
  readonly retentionBytes?: number;
  /** Memory of the reading database. Default 1 GiB. */
  readonly queryMemoryBytes?: number;
  /**
   * Threads that one query on segments is spread over. Default 1: two cost a lookup a third more CPU, since one waits
   * for the other, and queries run beside each other anyway.
   */
  readonly queryThreads?: number;
  /**
   * Queries on segments at once. Default 3: each holds one of libuv's four threads (`UV_THREADPOOL_SIZE`), and the
   * ingest log needs one to sync.
   */
  readonly queryConcurrency?: number;
  /** Queries that may wait for their turn. Default 256; one more is refused with `overloaded`. */
  readonly maxWaitingQueries?: number;
  /** Memory of the sealing database. Default 512 MiB, several times what a seal of the default size needs. */
  readonly sealMemoryBytes?: number;
  /**
   * Time without a seal after which segments are merged, in milliseconds. Default 10 s: a load that seals more often needs
   * the processor itself.
   */
  readonly mergeQuietMillis?: number;
  /** Spans that a merge of segments sorts at once. Default 131,072: some 100 MiB while it does. */
  readonly spansSortedAtOnce?: number;
  /** Attribute keys that get a column in new segments whenever a span has them, however seldom. Default none. */
  readonly attributeColumns?: readonly string[];
  /**
   * Neighbouring segments of about one size that are merged into one; below 2 none ever are. Default 8: a span
   * is then written three or four times in all, and a day of segments is some dozens.
   */
  readonly mergeSegments?: number;
  /** Says which traces a merge leaves out. Default: none, nothing is ever left out. */
  readonly thinning?: ThinningPolicy;
  /**
   * Milliseconds after `stop` in which a further seal may begin. Default 4,000: one takes a few seconds and a stop is to
   * end within ten. What is not sealed then stays in the ingest log and is read back at the next start.
   */
  readonly stopSealMillis?: number;
  /** Called after each seal with the last log position the store now holds durably by itself. */
  readonly onCovered?: (position: number) => void;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly fileLayer?: FileLayer;
  /** Default: `setInterval`, not keeping the process alive. */
  readonly schedule?: Schedule;
  /** Finds the dependency links of large hot traces; absent: they are found on the event loop. */
  readonly linksElsewhere?: LinksElsewhere;
  /** Makes the sealing thread; tests pass broken ones. */
  readonly startSealWorker?: () => Worker;
  /** Makes a merging thread; tests pass broken ones. */
  readonly startMergeWorker?: () => Worker;
}

/** Options without a default. */
type NoDefault = "startSealWorker" | "startMergeWorker" | "thinning" | "linksElsewhere";

/** The options with every default filled in. */
export interface LakeSettings extends Required<Omit<LakeStoreOptions, NoDefault>> {
  readonly startSealWorker: (() => Worker) | undefined;
  readonly startMergeWorker: (() => Worker) | undefined;
  readonly thinning: ThinningPolicy | undefined;
  readonly linksElsewhere: LinksElsewhere | undefined;
}

const DEFAULTS: Omit<LakeSettings, "dataDir" | NoDefault> = Object.freeze({
  version: "unknown",
  sealBytes: 32 * MEBIBYTE,
  sealAgeMillis: 5 * 60_000,
  maxHotBytes: 128 * MEBIBYTE,
  retentionAgeMillis: 0,
  retentionBytes: 0,
  queryMemoryBytes: 1024 * MEBIBYTE,
  queryThreads: 1,
  queryConcurrency: 3,
  maxWaitingQueries: 256,
  sealMemoryBytes: 512 * MEBIBYTE,
  mergeQuietMillis: 10_000,
  spansSortedAtOnce: 131_072,
  attributeColumns: [],
  mergeSegments: 8,
  stopSealMillis: 4_000,
  onCovered: () => {},
  logger: silentLogger,
  clock: systemClock,
  fileLayer: nodeFileLayer,
  schedule: everyInterval,
});

/** Fills the defaults in; an option that is there but undefined counts as absent. */
export function lakeSettings(options: LakeStoreOptions): LakeSettings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return {
    ...DEFAULTS,
    startSealWorker: undefined,
    startMergeWorker: undefined,
    thinning: undefined,
    linksElsewhere: undefined,
    ...(Object.fromEntries(given) as unknown as LakeStoreOptions),
  };
}

function everyInterval(everyMillis: number, task: () => void): () => void {
  const timer = setInterval(task, everyMillis);
  timer.unref();
  return () => clearInterval(timer);
}
