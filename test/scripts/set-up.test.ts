import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

interface SetUp {
  nodeVersionProblem(version?: string): string | undefined;
  needsBuild(root: string): boolean;
  needsInstall(root: string): boolean;
  stampBuild(root: string, builtMillis: number): void;
}

const root = join(import.meta.dirname, "../..");
const scriptUrl = (name: string): string => pathToFileURL(join(root, "scripts", name)).href;
const setUp = (await import(scriptUrl("set-up.js"))) as SetUp;
const { staleFiles } = (await import(scriptUrl("copy-assets.js"))) as {
  staleFiles(root: string): string[];
};
const { skippedLines } = (await import(scriptUrl("skipped-reporter.js"))) as {
  skippedLines(modules: readonly object[]): string[];
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tracagg-scripts-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A file whose time is `seconds` after the epoch. */
function write(name: string, seconds: number, text = ""): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, seconds, seconds);
}

/** Folders too have a time: that of the last file made or removed. */
function setFolderTime(name: string, seconds: number): void {
  utimesSync(join(folder, name), seconds, seconds);
}

it("asks for the Node that package.json asks for", () => {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(engines.node).toBe(">=20.19");
  expect(setUp.nodeVersionProblem("20.19.0")).toBeUndefined();
  expect(setUp.nodeVersionProblem("22.0.0")).toBeUndefined();
  expect(setUp.nodeVersionProblem("20.18.3")).toMatch(/needs Node 20\.19 or later, this is 20\.18\.3/);
  expect(setUp.nodeVersionProblem("18.20.0")).toMatch(/this is 18\.20\.0/);
});

it("builds when there is no build, a source is newer, or a source was removed", () => {
  write("src/a.ts", 100);
  setFolderTime("src", 100);
  expect(setUp.needsBuild(folder)).toBe(true);
  write("dist/src/cli/main.cjs", 200);
  setUp.stampBuild(folder, 200_000);
  expect(setUp.needsBuild(folder)).toBe(false);
  write("src/a.ts", 300);
  setFolderTime("src", 100);
  expect(setUp.needsBuild(folder)).toBe(true);
  write("src/a.ts", 100);
  setFolderTime("src", 300);
  expect(setUp.needsBuild(folder)).toBe(true);
});

it("installs when node_modules is missing or holds something else than the lock file says", () => {
  const root = { name: "tracagg" };
  const lock = (version: string): string =>
    JSON.stringify({
      packages: {
        "": root,
        "node_modules/yaml": { version, integrity: `sha512-${version}` },
        "node_modules/other-platform": { version: "1.0.0", optional: true },
      },
    });
  write("package-lock.json", 100, lock("2.9.1"));
  expect(setUp.needsInstall(folder)).toBe(true);
  const installed = { "node_modules/yaml": { version: "2.9.1", integrity: "sha512-2.9.1" } };
  write("node_modules/.package-lock.json", 50, JSON.stringify({ packages: installed }));
  expect(setUp.needsInstall(folder)).toBe(false);
  write("package-lock.json", 100, lock("2.9.2"));
  expect(setUp.needsInstall(folder)).toBe(true);
  write("package-lock.json", 100, lock("2.9.1"));
  write("node_modules/.package-lock.json", 200, JSON.stringify({ packages: {} }));
  expect(setUp.needsInstall(folder)).toBe(true);
});

it("finds built files whose source is gone, and leaves everything else", () => {
  write("src/kept.ts", 1);
  for (const name of ["kept.js", "kept.d.ts", "gone.js", "gone.js.map", "gone.d.ts.map"]) {
    write(`dist/src/${name}`, 1);
  }
  write("dist/.tsbuildinfo", 1);
  const stale = staleFiles(folder).map((file) => file.slice(folder.length + 1));
  expect(stale.sort()).toEqual(["dist/src/gone.d.ts.map", "dist/src/gone.js", "dist/src/gone.js.map"]);
});

it("names skipped tests with their reasons", () => {
  const tests = [
    { fullName: "corpus > reads it", result: () => ({ state: "skipped", note: "no recording" }) },
    { fullName: "corpus > later", result: () => ({ state: "skipped", note: undefined }) },
  ];
  const testModule = { relativeModuleId: "test/a.test.ts", children: { allTests: () => tests } };
  expect(skippedLines([testModule])).toEqual([
    "skipped: test/a.test.ts > corpus > reads it (no recording)",
    "skipped: test/a.test.ts > corpus > later",
  ]);
});
