/** The contract of the store ports on a lake store that merges all its segments after every flush. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLakeStore } from "../../src/store/lake/lake-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import type { OpenStore } from "./trace-store-handle.ts";
import { describeTraceStore } from "./trace-store-suite.ts";

const openMerging: OpenStore = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-store-"));
  let tick = (): void => {};
  const startNew = async (): Promise<TraceStore> => {
    const store = createLakeStore({
      dataDir,
      mergeSegments: 2,
      mergeQuietMillis: 0,
      // So few that the spans of most merges are sorted range by range.
      spansSortedAtOnce: 3,
      schedule: (_, task) => {
        tick = task;
        return () => {};
      },
    });
    await store.start();
    return store;
  };
  const store = await startNew();
  let current = store;
  return {
    store,
    flush: async () => {
      await current.flush();
      while (current.gauges()["compacting"] === 1) {
        tick();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { segments, compaction_failures: failures } = current.gauges();
      if (segments! > 1 || failures! > 0) throw new Error(`${segments} segments, ${failures} failed merges`);
    },
    reopen: async () => {
      await current.stop();
      current = await startNew();
      return current;
    },
    close: async () => {
      await current.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

describeTraceStore("lake that merges", openMerging, { isDurable: true, propertyRuns: 10 });
