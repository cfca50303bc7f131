/** Ingest at full speed into an empty folder: the same load to every backend, in turn. */

import type { LoadOrder, LoadResult } from "../load/load-order.ts";
import { runLoad } from "../load/run-load.ts";
import { withTemporaryFolder } from "../machine/child-process.ts";
import { folderBytes } from "../machine/disk-use.ts";
import type { ProcessReadings } from "../machine/process-readings.ts";
import type { Target, TargetKind } from "../targets/target.ts";
import type { IngestFigures } from "./ingest-figures.ts";
import { medianFigures } from "./ingest-figures.ts";
import type { IngestVariant } from "./ingest-variants.ts";

/** What the load of a run is made of, besides the way it is sent. */
export type LoadSettings = Pick<
  LoadOrder,
  "spans" | "spansPerSecond" | "concurrency" | "seed" | "corpusFolder"
>;

/** Figures, and what queries over the data need. */
export interface Ingested {
  readonly figures: IngestFigures;
  readonly sampleTraceIds: readonly string[];
}

/** Sends one load to one backend, waits until it is done with it and ends it. */
export async function ingest(
  kind: TargetKind,
  { variant, settings, folder }: { variant: IngestVariant; settings: LoadSettings; folder: string },
): Promise<Ingested> {
  const dataFolder = kind.dataFolder(folder);
  const bytesBefore = dataFolder === undefined ? 0 : folderBytes(dataFolder);
  const target = await kind.start(folder);
  const readings: (ProcessReadings | undefined)[] = [target.readings()];
  const load = await runLoad(orderFor(target, variant, settings));
  const ackedMillis = performance.now();
  readings.push(target.readings());
  const settledMillis = await target.settled();
  readings.push(await target.stop());
  const restMillis = (settledMillis ?? performance.now()) - ackedMillis;
  const diskBytes = dataFolder === undefined ? undefined : folderBytes(dataFolder) - bytesBefore;
  const [start, acked, sealed] = readings;
  return {
    sampleTraceIds: load.sampleTraceIds,
    figures: {
      variant: variant.name,
      target: kind.name,
      ...loadFigures(load),
      sealedSpansPerSecond: (load.spans * 1_000) / (load.wallMillis + restMillis),
      ackedCpuMicrosPerSpan: cpuMicrosPerSpan(start, acked, load.spans),
      sealedCpuMicrosPerSpan: cpuMicrosPerSpan(start, sealed, load.spans),
      peakRssBytes: sealed?.peakRssBytes,
      diskBytesPerSpan: diskBytes === undefined ? undefined : diskBytes / load.spans,
    },
  };
}

/** The order that brings a load to a running backend. */
export function orderFor(target: Target, variant: IngestVariant, settings: LoadSettings): LoadOrder {
  const endpoint = target.endpoints[variant.protocol];
  if (endpoint === undefined) throw new Error(`the backend takes no ${variant.protocol}`);
  return { ...settings, ...variant, endpoint };
}

function loadFigures(load: LoadResult) {
  return {
    spans: load.spans,
    requests: load.requests,
    failedRequests: load.failedRequests,
    firstFailure: load.firstFailure,
    retries: load.retries,
    ackedSpansPerSecond: (load.spans * 1_000) / load.wallMillis,
    latencyMillis: load.latencyMillis,
    generatorCpuShare: (load.ownCpuSeconds * 1_000) / load.wallMillis,
  };
}

/** CPU between two readings for each span; undefined when one is missing. */
export function cpuMicrosPerSpan(
  from: ProcessReadings | undefined,
  to: ProcessReadings | undefined,
  spans: number,
): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  return ((to.cpuSeconds - from.cpuSeconds) * 1e6) / spans;
}

/** What runs in which order. */
export interface IngestRounds {
  readonly kinds: readonly TargetKind[];
  readonly variants: readonly IngestVariant[];
  readonly rounds: number;
  readonly settings: LoadSettings;
  readonly onFigures: (figures: IngestFigures) => void;
}

/**
 * Every variant on every backend, in turn and in the other order in every second round, so that a machine that gets
 * slower or faster meanwhile is no backend's advantage. Medians over the rounds.
 */
export async function ingestInRounds(run: IngestRounds): Promise<IngestFigures[]> {
  const medians: IngestFigures[] = [];
  let seed = run.settings.seed;
  for (const variant of run.variants) {
    const kinds = run.kinds.filter(({ protocols }) => protocols.includes(variant.protocol));
    const rows: IngestFigures[] = [];
    for (let round = 0; round < run.rounds; round++) {
      for (const kind of round % 2 === 0 ? kinds : [...kinds].reverse()) {
        // A backend that keeps its data between runs must not see an id twice.
        const settings = { ...run.settings, seed: seed++ };
        const { figures } = await withTemporaryFolder((folder) =>
          ingest(kind, { variant, settings, folder }),
        );
        run.onFigures(figures);
        rows.push(figures);
      }
    }
    for (const { name } of kinds) medians.push(medianFigures(rows.filter(({ target }) => target === name)));
  }
  return medians;
}
