import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import { Images } from "../../helpers/power-loss-rig.ts";
import type { DiskHook } from "../../helpers/recording-file-layer.ts";
import { diskError, RecordingFileLayer } from "../../helpers/recording-file-layer.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { answersOf, FIRST, SECOND, sealedApart } from "./compaction-fixture.ts";
import { LakeFolder, mergeAll } from "./lake-fixture.ts";

const INPUTS = ["0000000000000000-0000000000000000", "0000000000000001-0000000000000001"];
const MERGED = "0000000000000000-0000000000000001";

async function segmentsIn(dataDir: string): Promise<string[]> {
  return (await readdir(join(dataDir, "segments"))).filter((name) => name !== "position.json").sort();
}

it("a power loss at any step of a merge leaves a store that answers as before", {
  timeout: 180_000,
}, async () => {
  const folder = await LakeFolder.create();
  const disk = new RecordingFileLayer(folder.dataDir);
  const { store } = await sealedApart(folder, [FIRST, SECOND], { fileLayer: disk });
  const answers = await answersOf(store);
  const images = new Images();
  const crash = (): undefined => {
    for (const survives of [false, true]) {
      const image = temporaryFolder();
      disk.crashTo(image, () => survives);
      images.add(image, []);
    }
  };
  disk.hook = crash;
  await mergeAll(folder, store);
  disk.hook = () => undefined;
  crash();
  // Before, with the new name beside the old ones, with one of them gone, and after.
  expect(images.size).toBeGreaterThan(6);
  const seen = new Set<string>();
  for (const { dataDirectory } of images.all()) {
    const again = createLakeStore({ dataDir: dataDirectory, mergeSegments: 0 });
    onTestFinished(() => again.stop());
    await again.start();
    expect(await answersOf(again)).toEqual(answers);
    expect(again.gauges()).toMatchObject({ damaged_segments: 0, repaired_files: 0 });
    await again.stop();
    seen.add((await segmentsIn(dataDirectory)).join());
  }
  expect([...seen].sort()).toEqual([INPUTS.join(), MERGED]);
});

/** The merge does this to the disk, and it fails once. */
const STEPS: readonly (readonly [string, (operation: Parameters<DiskHook>[0]) => boolean])[] = [
  ["a sync of a file", ({ kind, path }) => kind === "datasync" && path.endsWith("spans.parquet")],
  ["the sync of its folder", ({ kind, path }) => kind === "syncDirectory" && path.endsWith(MERGED)],
  [
    "the rename that publishes it",
    ({ kind, path }) => kind === "rename" && path.endsWith(`.sealing-${MERGED}`),
  ],
  [
    "the sync of the folder of all segments",
    ({ kind, path }) => kind === "syncDirectory" && path.endsWith("segments"),
  ],
];

it.each(STEPS)(
  "%s that fails leaves the segments in use, and the next try merges them",
  async (_, isStep) => {
    const folder = await LakeFolder.create();
    const disk = new RecordingFileLayer(folder.dataDir);
    const { store } = await sealedApart(folder, [FIRST, SECOND], { fileLayer: disk });
    const answers = await answersOf(store);
    let failures = 0;
    disk.hook = (operation) => {
      if (failures > 0 || !isStep(operation)) return undefined;
      failures++;
      throw diskError("EIO");
    };
    await mergeAll(folder, store);
    expect(failures).toBe(1);
    expect(store.gauges()).toMatchObject({ compactions: 0, compaction_failures: 1, segments: 2 });
    expect(await answersOf(store)).toEqual(answers);
    expect(await segmentsIn(folder.dataDir)).toEqual(INPUTS);
    folder.nowMillis += 10_000;
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ compactions: 1, segments: 1 });
    expect(await answersOf(store)).toEqual(answers);
    expect(await segmentsIn(folder.dataDir)).toEqual([MERGED]);
  },
);

it("an input that cannot be removed is out of use, and goes at the next start", async () => {
  const folder = await LakeFolder.create();
  const disk = new RecordingFileLayer(folder.dataDir);
  const { store } = await sealedApart(folder, [FIRST, SECOND], { fileLayer: disk });
  const answers = await answersOf(store);
  disk.hook = ({ kind, path }) => {
    if (kind === "rename" && path.endsWith(INPUTS[0]!) && !path.includes(".sealing")) throw diskError("EIO");
    return undefined;
  };
  await mergeAll(folder, store);
  expect(store.gauges()).toMatchObject({ compactions: 1, segments: 1 });
  expect(await segmentsIn(folder.dataDir)).toEqual([INPUTS[0], MERGED].sort());
  expect(await answersOf(store)).toEqual(answers);
  expect(await answersOf(await folder.open())).toEqual(answers);
  expect(await segmentsIn(folder.dataDir)).toEqual([MERGED]);
});
