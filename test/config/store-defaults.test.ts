import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { STORE_KINDS } from "../../src/store/registry.ts";

const { store } = loadConfig({ env: {}, cwd: "/", flags: {} }).config;

/** Names that configuration gives to options of a store. */
const CONFIGURED = {
  memory: { maxBytes: store.memory.maxBytes },
  lake: {
    sealBytes: store.lake.sealBytes,
    sealAgeMillis: store.lake.sealAgeMillis,
    maxHotBytes: store.lake.maxHotBytes,
    queryMemoryBytes: store.lake.memoryLimitBytes,
    queryConcurrency: store.lake.queryConcurrency,
    mergeSegments: store.lake.mergeSegments,
  },
};

describe("defaults of configuration", () => {
  it.each(Object.entries(CONFIGURED))("are those the %s store has by itself", (name, configured) => {
    const own = Object.fromEntries(
      STORE_KINDS[name]?.options.map((option) => [option.name, option.defaultValue]) ?? [],
    );
    expect(own).toMatchObject(configured);
  });
});
