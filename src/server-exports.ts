/** The exporters of a server: made from the configuration, fed from the log, shown in metrics and API. */

import { FILE_EXPORTERS, PUSH_EXPORTERS } from "../exporters/registry.ts";
import type { ExporterErrorJson, ExporterJson } from "./api/exporter-contract.ts";
import type { Clock } from "./base/clock.ts";
import { errorFrom, TracAggError } from "./base/errors.ts";
import type { Logger } from "./base/logger.ts";
import type { LabelledNumber, Metrics } from "./base/metrics.ts";
import type { TracAggConfig } from "./config/config.ts";
import type { PushTarget } from "./config/push-target.ts";
import { pushTargetOf } from "./config/push-target.ts";
import type { Exporter } from "./export/exporter.ts";
import type { LogFollower } from "./export/log-follower.ts";
import { createLogFollower } from "./export/log-follower.ts";
import type { SpanFilter } from "./export/span-filter.ts";
import { spanFilterOf } from "./export/span-filter.ts";
import type { IngestLog } from "./log/ingest-log.ts";
import { isoFromUnixNano } from "./model/time.ts";

/** What exporters are made of. */
export interface ExportParts {
  readonly config: TracAggConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly lifecycle: { onStop(step: () => Promise<void> | void): void };
  readonly log: IngestLog;
  readonly metrics: Metrics;
}

/** How often an exporter that pushes looks for new records: the time a batch waits for more spans at most. */
const PUSH_POLL_MILLIS = 200;

const PUSH_READER = "push:";

interface RunningExporter {
  readonly name: string;
  readonly protocol: string;
  readonly target: string;
  readonly filter: string;
  readonly follower: LogFollower;
}

/** Names under which the log remembers how far exporters are. */
export function exporterNames({ export: { file, push } }: TracAggConfig): readonly string[] {
  const files = file.path === "" ? [] : [`file:${file.format}`];
  return [...files, ...push.map((entry) => `${PUSH_READER}${pushTargetOf(entry).name}`)];
}

/**
 * Starts every exporter that is configured; gives back a way to see them.
 *
 * @throws TracAggError `invalid_argument` for a filter that is none or a file of certificates that cannot be read.
 */
export async function startExports(parts: ExportParts): Promise<() => readonly ExporterJson[]> {
  const { file, push } = parts.config.export;
  const running: RunningExporter[] = [];
  if (file.path !== "") running.push(fileExport(parts, file));
  for (const entry of push) running.push(pushExport(parts, pushTargetOf(entry)));
  for (const { follower } of running) {
    parts.lifecycle.onStop(() => follower.stop());
    await follower.start();
  }
  if (running.length > 0) exposeGauges(parts.metrics, running);
  return () => running.map(exporterJson);
}

function fileExport(parts: ExportParts, file: TracAggConfig["export"]["file"]): RunningExporter {
  const { path, format } = file;
  const readerName = `file:${format}`;
  const exporter = FILE_EXPORTERS[format]({ path });
  const follower = createLogFollower({ ...parts, exporter, readerName });
  return { name: readerName, protocol: "file", target: path, filter: "", follower };
}

function pushExport(parts: ExportParts, target: PushTarget): RunningExporter {
  const { name, protocol, address, filter } = target;
  const follower = createLogFollower({
    ...parts,
    exporter: exporterOf(target),
    readerName: `${PUSH_READER}${name}`,
    name,
    filter: filterOf(target),
    batchLimits: { maxSpans: target.batchSpans, maxBytes: target.batchBytes },
    behindLimits: { maxBytes: target.maxBehindBytes, maxAgeMillis: target.maxAgeMillis },
    pollMillis: PUSH_POLL_MILLIS,
  });
  return { name, protocol, target: shownTarget(address), filter, follower };
}

function exporterOf(target: PushTarget): Exporter {
  const { protocol, address, headers, timeoutMillis, compression, ca } = target;
  if (protocol === "file") return FILE_EXPORTERS[target.format]({ path: address });
  const url = new URL(address);
  try {
    return PUSH_EXPORTERS[protocol]({ url, headers, timeoutMillis, compression, caFile: ca });
  } catch (thrown) {
    throw named(target, thrown);
  }
}

function filterOf(target: PushTarget): SpanFilter | undefined {
  if (target.filter === "") return undefined;
  try {
    return spanFilterOf(target.filter);
  } catch (thrown) {
    throw named(target, thrown);
  }
}

function named({ name }: PushTarget, thrown: unknown): TracAggError {
  const { code, message } = errorFrom(thrown);
  return new TracAggError(code, `export.push: "${name}": ${message}`, { cause: thrown });
}

/** Paths of URLs are shown, what may have been put behind them is not. */
function shownTarget(address: string): string {
  if (!URL.canParse(address)) return address;
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}

function timeOf(unixMillis: number): string {
  return isoFromUnixNano(BigInt(Math.trunc(unixMillis)) * 1_000_000n);
}

function exporterJson({ follower, ...exporter }: RunningExporter): ExporterJson {
  const { isFailing, lastError, lastSuccessUnixMillis, lag, ...counts } = follower.facts();
  const error: ExporterErrorJson | null =
    lastError === undefined ? null : { time: timeOf(lastError.atUnixMillis), message: lastError.message };
  return {
    ...exporter,
    state: isFailing ? "retrying" : lag.records > 0 ? "sending" : "idle",
    ...counts,
    lag: { records: lag.records, bytes: lag.bytes, seconds: lag.millis / 1_000 },
    lastError: error,
    lastSuccessTime: lastSuccessUnixMillis === undefined ? null : timeOf(lastSuccessUnixMillis),
  };
}

type Facts = ReturnType<LogFollower["facts"]>;

function exposeGauges(metrics: Metrics, running: readonly RunningExporter[]): void {
  const expose = (name: string, help: string, numberOf: (facts: Facts) => number): void => {
    metrics.gauge({ name: `tracagg_export_${name}`, help, labelNames: ["exporter"] }, () =>
      running.map(
        (exporter): LabelledNumber => ({
          labels: { exporter: exporter.name },
          value: numberOf(exporter.follower.facts()),
        }),
      ),
    );
  };
  expose(
    "lag_records",
    "Records of the ingest log that an exporter has not delivered.",
    ({ lag }) => lag.records,
  );
  expose("lag_bytes", "Bytes of the ingest log that an exporter has not delivered.", ({ lag }) => lag.bytes);
  expose(
    "lag_seconds",
    "Time since the oldest record came that an exporter has not delivered.",
    ({ lag }) => lag.millis / 1_000,
  );
  expose(
    "last_error_timestamp_seconds",
    "When a delivery of an exporter last went wrong; 0 for never.",
    ({ lastError }) => (lastError?.atUnixMillis ?? 0) / 1_000,
  );
}
