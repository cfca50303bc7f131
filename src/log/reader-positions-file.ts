/** `readers.json`: positions of the readers that keep none themselves, so that they resume where they were. */

import { join } from "node:path";
import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { formatCheckedJson, parseCheckedJson } from "../io/checked-json.ts";
import type { FileLayer } from "../io/file-layer.ts";
import { writeFileDurably } from "../io/file-layer.ts";

/** Positions written at most once in this time; a crash in between makes a reader see some records again. */
const WRITE_INTERVAL_MILLIS = 1_000;

/** What the file needs. */
export interface ReaderPositionsOptions {
  readonly files: FileLayer;
  readonly directory: string;
  readonly logger: Logger;
  /** What to write. */
  readonly read: () => Readonly<Record<string, number>>;
}

/** The positions file: changes gather, writes never overlap. */
export class ReaderPositionsFile {
  readonly #options: ReaderPositionsOptions;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #written = textOf({});

  constructor(options: ReaderPositionsOptions) {
    this.#options = options;
  }

  /** Positions of an earlier run; undefined when the file cannot be trusted, which is said. */
  async load(): Promise<Readonly<Record<string, number>> | undefined> {
    const { files, logger } = this.#options;
    if ((await files.stat(this.#path())) === undefined) return {};
    try {
      const text = Buffer.from(await files.readFile(this.#path())).toString("utf8");
      const positions = positionsIn(parseCheckedJson(text, isOldForm));
      this.#written = textOf(positions);
      return positions;
    } catch (thrown) {
      logger.error("reader positions are unreadable; readers begin at the oldest record kept", {
        path: this.#path(),
        error: errorFrom(thrown).message,
      });
      return undefined;
    }
  }

  /** Writes soon. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.write();
    }, WRITE_INTERVAL_MILLIS).unref();
  }

  /** Writes now, after a write under way, if anything changed; a failure is said, and the next change tries again. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeChanges());
    return this.#writing;
  }

  async #writeChanges(): Promise<void> {
    const { files, directory, logger, read } = this.#options;
    const text = textOf(read());
    if (text === this.#written) return;
    try {
      await writeFileDurably(files, this.#path(), directory, Buffer.from(text));
      this.#written = text;
    } catch (thrown) {
      logger.warn("cannot write the reader positions", {
        path: this.#path(),
        error: errorFrom(thrown).message,
      });
    }
  }

  /** Writes what is left and stops. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.write();
  }

  #path(): string {
    return join(this.#options.directory, "readers.json");
  }
}

function textOf(positions: Readonly<Record<string, number>>): string {
  return formatCheckedJson({ version: 1, positions });
}

/** Until 0.1.0 the file held version and positions alone. */
function isOldForm(members: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(members).join() === "version,positions";
}

function positionsIn({ positions }: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  if (typeof positions !== "object" || positions === null) throw new Error("no positions in it");
  return Object.fromEntries(
    Object.entries(positions).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])),
  );
}
