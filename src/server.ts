/** The composition root: builds every part of a server, starts them in order, stops them in the mirrored order. */

import type { RenderedMetrics } from "./api/health/prometheus-metrics.ts";
import { createPrometheusMetrics } from "./api/health/prometheus-metrics.ts";
import type { Clock } from "./base/clock.ts";
import { systemClock } from "./base/clock.ts";
import { errorFrom, TracAggError } from "./base/errors.ts";
import type { Logger } from "./base/logger.ts";
import { silentLogger } from "./base/logger.ts";
import type { TracAggConfig } from "./config/config.ts";
import { loadConfig } from "./config/load-config.ts";
import { IngestFacts } from "./ingest/ingest-facts.ts";
import type { IngestPipeline } from "./ingest/ingest-pipeline.ts";
import { createIngestPipeline } from "./ingest/ingest-pipeline.ts";
import type { SpanSink } from "./ingest/span-sink.ts";
import { makeDirectoryDurably, nodeFileLayer } from "./io/file-layer.ts";
import { acquireLock } from "./io/lock-file.ts";
import { createFileJournal } from "./log/file-journal.ts";
import type { IngestLog } from "./log/ingest-log.ts";
import { createMemoryLog } from "./log/memory-log.ts";
import type { OtlpGrpcReceiver } from "./receivers/otlp-grpc.ts";
import { createOtlpGrpcReceiver } from "./receivers/otlp-grpc.ts";
import { createOtlpHttpReceiver } from "./receivers/otlp-http.ts";
import type { Receiver } from "./receivers/receiver.ts";
import type { ReceiverMetrics } from "./receivers/receiver-metrics.ts";
import { createReceiverMetrics } from "./receivers/receiver-metrics.ts";
import { hostPort } from "./server-address.ts";
import type { ApiAddresses } from "./server-apis.ts";
import { listenApis } from "./server-apis.ts";
import { exporterNames, startExports } from "./server-exports.ts";
import type { JaegerAddresses } from "./server-jaeger.ts";
import { startJaeger } from "./server-jaeger.ts";
import type { ServerStatistics } from "./server-statistics.ts";
import { startStatistics } from "./server-statistics.ts";
import type { ServerAddresses } from "./server-status.ts";
import { serverStatus } from "./server-status.ts";
import type { StoreKind } from "./store/registry.ts";
import { STORE_KINDS } from "./store/registry.ts";
import type { RollupStore } from "./store/rollup-store.ts";
import type { TraceStore } from "./store/trace-store.ts";
import type { AnalysisThread } from "./threads/analysis-thread.ts";
import { createAnalysisThread } from "./threads/analysis-thread.ts";
import type { IngestThread } from "./threads/ingest-thread.ts";
import { createIngestThread } from "./threads/ingest-thread.ts";
import { VERSION } from "./version.ts";

export type { TracAggConfig } from "./config/config.ts";

/** What a server is started with. */
export interface StartOptions {
  /** @defaultValue the one made of environment and `tracagg.yaml` */
  readonly config?: TracAggConfig;
  /** @defaultValue one that drops everything */
  readonly logger?: Logger;
}

/** A server that takes spans and answers. */
export interface RunningServer extends JaegerAddresses {
  /** `http://host:port` of UI and native API. */
  readonly ui: string;
  /** `host:port` of OTLP/gRPC. */
  readonly otlpGrpc: string;
  /** `http://host:port` of OTLP/HTTP. */
  readonly otlpHttp: string;
  /** `http://host:port` of the Tempo API at its root, undefined when `api.tempo.port` is off. */
  readonly tempo: string | undefined;
  /** `http://host:port` of the Zipkin API at its root, undefined when `api.zipkin.port` is off. */
  readonly zipkin: string | undefined;
  /** `host:port` of Jaeger's query services over gRPC, undefined when `api.jaeger.grpc.port` is off. */
  readonly jaegerGrpc: string | undefined;
  /** Undefined for the memory store. */
  readonly dataDir: string | undefined;
  /**
   * Resolves once statistics have everything that came before the start: a moment after spans are taken and found.
   * Rejects with `unavailable` when that cannot be read, or is not wanted any more.
   */
  upToDate(): Promise<void>;
  /**
   * Refuses new work retryably, finishes what was admitted, seals, lets go of everything. Idempotent. Rejects with
   * `deadline_exceeded` when that takes longer than `server.shutdownTimeout`; what was acknowledged is in the log then.
   */
  stop(): Promise<void>;
}

/** Name under which the log remembers how far the stored statistics reach. */
const STATISTICS_READER = "statistics";

/** How often the log is told what the store holds by itself: a log file is seconds of traffic, so often enough. */
const RELEASE_INTERVAL_MILLIS = 1_000;

/**
 * Starts a server. Set `UV_THREADPOOL_SIZE=16` for the process, as the program does: queries and syncs share Node's pool,
 * and with its usual four threads acknowledgements wait for queries.
 *
 * @throws TracAggError `failed_precondition` when a port is taken, the data folder is in use or of a newer format.
 *
 * @example
 * import { startServer } from "tracagg/server";
 * const server = await startServer();
 * console.log(server.otlpHttp);
 * await server.stop();
 */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const config = options.config ?? loadConfig().config;
  const logger = options.logger ?? silentLogger;
  const lifecycle = new Lifecycle();
  try {
    return await composeServer({ config, logger, clock: systemClock, lifecycle });
  } catch (error) {
    await lifecycle.stop().catch((stopError: unknown) => {
      // The reason why it did not start is what the caller has to hear.
      logger.error("clearing up after a failed start failed too", { reason: errorFrom(stopError).message });
    });
    throw error;
  }
}

interface Composition {
  readonly config: TracAggConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly lifecycle: Lifecycle;
}

/** Stop steps, run last in, first out. */
class Lifecycle {
  readonly #steps: (() => Promise<void> | void)[] = [];

  onStop(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Every step runs, also after one that fails; then the first failure is thrown. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

async function composeServer(composition: Composition): Promise<RunningServer> {
  const { config, logger, clock, lifecycle } = composition;
  const isDurable = STORE_KINDS[config.store.type]?.isDurable === true;
  const metrics = createPrometheusMetrics();
  const facts = new IngestFacts(clock);
  const startedUnixMillis = clock.nowMillis();
  let isDraining = false;

  if (isDurable) await lockFolder(composition);
  const log = await startLog(composition, isDurable, metrics);
  const analysisThread = createAnalysisThread(metrics);
  lifecycle.onStop(() => analysisThread.stop());
  const store = await startStore(composition, { log, metrics, linksElsewhere: analysisThread.links });
  const statistics = await startStatistics({
    log,
    store,
    rollups: await rollupStoreOf(composition),
    clock,
    logger,
    metrics,
    onCovered: (position) => {
      if (isDurable) log.release(STATISTICS_READER, position);
    },
  });
  lifecycle.onStop(() => statistics.stop());
  // First of all an exporter takes hold of what it has not delivered yet.
  const exporters = await startExports({ ...composition, log, metrics });
  releaseRegularly(log, store, lifecycle);

  const ingestThread = createIngestThread(metrics);
  lifecycle.onStop(() => ingestThread.stop());
  const pipeline = createPipeline(composition, { log, store, statistics, metrics, ingestThread });
  const sink = facts.watch(pipeline);
  const receiverMetrics = countedReceivers(metrics, facts);
  const receivers: Partial<Receivers> = {};
  const addresses = (): ServerAddresses => addressesOf(apis, receivers);
  const apis = await listenApis({
    ...composition,
    metrics,
    store,
    sink,
    answered: receiverMetrics.answered,
    statistics,
    largeAnalyses: analysisThread,
    exporters,
    status: () => serverStatus({ config, clock, startedUnixMillis, facts, store, addresses: addresses() }),
    notReadyReasons: () =>
      isDraining ? ["shutting down"] : receivers.http === undefined ? ["starting"] : [],
  });
  Object.assign(
    receivers,
    await startReceivers(composition, { metrics, sink, receiverMetrics, ingestThread }),
  );
  lifecycle.onStop(() => {
    isDraining = true;
    receivers.grpc?.beginDrain();
    return pipeline.drain();
  });
  statistics.begin();
  return {
    ...addresses(),
    tempo: apis.tempo && `http://${hostPort(apis.tempo)}`,
    zipkin: apis.zipkin && `http://${hostPort(apis.zipkin)}`,
    jaegerGrpc: apis.jaegerGrpc && hostPort(apis.jaegerGrpc),
    ...receivers.jaeger,
    dataDir: isDurable ? config.data.dir : undefined,
    upToDate: () => statistics.upToDate(),
    stop: onceWithin(config.server.shutdownTimeoutMillis, () => lifecycle.stop()),
  };
}

interface PipelineParts {
  readonly log: IngestLog;
  readonly store: TraceStore;
  readonly statistics: ServerStatistics;
  readonly metrics: RenderedMetrics;
  readonly ingestThread: IngestThread;
}

function createPipeline(
  { config, clock }: Composition,
  { log, store, statistics, metrics, ingestThread }: PipelineParts,
): IngestPipeline {
  return createIngestPipeline({
    log,
    store,
    followers: [statistics],
    decodeLong: ingestThread.decodeLong,
    ...config.ingest,
    isOverloaded: () => store.isOverloaded?.() === true || statistics.isOverloaded(),
    metrics,
    clock,
  });
}

function addressesOf({ main }: ApiAddresses, { grpc, http }: Partial<Receivers>): ServerAddresses {
  return {
    ui: `http://${hostPort(main)}`,
    otlpGrpc: grpc === undefined ? "" : hostPort(grpc.address()),
    otlpHttp: http === undefined ? "" : `http://${hostPort(http.address())}`,
  };
}

async function lockFolder({ config, clock, lifecycle }: Composition): Promise<void> {
  await makeDirectoryDurably(nodeFileLayer, config.data.dir);
  const lock = await acquireLock({ directory: config.data.dir, version: VERSION, clock });
  lifecycle.onStop(() => lock.release());
}

async function startLog(
  { config, logger, clock, lifecycle }: Composition,
  isDurable: boolean,
  metrics: RenderedMetrics,
): Promise<IngestLog> {
  const followers = exporterNames(config);
  const log = isDurable
    ? createFileJournal({
        dataDirectory: config.data.dir,
        readers: ["store", STATISTICS_READER, ...followers],
        maxFileBytes: config.log.maxFileBytes,
        maxRetainedBytes: config.log.maxRetainedBytes,
        clock,
        logger,
        metrics,
      })
    : createMemoryLog({ readers: followers });
  await log.start();
  lifecycle.onStop(() => log.stop());
  exposeGauges(metrics, "tracagg_log", log);
  return log;
}

interface StoreParts {
  readonly log: IngestLog;
  readonly metrics: RenderedMetrics;
  readonly linksElsewhere: AnalysisThread["links"];
}

async function startStore(
  { config, logger, clock, lifecycle }: Composition,
  { log, metrics, linksElsewhere }: StoreParts,
): Promise<TraceStore> {
  const kind = STORE_KINDS[config.store.type];
  if (kind === undefined) {
    const known = Object.keys(STORE_KINDS).join(", ");
    throw new TracAggError(
      "invalid_argument",
      `store.type: expected one of ${known}, got "${config.store.type}"`,
    );
  }
  const store = await kind.create({
    dataDir: config.data.dir,
    options: storeOptions(config),
    attributeColumns: config.store.lake.attributeColumns,
    version: VERSION,
    logger,
    metrics,
    clock,
    linksElsewhere,
  });
  await store.start();
  // Once the store has sealed and before the log closes: a clean stop leaves nothing to replay.
  lifecycle.onStop(() => log.release("store", store.coveredPosition()));
  lifecycle.onStop(() => store.stop());
  exposeGauges(metrics, "tracagg_store", store);
  return store;
}

function rollupStoreOf({ config, logger }: Composition): Promise<RollupStore> {
  return (STORE_KINDS[config.store.type] as StoreKind).createRollupStore({
    dataDir: config.data.dir,
    logger,
  });
}

function storeOptions({ store, retention }: TracAggConfig): Record<string, number> {
  const retentionAgeMillis = retention.ageMillis;
  if (store.type === "memory") return { maxBytes: store.memory.maxBytes, retentionAgeMillis };
  const { memoryLimitBytes, attributeColumns: _, ...lake } = store.lake;
  return {
    ...lake,
    queryMemoryBytes: memoryLimitBytes,
    retentionAgeMillis,
    retentionBytes: retention.bytes,
  };
}

function exposeGauges(
  metrics: RenderedMetrics,
  prefix: string,
  part: { gauges(): Readonly<Record<string, number>> },
): void {
  for (const key of Object.keys(part.gauges())) {
    const name = `${prefix}_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    metrics.gauge(
      { name, help: `${key} of ${prefix.replace("tracagg_", "the ")}.` },
      () => part.gauges()[key] ?? 0,
    );
  }
}

/** The log forgets what the store holds by itself. */
function releaseRegularly(log: IngestLog, store: TraceStore, lifecycle: Lifecycle): void {
  let released = -1;
  const release = () => {
    const covered = store.coveredPosition();
    if (covered === released) return;
    log.release("store", covered);
    released = covered;
  };
  release();
  const timer = setInterval(release, RELEASE_INTERVAL_MILLIS);
  timer.unref();
  lifecycle.onStop(() => clearInterval(timer));
}

interface Receivers {
  readonly grpc: OtlpGrpcReceiver;
  readonly http: Receiver;
  readonly jaeger: JaegerAddresses;
}

interface ReceiverParts {
  readonly metrics: RenderedMetrics;
  readonly sink: SpanSink;
  readonly receiverMetrics: ReceiverMetrics;
  readonly ingestThread: IngestThread;
}

/** Counters of every way in; what is refused is noted for the status too. */
function countedReceivers(metrics: RenderedMetrics, facts: IngestFacts): ReceiverMetrics {
  const counted = createReceiverMetrics(metrics);
  return {
    ...counted,
    answered: (transport, outcome) => {
      counted.answered(transport, outcome);
      if (outcome !== "accepted" && outcome !== "cancelled") facts.refused(outcome);
    },
  };
}

async function startReceivers(
  { config, logger, lifecycle }: Composition,
  { metrics, sink, receiverMetrics, ingestThread }: ReceiverParts,
): Promise<Receivers> {
  const { grpc, http, maxRequestBytes } = config.receivers.otlp;
  const shared = { sink, host: config.server.host, maxRequestBytes, logger, receiverMetrics };
  const receivers = {
    grpc: createOtlpGrpcReceiver({ ...shared, port: grpc.port }),
    http: createOtlpHttpReceiver({
      ...shared,
      port: http.port,
      corsOrigins: http.cors.allowedOrigins,
      transcode: ingestThread.transcode,
    }),
  };
  for (const receiver of [receivers.grpc, receivers.http]) {
    await receiver.start();
    lifecycle.onStop(() => receiver.stop());
  }
  const jaeger = await startJaeger({ config, logger, lifecycle, metrics, sink, receiverMetrics });
  return { ...receivers, jaeger };
}

function onceWithin(timeoutMillis: number, work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  const run = async () => {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const message = `shutting down took longer than ${timeoutMillis} ms (server.shutdownTimeout); what was acknowledged is in the ingest log and is read back at the next start`;
      timer = setTimeout(() => reject(new TracAggError("deadline_exceeded", message)), timeoutMillis);
    });
    try {
      await Promise.race([work(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  };
  return () => {
    result ??= run();
    return result;
  };
}
