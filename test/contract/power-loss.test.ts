/**
 * The promise over the whole way of a request: pipeline, file journal and lake store on a disk that keeps only what a
 * completed sync covered. DuckDB writes its files around the recording layer; of such a file the layer keeps nothing
 * until the store itself has synced it, so a segment put in place too early comes back empty here.
 */

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { createRandom } from "../../bench/random.ts";
import { expectKept, foundIn, Images, Rig, traceIdOf } from "../helpers/power-loss-rig.ts";
import type { Survives } from "../helpers/recording-file-layer.ts";
import { diskError, RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import { startParts } from "../helpers/server-parts.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const nothing: Survives = () => false;
const everything: Survives = () => true;
const namesOnly: Survives = (_order, kind) => kind === "name";
const contentOnly: Survives = (_order, kind) => kind === "content";

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("no answer leaves and no query finds the spans while the sync of their record is held back", async () => {
  const rig = new Rig();
  const parts = await rig.start();
  await rig.send(parts);
  const held = rig.disk.holdSyncs(".log");
  const sending = [rig.send(parts), rig.send(parts)];
  await held.first;
  await turns(50);
  expect(rig.acknowledged).toEqual([traceIdOf(0)]);
  expect([...(await foundIn(parts.store)).keys()]).toEqual([traceIdOf(0)]);
  rig.crash();
  rig.disk.releaseSyncs();
  await Promise.all(sending);
  expect(rig.acknowledged).toHaveLength(3);
  rig.crash();
  expect(rig.images.size).toBe(2);
  for (const image of rig.images.all()) await expectKept(image);
});

test("any prefix of the writes after the last sync, torn anywhere, gives every acknowledged span once", async () => {
  const rig = new Rig();
  const parts = await rig.start();
  await rig.sendMany(parts, 12);
  await parts.store.flush();
  await rig.sendMany(parts, 5);
  const held = rig.disk.holdSyncs(".log");
  const sending = Array.from({ length: 4 }, () => rig.send(parts));
  await held.first;
  const pending = rig.disk.pendingOrders();
  for (const last of pending) {
    rig.crash((order) => order <= last);
    for (let kept = 1; kept < 1_500; kept += 61) rig.crash((order) => (order === last ? kept : order < last));
  }
  const random = createRandom(17);
  for (let round = 0; round < 10; round++) rig.crash(() => random.below(2) === 0);
  rig.disk.releaseSyncs();
  await Promise.all(sending);
  expect(rig.acknowledged).toHaveLength(21);
  expect(rig.images.size).toBeGreaterThan(15);
  for (const image of rig.images.all()) await expectKept(image);
});

test("a power loss at any step of sealing and of using log files again loses nothing and doubles nothing", async () => {
  const rig = new Rig();
  const parts = await rig.start();
  const renamed: string[] = [];
  await rig.sendMany(parts, 30);
  rig.disk.hook = ({ kind, path }) => {
    if (kind === "rename") renamed.push(basename(path));
    if (kind !== "open") for (const survives of [nothing, namesOnly]) rig.crash(survives);
    return undefined;
  };
  await parts.store.flush();
  await rig.sendMany(parts, 6);
  rig.disk.hook = () => undefined;
  await rig.sendMany(parts, 30);
  rig.disk.hook = ({ kind, path }) => {
    if (kind === "rename") renamed.push(basename(path));
    if (path.includes("segments") && kind === "open") return undefined;
    if (kind === "rename" || kind === "syncDirectory") {
      for (const survives of [nothing, contentOnly, everything]) rig.crash(survives);
    }
    return undefined;
  };
  await parts.store.flush();
  await rig.sendMany(parts, 2);
  rig.disk.hook = () => undefined;
  rig.crash();
  // Not only segments were put in place: log files took part.
  expect(renamed.filter((name) => name.startsWith(".sealing-"))).toHaveLength(2);
  expect(renamed.filter((name) => name.endsWith(".log")).length).toBeGreaterThan(0);
  expect(rig.images.size).toBeGreaterThan(20);
  for (const image of rig.images.all()) await expectKept(image);
});

test("the log lets go of a seal's records only after files, folder, name and parent are synced", async () => {
  const rig = new Rig();
  const parts = await rig.start();
  await rig.sendMany(parts, 4);
  const steps: string[] = [];
  const note = (step: string): void => {
    if (steps.at(-1) !== step) steps.push(step);
  };
  const segments = join(rig.dataDirectory, "segments");
  rig.disk.hook = ({ kind, path }) => {
    const released = parts.log.positionOf("store") === 3 ? " after release" : "";
    if (path.includes(".sealing-")) note(`${kind} ${kind === "datasync" ? "file" : "folder"}${released}`);
    if (path === segments) note(`${kind} parent${released}`);
    return undefined;
  };
  await parts.store.flush();
  expect(steps.filter((step) => !step.startsWith("open"))).toEqual([
    ...steps.filter((step) => step === "datasync file"),
    "syncDirectory folder",
    "rename folder",
    "syncDirectory parent",
  ]);
  const segment = readdirSync(segments).find((name) => /^\d/.test(name))!;
  const synced = steps.filter((step) => step === "datasync file").length;
  expect(synced).toBe(readdirSync(join(segments, segment)).length);
  expect(parts.log.positionOf("store")).toBe(3);
});

test.each(["datasync", "syncDirectory", "rename"] as const)(
  "a seal whose %s fails gives nothing up",
  async (failing) => {
    const rig = new Rig();
    const parts = await rig.start();
    await rig.sendMany(parts, 20);
    rig.disk.hook = ({ kind, path }) => {
      if (kind === failing && path.includes("segments")) throw diskError("EIO");
      return undefined;
    };
    await expect(parts.store.flush()).rejects.toMatchObject({ code: expect.any(String) });
    expect(parts.log.positionOf("store")).toBe(-1);
    await rig.sendMany(parts, 3);
    for (const survives of [nothing, everything, namesOnly]) rig.crash(survives);
    rig.disk.hook = () => undefined;
    await parts.store.flush();
    for (const survives of [nothing, everything, namesOnly]) rig.crash(survives);
    expect([...(await foundIn(parts.store)).keys()]).toHaveLength(23);
    for (const image of rig.images.all()) await expectKept(image);
  },
);

test("a power loss during recovery, again and again, changes nothing", async () => {
  const rig = new Rig();
  const first = await rig.start();
  await rig.sendMany(first, 15);
  await first.store.flush();
  await rig.sendMany(first, 15);
  rig.crash();
  let image = rig.images.all()[0]!;
  for (let round = 0; round < 2; round++) {
    const { dataDirectory, acknowledged } = image;
    const disk = new RecordingFileLayer(dataDirectory);
    const images = new Images();
    disk.hook = ({ kind }) => {
      if (kind === "open") return undefined;
      for (const survives of [nothing, everything]) {
        const folder = temporaryFolder();
        disk.crashTo(folder, survives);
        images.add(folder, acknowledged);
      }
      return undefined;
    };
    const parts = await startParts(dataDirectory, { files: disk });
    await parts.store.flush();
    await parts.stop();
    expect(images.size).toBeGreaterThan(10);
    image = images.all()[Math.floor(images.size / 2)]!;
    // The next round goes on from this one; checking it would let another server change it.
    for (const other of images.all()) if (other !== image) await expectKept(other);
  }
  await expectKept(image);
});
