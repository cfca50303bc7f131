/** Processes and folders of the bench that do not outlive it, however it ends. */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts a program, held to a core if one is given; it is killed when this process ends first. */
export function startChild(
  command: readonly [string, ...string[]],
  options: SpawnOptions & { readonly core?: number | undefined },
): ChildProcess {
  const { core, ...spawnOptions } = options;
  const [program, ...args] = pinnedCommand(core, command);
  const child = spawn(program, args, spawnOptions);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("close", () => process.off("exit", kill));
  return child;
}

/** A command held to a core; as it was when there is none. `taskset` becomes the program, so the pid stays. */
export function pinnedCommand(
  core: number | undefined,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return core === undefined ? command : ["taskset", "-c", String(core), ...command];
}

/** Gives `use` an empty folder, removed afterwards. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tracagg-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    return await use(folder);
  } finally {
    process.off("exit", remove);
    remove();
  }
}
