import { expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { TraceReader } from "../../src/store/trace-reader.ts";
import { startApi } from "./api-fixture.ts";

it("stops the work of a query when its client leaves, and answers the next one", async () => {
  const store = createMemoryStore();
  let begun = () => {};
  let stopped = () => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const hasStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const reader: TraceReader = {
    trace: (traceId, signal) => store.trace(traceId, signal),
    traceIdsEndingIn: (end, signal) => store.traceIdsEndingIn(end, signal),
    traces: (traceIds, signal) => store.traces(traceIds, signal),
    scan: (query, options) => store.scan(query, options),
    scanViews: (query, options) => store.scanViews(query, options),
    scanDurations: (query, options) => store.scanDurations(query, options),
    search: (_query, { signal }) => {
      begun();
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          stopped();
          reject(signal.reason);
        });
      });
    },
  };
  const api = await startApi(undefined, { reader, limits: { maxRunning: 1, maxWaiting: 0 } });
  const client = new AbortController();
  const left = api.fetch("/api/v1/traces", { signal: client.signal });
  await hasBegun;
  client.abort();
  await expect(left).rejects.toThrow("aborted");
  await hasStopped;
  expect(await api.get("/api/v1/services")).toMatchObject({ services: ["gateway", "payment"] });
  expect(api.logged).toEqual([]);
  await api.stop();
});
