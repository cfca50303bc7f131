/** The stores there are: their names, options and factories. A new store is one file and one entry here. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
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
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
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
  create: async ({ options, clock }: StoreSettings) => {
    const { createMemoryStore } = await import("./memory/memory-store.ts");
    return createMemoryStore({ ...options, ...(clock === undefined ? {} : { clock }) });
  },
});

/** Every store by its name. */
export const STORE_KINDS: Readonly<Record<string, StoreKind>> = Object.freeze({
  memory: memoryStore,
});
