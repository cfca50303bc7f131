import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pinnedCommand, withTemporaryFolder } from "../../bench/machine/child-process.ts";
import { folderBytes } from "../../bench/machine/disk-use.ts";
import { coresFromList, planPinning } from "../../bench/machine/pinning.ts";
import { cpuSecondsFromStat, memoryFromStatus, watchProcess } from "../../bench/machine/process-readings.ts";

const STAT =
  "4242 (a (strange) name) S 1 4242 4242 0 -1 4194560 81234 11 0 0 1234 66 5 7 20 0 11 0 100 1000 200 18446744073709551615";
const STATUS = "Name:\tnode\nVmPeak:\t 1400000 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\nThreads:\t11\n";

describe("readings of a process", () => {
  it("sum user and system time, whatever the program is called", () => {
    expect(cpuSecondsFromStat(STAT)).toBeCloseTo(13, 9);
  });

  it("have the most and the present memory in bytes", () => {
    expect(memoryFromStatus(STATUS)).toEqual({ peakRssBytes: 209_715_200, rssBytes: 104_857_600 });
  });

  it("are missing of a process that has ended", () => {
    expect(cpuSecondsFromStat("")).toBeUndefined();
    expect(memoryFromStatus("Name:\tnode\nState:\tZ (zombie)\n")).toBeUndefined();
  });

  it.skipIf(process.platform !== "linux")("are there for this process (needs /proc)", () => {
    const watch = watchProcess(process.pid);
    const readings = watch.readings();
    watch.close();
    expect(readings?.cpuSeconds).toBeGreaterThan(0);
    expect(readings?.peakRssBytes).toBeGreaterThanOrEqual(readings?.rssBytes ?? Number.POSITIVE_INFINITY);
  });
});

describe("pinning", () => {
  it.each([
    ["0-1", [0, 1]],
    ["0,2-4,9", [0, 2, 3, 4, 9]],
    ["7\n", [7]],
    ["", []],
  ])("reads the core list %j", (list, cores) => {
    expect(coresFromList(list)).toEqual(cores);
  });

  it("gives server and load generator the first two cores it may use", () => {
    const { cores, note } = planPinning([2, 5, 6], true);
    expect(cores).toEqual({ server: 2, load: 5 });
    expect(note).toBe("server pinned to core 2, load generator and queries to core 5 (taskset)");
  });

  it("says why it does not pin", () => {
    expect(planPinning([0], true)).toEqual({ note: expect.stringContaining("only one core") });
    expect(planPinning([0, 1], false)).toEqual({ note: expect.stringContaining("no taskset") });
  });

  it("leaves a command alone without a core", () => {
    expect(pinnedCommand(undefined, ["node", "a.js"])).toEqual(["node", "a.js"]);
    expect(pinnedCommand(3, ["node", "a.js"])).toEqual(["taskset", "-c", "3", "node", "a.js"]);
  });
});

describe("disk use", () => {
  it("is what all files below a folder take", async () => {
    const bytes = await withTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, "deep/er"), { recursive: true });
      writeFileSync(join(folder, "a"), Buffer.alloc(8_192, 1));
      writeFileSync(join(folder, "deep/er/b"), Buffer.alloc(4_096, 1));
      return folderBytes(folder);
    });
    expect(bytes).toBeGreaterThanOrEqual(12_288);
  });
});
