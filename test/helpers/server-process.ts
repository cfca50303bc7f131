/** The built program as a process of its own, on free ports. */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const CLI_PATH: string = resolve("dist/src/cli/main.cjs");

export interface ReadyLine {
  readonly ready: true;
  readonly pid: number;
  readonly ui: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
  /** With `--tempo-port`. */
  readonly tempo?: string;
  readonly zipkin: string;
  readonly jaegerGrpc: string;
  readonly data: string;
}

export interface ServerProcess extends ReadyLine {
  readonly child: ChildProcess;
  /** What was written to standard output, the ready line included. */
  stdout(): string;
  stderr(): string;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** A server that was started and may not be ready yet. */
export interface StartingServer {
  readonly child: ChildProcess;
  /** Rejects when the process ends before it is ready. */
  readonly ready: Promise<ServerProcess>;
  /** Exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  stderr(): string;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "tracagg-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts the program; the caller need not wait until it is ready. */
export function spawnServerProcess(
  dataFolder: string,
  extraArguments: readonly string[] = [],
): StartingServer {
  const ports = ["", "otlp-grpc-", "otlp-http-", "zipkin-", "jaeger-grpc-"].flatMap((name) => [
    `--${name}port`,
    "0",
  ]);
  const child = spawn(
    process.execPath,
    [CLI_PATH, "start", "--json", "--data", dataFolder, ...ports, ...extraArguments],
    { stdio: ["ignore", "pipe", "pipe"], cwd: dataFolder },
  );
  // A test that was ended half-way must not leave servers behind.
  const endWithTests = (): boolean => child.kill("SIGKILL");
  process.once("exit", endWithTests);
  child.once("exit", () => process.off("exit", endWithTests));
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = (once(child, "exit") as Promise<[number | null]>).then(([code]) => code);
  const line = new Promise<string>((resolveLine, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes("\n")) resolveLine(stdout.slice(0, stdout.indexOf("\n")));
    });
    child.once("close", (code) =>
      reject(new Error(`server ended with ${code} before it was ready:\n${stderr}`)),
    );
  });
  const ready = line.then((text) => ({
    ...(JSON.parse(text) as ReadyLine),
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  }));
  // Whoever ends it early does not wait for this.
  ready.catch(() => {});
  return { child, ready, ended, stderr: () => stderr };
}

/** Starts the program and waits until it takes spans. */
export function startServerProcess(
  dataFolder: string,
  extraArguments: readonly string[] = [],
): Promise<ServerProcess> {
  return spawnServerProcess(dataFolder, extraArguments).ready;
}

export async function getJson<T>(base: string, path: string): Promise<T> {
  const response = await fetch(new URL(path, base));
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${text}`);
  return JSON.parse(text) as T;
}
