/** What a folder takes on disk. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** `stat` counts blocks of 512 bytes, whatever the file system's own are. */
const BLOCK_BYTES = 512;

/** Allocated bytes of all files below a folder: written ahead, they count before anything is in them. */
export function folderBytes(folder: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += folderBytes(path);
    else if (entry.isFile()) {
      const { blocks, size } = statSync(path);
      total += blocks === undefined ? size : blocks * BLOCK_BYTES;
    }
  }
  return total;
}
