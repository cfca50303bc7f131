/**
 * Last step of the build: removes what has no source any more, adds what is no TypeScript, makes the program executable,
 * stamps the build.
 */

import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, stampBuild } from "./set-up.js";

const PROGRAM = "dist/src/cli/main.cjs";
/** Sources of the Collector that the bench compares with; built by Go when somebody asks for it. */
const COPIED = "bench/collector";
const MADE_FROM_TS = /\.(c?)js$|\.(c?)js\.map$|\.d\.(c?)ts$|\.d\.(c?)ts\.map$/;

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** Files of dist whose TypeScript source is gone; without this a removed module would still be shipped. */
export function staleFiles(root) {
  const dist = join(root, "dist");
  return filesUnder(dist).filter((file) => {
    if (!MADE_FROM_TS.test(file)) return false;
    return !existsSync(join(root, relative(dist, file).replace(MADE_FROM_TS, ".$1$2$3$4ts")));
  });
}

function finishBuild(root) {
  for (const file of staleFiles(root)) rmSync(file);
  rmSync(join(root, "dist", COPIED), { recursive: true, force: true });
  cpSync(join(root, COPIED), join(root, "dist", COPIED), { recursive: true });
  chmodSync(join(root, PROGRAM), 0o755);
  stampBuild(root, Date.now());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) finishBuild(ROOT);
