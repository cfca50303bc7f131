import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoreKind } from "../../src/store/registry.ts";
import { STORE_KINDS } from "../../src/store/registry.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import type { OpenStore } from "./trace-store-handle.ts";
import { describeTraceStore } from "./trace-store-suite.ts";

/** Opens stores of a kind as the composition root does, each in a folder of its own. */
function opener(kind: StoreKind): OpenStore {
  return async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "tracagg-store-"));
    const startNew = async (): Promise<TraceStore> => {
      const store = await kind.create({ dataDir });
      await store.start();
      return store;
    };
    const store = await startNew();
    let current = store;
    return {
      store,
      flush: () => current.flush(),
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
}

for (const kind of Object.values(STORE_KINDS)) {
  const options = { isDurable: kind.isDurable, propertyRuns: kind.isDurable ? 10 : 100 };
  describeTraceStore(kind.name, opener(kind), options);
}
