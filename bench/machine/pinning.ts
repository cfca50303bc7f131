/** The server on one core, the load generator on another, so that neither takes the other's time. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Which core is whose. */
export interface Pinning {
  /** Cores by number; absent when nothing is pinned. */
  readonly cores?: { readonly server: number; readonly load: number };
  /** One sentence for the report. */
  readonly note: string;
}

/** Core numbers of a list as the kernel writes it, such as `0-3,8`. */
export function coresFromList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first, last] = part.split("-").map(Number);
      const from = first as number;
      return Array.from({ length: (last ?? from) - from + 1 }, (_, index) => from + index);
    });
}

/** The plan for the cores this process may use. */
export function planPinning(allowed: readonly number[], hasTaskset: boolean): Pinning {
  const [server, load] = allowed;
  if (server === undefined || load === undefined) {
    return { note: "not pinned, since there is only one core: server and load generator share it" };
  }
  if (!hasTaskset) {
    return {
      note: "not pinned, since there is no taskset (util-linux): server and load generator share cores",
    };
  }
  return {
    cores: { server, load },
    note: `server pinned to core ${server}, load generator and queries to core ${load} (taskset)`,
  };
}

/** Cores that a process may run on, by its number or `self`; those of the machine where there is no /proc. */
export function allowedCores(pid: number | "self"): number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (list !== undefined) return coresFromList(list);
  } catch {
    // No Linux, or no such process.
  }
  return Array.from({ length: availableParallelism() }, (_, core) => core);
}

/** The plan for this machine; with `isWanted` false nothing is pinned. */
export function pinningHere(isWanted: boolean): Pinning {
  if (!isWanted) return { note: "not pinned (--no-pin): server and load generator share cores" };
  const hasTaskset = spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
  return planPinning(allowedCores("self"), hasTaskset);
}

/** Holds this process, and with it the load generators it starts, to a core. */
export function pinSelf(core: number | undefined): void {
  if (core === undefined) return;
  const args = ["-a", "-c", "-p", String(core), String(process.pid)];
  const { status, stderr } = spawnSync("taskset", args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`taskset ${args.join(" ")} failed: ${stderr.toString().trim()}`);
}
