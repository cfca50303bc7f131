/** What `npm start`, `npm test` and `npm run bench` do first: install and build, each only when it is needed. */

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of package.json. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Lowest Node version: `engines` of package.json says the same. */
const MIN_NODE = [20, 19];

/** What the build is made of, besides the configuration of the compiler. */
const SOURCE_FOLDERS = ["src", "exporters", "bench", "examples"];
const BUILD_FILES = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/copy-assets.js"];

/** Written after a build that succeeded; its time says how new the build is. */
const BUILD_STAMP = "dist/.built";

/** A sentence when this Node is too old, undefined when it will do. */
export function nodeVersionProblem(version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number);
  const isEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  if (isEnough) return undefined;
  return `TracAgg needs Node ${MIN_NODE.join(".")} or later, this is ${version}; get one at https://nodejs.org/`;
}

function newestMillis(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // The folder's own time tells of files that were removed.
  return readdirSync(path).reduce(
    (newest, name) => Math.max(newest, newestMillis(join(path, name))),
    stat.mtimeMs,
  );
}

/** True when a source is newer than the last build, or there is none. */
export function needsBuild(root = ROOT) {
  const stamp = join(root, BUILD_STAMP);
  if (!existsSync(stamp) || !existsSync(join(root, "dist/src/cli/main.cjs"))) return true;
  const builtMillis = statSync(stamp).mtimeMs;
  return [...SOURCE_FOLDERS, ...BUILD_FILES].some((name) => newestMillis(join(root, name)) > builtMillis);
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

/**
 * True when node_modules is missing or does not hold what the lock file says. npm leaves its own record of what it
 * installed there; packages for other platforms are in the lock file only.
 */
export function needsInstall(root = ROOT) {
  const record = join(root, "node_modules/.package-lock.json");
  if (!existsSync(record)) return true;
  const installed = packagesOf(record);
  return Object.entries(packagesOf(join(root, "package-lock.json"))).some(([path, wanted]) => {
    const found = installed[path];
    if (path === "" || (found === undefined && wanted.optional === true)) return false;
    return found === undefined || found.version !== wanted.version || found.integrity !== wanted.integrity;
  });
}

/** Marks the build as current as of `builtMillis`. */
export function stampBuild(root, builtMillis) {
  const stamp = join(root, BUILD_STAMP);
  writeFileSync(stamp, "");
  utimesSync(stamp, builtMillis / 1_000, builtMillis / 1_000);
}

/** Runs a program quietly; its output is shown only when it fails. */
function runQuietly(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) return resolve();
      process.stderr.write(Buffer.concat(output));
      return reject(new Error(`"${command} ${args.join(" ")}" failed with exit code ${code}`));
    });
  });
}

/** Progress goes to standard error: standard output belongs to the program that is started. */
function say(text) {
  process.stderr.write(`${text}\n`);
}

async function install() {
  say("Installing dependencies ...");
  await runQuietly("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
}

async function build() {
  say("Building ...");
  const startedMillis = Date.now();
  await runQuietly("npm", ["run", "--silent", "build"]);
  // A source that was changed while the compiler ran is built next time.
  stampBuild(ROOT, startedMillis);
}

/** Makes sure that dependencies and build are there and current; ends the process when they cannot be. */
export async function setUp() {
  const problem = nodeVersionProblem();
  try {
    if (problem !== undefined) throw new Error(problem);
    if (needsInstall()) await install();
    if (needsBuild()) await build();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/** Runs Node on a file in place of this process: same terminal, signals passed on, its exit code becomes ours. */
export function runNode(file, args) {
  const child = spawn(process.execPath, [join(ROOT, file), ...args], { stdio: "inherit" });
  // Ctrl-C in a terminal reaches the child by itself; a second SIGINT would mean "at once" to it.
  process.on("SIGINT", () => {
    if (process.stdin.isTTY !== true) child.kill("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    say(error.message);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}
