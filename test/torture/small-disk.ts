/** A real file system with little room. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const BALLAST_BLOCK = Buffer.alloc(64 * 1024, 1);

/** A file system whose room can be taken and given back. */
export interface SmallDisk {
  /** An empty folder on it. */
  readonly folder: string;
  /** Takes the room that is left, but for so many bytes. */
  fill(leaveBytes: number): void;
  /** Gives back what {@link SmallDisk.fill} took. */
  free(): void;
}

/** A tmpfs that goes with the running test; a sentence when this machine does not let the test mount one. */
export function mountSmallDisk(bytes: number): SmallDisk | string {
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tracagg-test", folder], { stdio: "pipe" });
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: Buffer | string; message: string };
    return `cannot mount a small file system: ${String(stderr).trim() || message}`;
  }
  onTestFinished(() => {
    // Lazily: a server that has just been killed may still hold it for a moment.
    execFileSync("umount", ["--lazy", folder], { stdio: "pipe" });
  });
  const ballast = join(folder, "ballast");
  return {
    folder: join(folder, "data"),
    fill: (leaveBytes) => {
      const file = openSync(ballast, "a");
      try {
        const { bavail, bsize } = statfsSync(folder);
        for (let left = bavail * bsize - leaveBytes; left > 0; left -= BALLAST_BLOCK.length) {
          writeSync(file, BALLAST_BLOCK, 0, Math.min(left, BALLAST_BLOCK.length));
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast, { force: true }),
  };
}
