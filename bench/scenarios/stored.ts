/** A store with spans in it: filled once, then started, asked and sent to again. */

import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../percentiles.ts";
import type { QueryClient } from "../queries/query-client.ts";
import { createQueryClient } from "../queries/query-client.ts";
import type { TracAggServer } from "../targets/tracagg-server.ts";
import { startTracAgg, tracAggKind } from "../targets/tracagg-server.ts";
import type { Ingested, LoadSettings } from "./ingest.ts";
import { cpuMicrosPerSpan, ingest } from "./ingest.ts";
import { MAIN_VARIANT } from "./ingest-variants.ts";

/** A start leaves garbage; what is resident after this long, asked nothing, is what an idle server holds. */
const IDLE_MILLIS = 5_000;

/** A filled data folder with no server on it. */
export interface Stored extends Ingested {
  readonly folder: string;
  readonly core: number | undefined;
}

/** Fills a folder. @throws Error when a request failed, since the figures would be of less than they say */
export async function fill(
  folder: string,
  { settings, core }: { settings: LoadSettings; core: number | undefined },
): Promise<Stored> {
  const ingested = await ingest(tracAggKind(core), { variant: MAIN_VARIANT, settings, folder });
  const { failedRequests, firstFailure } = ingested.figures;
  if (failedRequests > 0) throw new Error(`${failedRequests} requests failed while filling: ${firstFailure}`);
  return { ...ingested, folder, core };
}

/** Gives `use` a server over a filled folder, stopped afterwards. */
export async function withServer<T>(
  { folder, core }: Pick<Stored, "folder" | "core">,
  use: (server: TracAggServer, client: QueryClient) => Promise<T>,
): Promise<T> {
  const server = await startTracAgg(folder, core);
  const client = createQueryClient(server.ui);
  try {
    return await use(server, client);
  } finally {
    client.close();
    await server.stop();
  }
}

/** What merging the segments of a filled folder costs. */
export interface MergeFigures {
  /** Segments that went into others; none when there are too few. */
  readonly segments: number;
  /** From the server being ready until nothing is left to merge. */
  readonly seconds: number;
  /** CPU of the server in that time, for each stored span. */
  readonly cpuMicrosPerSpan: number | undefined;
  readonly peakRssBytes: number | undefined;
}

/** Lets a server merge what a filled folder holds, with nothing else to do. */
export function measureMerging(stored: Stored): Promise<MergeFigures> {
  return withServer(stored, async (server) => {
    const startedMillis = performance.now();
    const ready = server.readings();
    const segments = await server.merged();
    const merged = server.readings();
    return {
      segments,
      seconds: (performance.now() - startedMillis) / 1_000,
      cpuMicrosPerSpan: cpuMicrosPerSpan(ready, merged, stored.figures.spans),
      peakRssBytes: merged?.peakRssBytes,
    };
  });
}

/** What a start over stored spans costs. */
export interface RestartFigures {
  readonly starts: number;
  /** Median, from the start of the process until spans are taken and questions answered. */
  readonly readyMillis: number;
  /** Median of the resident memory 5 s later, with nothing asked. */
  readonly idleRssBytes: number | undefined;
}

/** Starts and stops the server a number of times. The files are in the page cache, as after a deploy. */
export async function measureRestart(stored: Stored, starts: number): Promise<RestartFigures> {
  const readyMillis: number[] = [];
  const idleRssBytes: number[] = [];
  for (let start = 0; start < starts; start++) {
    await withServer(stored, async (server) => {
      readyMillis.push(server.readyMillis);
      await sleep(IDLE_MILLIS);
      const rssBytes = server.readings()?.rssBytes;
      if (rssBytes !== undefined) idleRssBytes.push(rssBytes);
    });
  }
  return { starts, readyMillis: median(readyMillis) ?? 0, idleRssBytes: median(idleRssBytes) };
}

/** Spans the server finds, by its own statistics. */
export async function storedSpans(client: QueryClient): Promise<number> {
  const { status, body } = await client.get("/api/v1/statistics/services");
  if (status !== 200) throw new Error(`statistics: HTTP ${status}`);
  const { services } = JSON.parse(body.toString()) as {
    readonly services: readonly { readonly spanCount: number }[];
  };
  return services.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

/** @throws Error unless exactly the spans acknowledged while filling are found */
export async function checkStored(client: QueryClient, { figures }: Stored): Promise<void> {
  const found = await storedSpans(client);
  if (found !== figures.spans) {
    throw new Error(`${figures.spans} spans were acknowledged, the store has ${found}`);
  }
}
