/** The stores there are: their names, options and factories. A new store is one file and one entry here. */

import type { Clock } from "../base/clock.ts";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { nodeFileLayer } from "../io/file-layer.ts";
import type { RollupStore } from "./rollup-store.ts";
import { NO_ROLLUP_STORE } from "./rollup-store.ts";
import type { LinksElsewhere } from "./statistics-sums.ts";
import type { TraceStore } from "./trace-store.ts";

/** What the number of an option counts; 0 of an `optional` one means "no limit". */
export type StoreOptionUnit = "bytes" | "spans" | "milliseconds" | "count";

/** One number a store can be told, as config files, flags and the reference show it. */
export interface StoreOption {
  /** camelCase, ends with its unit where it has one. */
  readonly name: string;
  readonly unit: StoreOptionUnit;
  readonly defaultValue: number;
  /** Smallest and largest value accepted. */
  readonly minimum: number;
  readonly maximum: number;
  /** One sentence: what it does and why the default is what it is. */
  readonly description: string;
}

/** What the composition root hands to every store. */
export interface StoreSettings {
  /** Folder of stores that keep files; those reject with `failed_precondition` when it is absent. */
  readonly dataDir?: string;
  /** Values by option name; an absent one has its default. */
  readonly options?: Readonly<Record<string, number>>;
  /** Attribute keys that searches by value should find fast however seldom spans have them. */
  readonly attributeColumns?: readonly string[];
  /** Version of TracAgg, noted in the files a store writes. */
  readonly version?: string;
  /** Called when a store has made spans durable by itself, with the last log position that is. */
  readonly onCovered?: (position: number) => void;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** Finds the dependency links of large traces, which would hold up the event loop. */
  readonly linksElsewhere?: LinksElsewhere;
}

/** One kind of store. */
export interface StoreKind {
  /** What the user writes: `--store memory`. */
  readonly name: string;
  /** One sentence for help and reference. */
  readonly description: string;
  /** True when what it holds survives the process; its settings then need a `dataDir`. */
  readonly isDurable: boolean;
  readonly options: readonly StoreOption[];
  /** Makes a store that is not started yet. Loads the store's code only now: `memory` needs no native module. */
  create(settings: StoreSettings): Promise<TraceStore>;
  /** Where statistics by time are kept that go with such a store. */
  createRollupStore(settings: Pick<StoreSettings, "dataDir" | "logger">): Promise<RollupStore>;
}

const MAX_BYTES = Number.MAX_SAFE_INTEGER;

const memoryStore: StoreKind = Object.freeze({
  name: "memory",
  description: "Keeps recent spans in memory only; they are gone when the process ends.",
  isDurable: false,
  options: Object.freeze([
    {
      name: "maxBytes",
      unit: "bytes",
      defaultValue: 256 * 1024 * 1024,
      minimum: 1024 * 1024,
      maximum: MAX_BYTES,
      description:
        "Memory for spans and their index; over it the oldest spans are removed. The default holds about 700,000 usual spans.",
    },
    {
      name: "maxSpans",
      unit: "spans",
      defaultValue: 2_000_000,
      minimum: 1,
      maximum: 100_000_000,
      description:
        "Spans kept; over it the oldest are removed. The default keeps a search over very small spans short.",
    },
    {
      name: "retentionAgeMillis",
      unit: "milliseconds",
      defaultValue: 0,
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description:
        "Spans that arrived longer ago are removed, at most an eighth of this time later; 0 keeps them until there is no room.",
    },
  ] satisfies StoreOption[]),
  create: async ({ options, clock, linksElsewhere }: StoreSettings) => {
    const { createMemoryStore } = await import("./memory/memory-store.ts");
    return createMemoryStore({
      ...options,
      ...(clock === undefined ? {} : { clock }),
      ...(linksElsewhere === undefined ? {} : { linksElsewhere }),
    });
  },
  createRollupStore: async () => NO_ROLLUP_STORE,
});

const lakeStore: StoreKind = Object.freeze({
  name: "lake",
  description: "Keeps spans as Parquet files in the data folder, recent ones in memory too.",
  isDurable: true,
  options: Object.freeze([
    {
      name: "sealBytes",
      unit: "bytes",
      defaultValue: 32 * 1024 * 1024,
      minimum: 1024 * 1024,
      maximum: 1024 * 1024 * 1024,
      description:
        "Bytes in memory at which they are written as a segment; the default is about 60,000 spans, which later merge with others.",
    },
    {
      name: "sealAgeMillis",
      unit: "milliseconds",
      defaultValue: 5 * 60_000,
      minimum: 1_000,
      maximum: 24 * 3_600_000,
      description:
        "Age of the oldest span in memory at which a segment is written; bounds what a restart reads again.",
    },
    {
      name: "maxHotBytes",
      unit: "bytes",
      defaultValue: 128 * 1024 * 1024,
      minimum: 1024 * 1024,
      maximum: MAX_BYTES,
      description:
        "Bytes in memory at which new spans are refused until a segment is written; the default is reached after four that failed.",
    },
    {
      name: "retentionAgeMillis",
      unit: "milliseconds",
      defaultValue: 0,
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "Segments whose last span arrived longer ago are removed; 0 keeps them.",
    },
    {
      name: "retentionBytes",
      unit: "bytes",
      defaultValue: 0,
      minimum: 0,
      maximum: MAX_BYTES,
      description: "Bytes of all segments above which the oldest is removed; 0 means no limit.",
    },
    {
      name: "queryMemoryBytes",
      unit: "bytes",
      defaultValue: 1024 * 1024 * 1024,
      minimum: 64 * 1024 * 1024,
      maximum: MAX_BYTES,
      description: "Memory of the database that reads segments; what does not fit goes to temporary files.",
    },
    {
      name: "queryConcurrency",
      unit: "count",
      defaultValue: 3,
      minimum: 1,
      maximum: 64,
      description:
        "Queries on segments at once; each holds one of libuv's threads (UV_THREADPOOL_SIZE, four by default), and the log needs one to sync.",
    },
    {
      name: "mergeSegments",
      unit: "count",
      defaultValue: 8,
      minimum: 0,
      maximum: 32,
      description:
        "Neighbouring segments of about one size that are merged into a larger one; 0 or 1 merge none. The default writes a span three or four times in all.",
    },
  ] satisfies StoreOption[]),
  create: async (settings: StoreSettings) => {
    const { options, attributeColumns, version, onCovered, logger, clock, linksElsewhere } = settings;
    const dataDir = folderOf(settings.dataDir);
    const { createLakeStore } = await import("./lake/lake-store.ts");
    return createLakeStore({
      ...options,
      dataDir,
      ...(attributeColumns === undefined ? {} : { attributeColumns }),
      ...(version === undefined ? {} : { version }),
      ...(onCovered === undefined ? {} : { onCovered }),
      ...(logger === undefined ? {} : { logger }),
      ...(clock === undefined ? {} : { clock }),
      ...(linksElsewhere === undefined ? {} : { linksElsewhere }),
    });
  },
  createRollupStore: async ({ dataDir, logger }: Pick<StoreSettings, "dataDir" | "logger">) => {
    const { createRollupFiles } = await import("./lake/rollup-files.ts");
    return createRollupFiles({
      dataDir: folderOf(dataDir),
      layer: nodeFileLayer,
      logger: logger ?? silentLogger,
    });
  },
});

function folderOf(dataDir: string | undefined): string {
  if (dataDir !== undefined) return dataDir;
  throw new TracAggError("failed_precondition", "the lake store keeps files: name a data folder with --data");
}

/** Every store by its name. */
export const STORE_KINDS: Readonly<Record<string, StoreKind>> = Object.freeze({
  lake: lakeStore,
  memory: memoryStore,
});
