import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectoryDurably, nodeFileLayer, writeFileDurably } from "../../src/io/file-layer.ts";
import { diskError, RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

test("many buffers go to the file one after the other from the offset on", async () => {
  const path = join(temporaryFolder(), "file");
  const file = await nodeFileLayer.open(path, "create");
  const buffers = Array.from({ length: 3_000 }, (_, index) => Uint8Array.of(index & 0xff, index >> 8));
  await file.write(buffers, 5);
  await file.datasync();
  expect(await file.sizeBytes()).toBe(6_005);
  const target = new Uint8Array(7_000);
  expect(await file.read(target, 5)).toBe(6_000);
  expect(Buffer.compare(target.subarray(0, 6_000), Buffer.concat(buffers))).toBe(0);
  await file.truncate(7);
  await file.close();
  expect([...readFileSync(path)]).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test("what is missing is undefined, empty or nothing to do, as each call says", async () => {
  const folder = temporaryFolder();
  expect(await nodeFileLayer.stat(join(folder, "none"))).toBeUndefined();
  expect(await nodeFileLayer.list(join(folder, "none"))).toEqual([]);
  await nodeFileLayer.remove(join(folder, "none"));
  await expect(nodeFileLayer.open(join(folder, "none"), "read")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(nodeFileLayer.open(join(folder, "none"), "update")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a file replaced durably has its old or its new content at every step of a power loss", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "state.json");
  writeFileSync(path, "old");
  const disk = new RecordingFileLayer(folder);
  const images: string[] = [];
  disk.hook = () => {
    for (const survives of [() => false, () => true]) {
      images.push(temporaryFolder());
      disk.crashTo(images.at(-1)!, survives);
    }
    return undefined;
  };
  await writeFileDurably(disk, path, folder, Buffer.from("new"));
  const contents = images.map((image) => readFileSync(join(image, "state.json"), "utf8"));
  expect(new Set(contents)).toEqual(new Set(["old", "new"]));
  const after = temporaryFolder();
  disk.crashTo(after);
  expect(readFileSync(join(after, "state.json"), "utf8")).toBe("new");
  expect(readdirSync(after)).toEqual(["state.json"]);
});

test("a replacement that the disk refuses leaves the old content", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "state.json");
  writeFileSync(path, "old");
  const disk = new RecordingFileLayer(folder);
  disk.hook = ({ kind }) => {
    if (kind === "datasync") throw diskError("ENOSPC");
    return undefined;
  };
  await expect(writeFileDurably(disk, path, folder, Buffer.from("new"))).rejects.toMatchObject({
    code: "ENOSPC",
  });
  expect(readFileSync(path, "utf8")).toBe("old");
});

test("the recording disk forgets unsynced bytes and names, and takes a file written around it at its sync", async () => {
  const folder = temporaryFolder();
  const disk = new RecordingFileLayer(folder);
  const file = await disk.open(join(folder, "own"), "create");
  await file.write([Buffer.from("abc")], 0);
  await file.datasync();
  await file.write([Buffer.from("xyz")], 3);
  await file.close();
  const nameless = temporaryFolder();
  disk.crashTo(nameless);
  expect(readdirSync(nameless)).toEqual([]);
  writeFileSync(join(folder, "foreign"), "whole");
  const foreign = await disk.open(join(folder, "foreign"), "update");
  await foreign.datasync();
  await foreign.close();
  await disk.syncDirectory(folder);
  const kept = temporaryFolder();
  disk.crashTo(kept);
  expect(readFileSync(join(kept, "own"), "utf8")).toBe("abc");
  expect(readFileSync(join(kept, "foreign"), "utf8")).toBe("whole");
});

test("a folder made durably outlives a power loss with all its parents, also when somebody else made it", async () => {
  const root = temporaryFolder();
  const disk = new RecordingFileLayer(root);
  await makeDirectoryDurably(disk, join(root, "a", "b", "c"));
  await disk.makeDirectory(join(root, "d"));
  await makeDirectoryDurably(disk, join(root, "d"));
  const image = temporaryFolder();
  disk.crashTo(image);
  expect(readdirSync(join(image, "a", "b"))).toEqual(["c"]);
  expect(readdirSync(image)).toEqual(["a", "d"]);
});

test("a parent that may not be listed does not keep a folder from being made", async () => {
  const root = temporaryFolder();
  const disk = new RecordingFileLayer(root);
  disk.hook = ({ kind, path }) => {
    if (kind === "syncDirectory" && path === root) throw diskError("EACCES");
    return undefined;
  };
  await makeDirectoryDurably(disk, join(root, "a"));
  expect(readdirSync(root)).toEqual(["a"]);
  disk.hook = () => {
    throw diskError("EIO");
  };
  await expect(makeDirectoryDurably(disk, join(root, "a"))).rejects.toMatchObject({ code: "EIO" });
});
