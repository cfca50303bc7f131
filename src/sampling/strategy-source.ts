/** The strategies of the file as it is now: read again when it changes, kept when it breaks. */

import { errorFrom, TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import { textFromUtf8 } from "../base/utf8.ts";
import { nodeFileLayer } from "../io/file-layer.ts";
import type { SamplingStrategy, Strategies } from "./strategy.ts";
import { strategiesFromFile } from "./strategy.ts";
import { parseStrategyFile } from "./strategy-file.ts";

/** Options of {@link StrategySource}. */
export interface StrategySourceOptions {
  readonly file: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** 1,000 between two looks at the file: one `stat` each, and clients ask once a minute. */
  readonly pollMillis?: number;
}

/** A larger file is none of strategies: ten thousand services take less. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Follows the file by its time and size, which also sees files that are replaced and links that move on. */
export class StrategySource {
  readonly #options: StrategySourceOptions;
  readonly #reads: Counter;
  #strategies: Strategies | undefined;
  #seen = "";
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: StrategySourceOptions) {
    this.#options = options;
    this.#reads = options.metrics.counter({
      name: "tracagg_sampling_file_reads_total",
      help: "Times the file of sampling strategies was read because it was new, by outcome: taken or broken.",
      labelNames: ["outcome"],
    });
  }

  /**
   * Reads the file and follows it from then on.
   *
   * @throws TracAggError `invalid_argument` when it is missing or broken: nothing could be answered
   */
  async start(): Promise<void> {
    // Before the content: a change between the two is seen at the next look.
    this.#seen = await this.#stamp();
    await this.#read();
    this.#lookLater();
  }

  /** The strategy of a service, or the default one. */
  strategyOf(service: string): SamplingStrategy {
    const { byService, defaultStrategy } = this.#strategies as Strategies;
    return byService.get(service) ?? defaultStrategy;
  }

  /** Looks at the file no more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      void this.#look().then(() => this.#lookLater());
    }, this.#options.pollMillis ?? 1_000);
    this.#timer.unref();
  }

  /** A broken file is told of once: it is looked at again when it has changed. */
  async #look(): Promise<void> {
    const { file, logger } = this.#options;
    const stamp = await this.#stamp();
    if (stamp === this.#seen) return;
    this.#seen = stamp;
    try {
      await this.#read();
      logger.info("sampling strategies were read again", { file });
    } catch (thrown) {
      logger.error("sampling strategies stay as they were: the file is broken", {
        reason: errorFrom(thrown).message,
      });
    }
  }

  async #stamp(): Promise<string> {
    const stat = await nodeFileLayer.stat(this.#options.file).catch(() => undefined);
    return stat === undefined ? "missing" : `${stat.modifiedUnixMillis} ${stat.sizeBytes}`;
  }

  async #read(): Promise<void> {
    const { file, logger } = this.#options;
    try {
      const strategies = strategiesFromFile(parseStrategyFile(await readText(file), file));
      for (const warning of strategies.warnings) logger.warn("sampling strategies", { file, warning });
      this.#strategies = strategies;
      this.#reads.add(1, { outcome: "taken" });
    } catch (thrown) {
      this.#reads.add(1, { outcome: "broken" });
      throw thrown;
    }
  }
}

async function readText(file: string): Promise<string> {
  const stat = await nodeFileLayer.stat(file).catch((thrown: unknown) => {
    throw unreadable(file, errorFrom(thrown).message);
  });
  if (stat === undefined) throw unreadable(file, "there is none");
  if (stat.isDirectory || stat.sizeBytes > MAX_FILE_BYTES) {
    throw unreadable(file, stat.isDirectory ? "it is a folder" : `it has ${stat.sizeBytes} bytes`);
  }
  const bytes = await nodeFileLayer.readFile(file).catch((thrown: unknown) => {
    throw unreadable(file, errorFrom(thrown).message);
  });
  return textFromUtf8(bytes);
}

function unreadable(file: string, reason: string): TracAggError {
  const expected = `a file of sampling strategies (JSON, at most ${MAX_FILE_BYTES} bytes)`;
  return new TracAggError("invalid_argument", `sampling.file: expected ${expected} at ${file}: ${reason}`, {
    field: "sampling.file",
  });
}
