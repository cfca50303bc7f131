/** Builds the Collector to compare with, once for each state of its sources, in the user's cache folder. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TracAggError } from "../../src/base/errors.ts";

const SOURCES = ["go.mod", "go.sum", "main.go"];

/** Folder of the Go module; the build lays a copy of it beside this code. */
export const COLLECTOR_FOLDER: string = fileURLToPath(new URL("../collector/", import.meta.url));

/** What a build needs. */
export interface CollectorBuildOptions {
  /** Default `$XDG_CACHE_HOME` or `~/.cache`, and `tracagg/bench-collector` in it. */
  readonly cacheFolder?: string;
  /** The Go tool. Default `go`, from PATH. */
  readonly go?: string;
  /** Told once, before a build that takes minutes. */
  readonly onBuild?: () => void;
}

/** Version of the Collector's own modules that go.mod pins, for the report. */
export function collectorVersion(): string {
  const modules = readFileSync(join(COLLECTOR_FOLDER, "go.mod"), "utf8");
  return /collector\/otelcol (v\S+)/.exec(modules)?.[1] ?? "unknown";
}

function defaultCacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tracagg", "bench-collector");
}

/**
 * @returns path of the program
 * @throws TracAggError failed_precondition without Go, or when the build fails: with what Go said
 */
export async function buildCollector(options: CollectorBuildOptions = {}): Promise<string> {
  const hash = createHash("sha256");
  for (const name of SOURCES) hash.update(readFileSync(join(COLLECTOR_FOLDER, name)));
  const folder = join(options.cacheFolder ?? defaultCacheFolder(), hash.digest("hex").slice(0, 16));
  const program = join(folder, "bench-collector");
  if (existsSync(program)) return program;
  options.onBuild?.();
  mkdirSync(folder, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  await goBuild(options.go ?? "go", unfinished);
  renameSync(unfinished, program);
  return program;
}

function goBuild(go: string, output: string): Promise<void> {
  const args = ["build", "-trimpath", "-buildvcs=false", "-o", output, "."];
  const child = spawn(go, args, { cwd: COLLECTOR_FOLDER, stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (reason: string, cause?: Error) =>
      reject(new TracAggError("failed_precondition", `--peer collector: ${reason}`, { cause }));
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once("error", (cause) =>
      fail(
        "the Go toolchain is needed to build it, and `go` cannot be run: install Go, or run with --peer none",
        cause,
      ),
    );
    child.once("close", (code) => (code === 0 ? resolve() : fail(`go build failed\n${said.trimEnd()}`)));
  });
}
