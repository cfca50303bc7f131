import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { acquireLock } from "../../src/io/lock-file.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const HOLDER = fileURLToPath(new URL("../helpers/lock-holder.ts", import.meta.url));

/** A process of its own that tries to lock the folder, with its first line. */
async function startHolder(directory: string): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", HOLDER, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const [chunk] = (await once(child.stdout!, "data")) as [Buffer];
  return { child, line: chunk.toString().trim() };
}

test("a second process is refused with the pid, start and version of the first and what to do", async () => {
  const directory = temporaryFolder();
  const { child } = await startHolder(directory);
  const refusal = await acquireLock({ directory, version: "1.0.0" }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ name: "TracAggError", code: "failed_precondition" });
  const started = (JSON.parse(readFileSync(join(directory, "LOCK"), "utf8")) as { started: string }).started;
  const message = (refusal as Error).message;
  expect(message).toContain(`process ${child.pid}`);
  expect(message).toContain(started);
  expect(message).toContain("9.9.9");
  expect(message).toContain("--data");
});

test("a folder held here refuses another process", async () => {
  const directory = temporaryFolder();
  const lock = await acquireLock({ directory, version: "1.0.0" });
  const { line } = await startHolder(directory);
  expect(line).toContain(`is in use by process ${process.pid} (TracAgg 1.0.0`);
  await lock.release();
});

test("a process killed without a chance to clean up leaves the folder free", async () => {
  const directory = temporaryFolder();
  const { child } = await startHolder(directory);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(join(directory, "LOCK.sock"))).toBe(true);
  const lock = await acquireLock({ directory, version: "1.0.0" });
  await lock.release();
});

test("a released folder can be taken again and keeps nothing of the lock", async () => {
  const directory = temporaryFolder();
  const first = await acquireLock({ directory, version: "1.0.0" });
  await first.release();
  expect(existsSync(join(directory, "LOCK"))).toBe(false);
  const second = await acquireLock({ directory, version: "1.0.0" });
  await second.release();
});

test("only one of many starting at once gets the folder", async () => {
  const directory = temporaryFolder();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => acquireLock({ directory, version: "1.0.0" })),
  );
  const held = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(held).toHaveLength(1);
  for (const { value } of held) await value.release();
});

test("a path longer than a socket name may be is no obstacle", async () => {
  const directory = join(temporaryFolder(), "a-long-name".repeat(10));
  mkdirSync(directory);
  const lock = await acquireLock({ directory, version: "1.0.0" });
  await expect(acquireLock({ directory, version: "1.0.0" })).rejects.toMatchObject({
    code: "failed_precondition",
  });
  await lock.release();
});
