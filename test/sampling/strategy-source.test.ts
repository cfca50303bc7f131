import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import { StrategySource } from "../../src/sampling/strategy-source.ts";
import { temporaryFolder } from "../helpers/server-process.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

const fileText = (rate: number): string =>
  JSON.stringify({ default_strategy: { type: "probabilistic", param: rate } });

/** A log whose next line can be awaited. */
function awaitedLog(): { readonly logger: Logger; next(): Promise<string> } {
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const add = (message: string, fields: LogFields = {}): void => {
    const line = `${message} ${JSON.stringify(fields)}`;
    const first = waiting.shift();
    if (first === undefined) lines.push(line);
    else first(line);
  };
  return {
    logger: { info: add, warn: add, error: add },
    next: () => {
      const line = lines.shift();
      return line === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(line);
    },
  };
}

describe("the file of strategies", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let source: StrategySource;
  let log: ReturnType<typeof awaitedLog>;
  let metrics: RecordingMetrics;

  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder.path, "strategies.json");
    log = awaitedLog();
    metrics = new RecordingMetrics();
    source = new StrategySource({ file, logger: log.logger, metrics, pollMillis: 5 });
  });

  afterEach(() => {
    source.stop();
    folder.remove();
  });

  const rate = (): unknown => {
    const strategy = source.strategyOf("shop");
    return strategy.strategyType === "PROBABILISTIC" && strategy.probabilisticSampling.samplingRate;
  };

  it("is read again when it is written or replaced", async () => {
    writeFileSync(file, fileText(0.5));
    await source.start();
    expect(rate()).toBe(0.5);
    writeFileSync(file, fileText(0.25));
    expect(await log.next()).toContain("read again");
    expect(rate()).toBe(0.25);
    writeFileSync(`${file}.new`, fileText(0.125));
    renameSync(`${file}.new`, file);
    expect(await log.next()).toContain("read again");
    expect(rate()).toBe(0.125);
    expect(metrics.sum("tracagg_sampling_file_reads_total", { outcome: "taken" })).toBe(3);
  });

  it("keeps its last good strategies while it is broken or gone, and tells of each once", async () => {
    writeFileSync(file, fileText(0.5));
    await source.start();
    // Replaced, so that no look finds it half written.
    writeFileSync(`${file}.new`, '{"default_strategy":\n 5}');
    renameSync(`${file}.new`, file);
    expect(await log.next()).toContain(`${file}:2: default_strategy: expected an object, got 5`);
    rmSync(file);
    expect(await log.next()).toContain("there is none");
    expect(rate()).toBe(0.5);
    writeFileSync(`${file}.new`, fileText(1));
    renameSync(`${file}.new`, file);
    expect(await log.next()).toContain("read again");
    expect(rate()).toBe(1);
    expect(metrics.sum("tracagg_sampling_file_reads_total", { outcome: "broken" })).toBe(2);
  });

  it("has to be there and whole at the start", async () => {
    await expect(source.start()).rejects.toThrow(`sampling.file: expected a file of sampling strategies`);
    writeFileSync(file, "{");
    await expect(source.start()).rejects.toMatchObject({ code: "invalid_argument", field: "sampling.file" });
  });
});
