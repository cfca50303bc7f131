import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { nodeFileLayer } from "../../src/io/file-layer.ts";
import { createRollupFiles } from "../../src/store/lake/rollup-files.ts";
import type { RollupStore } from "../../src/store/rollup-store.ts";
import { NO_ROLLUP_STORE } from "../../src/store/rollup-store.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const textsIn = async (store: RollupStore): Promise<string[]> =>
  (await store.load()).flat().map((bytes) => new TextDecoder().decode(bytes));

describe("the store of statistics of the lake", () => {
  let folder: string;
  const open = (): RollupStore =>
    createRollupFiles({ dataDir: folder, layer: nodeFileLayer, logger: silentLogger });
  const files = (): string[] => readdirSync(join(folder, "rollups"));

  beforeEach(() => {
    folder = temporaryFolder();
  });

  it("holds nothing at first", async () => {
    expect(await open().load()).toEqual([]);
  });

  it("gives a whole record and the changes after it back, in their order, after a restart too", async () => {
    const store = open();
    await store.save("whole", record("all"));
    await store.save("change", record("one"));
    await store.save("change", record("two"));
    expect(await textsIn(store)).toEqual(["all", "one", "two"]);
    const again = open();
    await again.save("change", record("three"));
    expect(await textsIn(open())).toEqual(["all", "one", "two", "three"]);
  });

  it("puts a whole record in the place of all before it", async () => {
    const store = open();
    await store.save("whole", record("all"));
    await store.save("change", record("one"));
    await store.save("whole", record("anew"));
    expect(await textsIn(store)).toEqual(["anew"]);
    expect(files()).toHaveLength(1);
  });

  it("leaves a damaged record and those after it out", async () => {
    const store = open();
    for (const text of ["one", "two", "three"])
      await store.save(text === "one" ? "whole" : "change", record(text));
    const path = join(folder, "rollups", files().sort()[1] as string);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(path, bytes);
    expect(await textsIn(open())).toEqual(["one"]);
  });

  it("goes back to the whole record before when the last one is damaged and its predecessor is still there", async () => {
    const store = open();
    await store.save("whole", record("old"));
    const old = readFileSync(join(folder, "rollups", files()[0] as string));
    await store.save("whole", record("new"));
    const last = files()[0] as string;
    writeFileSync(join(folder, "rollups", "0000000000000000.whole"), old);
    writeFileSync(join(folder, "rollups", last), "short");
    expect(await textsIn(open())).toEqual(["old"]);
  });

  it("says that it is unavailable when the disk refuses, and keeps what it had", async () => {
    const store = open();
    await store.save("whole", record("all"));
    const full = createRollupFiles({
      dataDir: folder,
      logger: silentLogger,
      layer: { ...nodeFileLayer, open: () => Promise.reject(new Error("ENOSPC: no space left on device")) },
    });
    await expect(full.save("change", record("one"))).rejects.toMatchObject({ code: "unavailable" });
    expect(await textsIn(open())).toEqual(["all"]);
  });
});

it("a store that forgets everything at the end keeps no statistics either", async () => {
  await NO_ROLLUP_STORE.save("whole", record("all"));
  expect(await NO_ROLLUP_STORE.load()).toEqual([]);
});
