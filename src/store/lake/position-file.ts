/** `position.json`: how far segments reached that are gone, so that the log does not bring their spans back. */

import { join } from "node:path";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { formatCheckedJson, parseCheckedJson } from "../../io/checked-json.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { writeFileDurably } from "../../io/file-layer.ts";

const POSITION_FILE = "position.json";

/** Where the file lies and who hears of damage. */
export interface PositionFileOptions {
  readonly layer: FileLayer;
  readonly logger: Logger;
  /** The folder of all segments. */
  readonly folder: string;
}

/**
 * The last log position that a segment ever covered; -1 when none was stored. A file that cannot be trusted is said and
 * counts as none: a position too high would keep the log from bringing back what no segment holds.
 */
export async function loadPosition({ layer, logger, folder }: PositionFileOptions): Promise<number> {
  const path = join(folder, POSITION_FILE);
  if ((await layer.stat(path)) === undefined) return -1;
  try {
    return positionIn(new TextDecoder().decode(await layer.readFile(path)));
  } catch (thrown) {
    logger.error("the stored position is unreadable; the segments in use tell it", {
      path,
      reason: errorFrom(thrown).message,
    });
    return -1;
  }
}

/** Replaces the stored position, durably. */
export async function storePosition(
  { layer, folder }: Omit<PositionFileOptions, "logger">,
  coveredPosition: number,
): Promise<void> {
  const text = formatCheckedJson({ coveredPosition });
  await writeFileDurably(layer, join(folder, POSITION_FILE), folder, new TextEncoder().encode(text));
}

function positionIn(text: string): number {
  // Until 0.1.0 the file held the position alone.
  const { coveredPosition } = parseCheckedJson(text, (members) => Object.keys(members).length === 1);
  if (typeof coveredPosition === "number" && Number.isSafeInteger(coveredPosition) && coveredPosition >= 0) {
    return coveredPosition;
  }
  throw new TracAggError("data_corrupt", "coveredPosition is no whole number");
}
