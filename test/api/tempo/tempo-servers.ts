/** The API over each store, with the spans where they can lie: in memory, in sealed segments, or in both. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Span } from "../../../src/model/span.ts";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import type { ApiServer } from "../api-fixture.ts";
import { startApi } from "../api-fixture.ts";

type Requests = readonly (readonly Span[])[];

async function startLakeApi(requests: Requests, sealedRequests: number): Promise<ApiServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-tempo-"));
  const store = createLakeStore({ dataDir });
  await store.start();
  const feed = new BatchFeed(store);
  for (const request of requests.slice(0, sealedRequests)) feed.append(...request);
  await store.flush();
  for (const request of requests.slice(sealedRequests)) feed.append(...request);
  const api = await startApi([], { reader: store, catalogue: store, statistics: store });
  return {
    ...api,
    stop: async () => {
      await api.stop();
      await store.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Name of a server and how it starts. */
export const TEMPO_SERVERS: readonly (readonly [string, (requests: Requests) => Promise<ApiServer>])[] = [
  ["memory", (requests) => startApi(requests)],
  ["a lake, all sealed", (requests) => startLakeApi(requests, requests.length)],
  ["a lake, half of it sealed", (requests) => startLakeApi(requests, Math.floor(requests.length / 2))],
];
