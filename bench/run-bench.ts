/** Runs what the options ask for, in order. */

import { loadavg } from "node:os";
import { VERSION } from "../src/version.ts";
import type { BenchOptions, StoredScenario } from "./bench-options.ts";
import type { BenchResults, Conditions, StoredFigures } from "./bench-results.ts";
import { corpusTemplates, describeCorpus } from "./corpus.ts";
import { withTemporaryFolder } from "./machine/child-process.ts";
import { describeMachine } from "./machine/describe-machine.ts";
import type { Pinning } from "./machine/pinning.ts";
import { allowedCores, pinningHere, pinSelf } from "./machine/pinning.ts";
import { corpusFacts } from "./queries/corpus-facts.ts";
import { corpusSpans } from "./queries/corpus-spans.ts";
import { queryCases } from "./queries/query-cases.ts";
import { runQueries } from "./queries/query-run.ts";
import type { LoadSettings } from "./scenarios/ingest.ts";
import { ingestInRounds } from "./scenarios/ingest.ts";
import type { IngestFigures } from "./scenarios/ingest-figures.ts";
import { INGEST_VARIANTS } from "./scenarios/ingest-variants.ts";
import { measureSteady, measureWhileQuerying } from "./scenarios/steady.ts";
import type { Stored } from "./scenarios/stored.ts";
import { checkStored, fill, measureMerging, measureRestart, withServer } from "./scenarios/stored.ts";
import { buildCollector, collectorVersion } from "./targets/collector-build.ts";
import { collectorKind } from "./targets/collector-target.ts";
import { externalKind } from "./targets/external-target.ts";
import type { TargetKind } from "./targets/target.ts";
import { tracAggKind } from "./targets/tracagg-server.ts";

const RESTARTS = 3;
const HISTORY_FACTOR = 10;
/** Seeds of the runs of one kind lie closer together than this. */
const SEED_STRIDE = 1_000;
const STEADY_SHARE = 0.5;
/** Load average of a machine that does nothing else. */
const QUIET_LOAD = 0.5;

/** What every part of a run needs. */
interface Run {
  readonly options: BenchOptions;
  readonly core: number | undefined;
  readonly settings: LoadSettings;
  readonly say: (text: string) => void;
}

/** @param command what repeats the run, for the page */
export async function runBench(
  options: BenchOptions,
  { command, say }: { command: string; say: (text: string) => void },
): Promise<BenchResults> {
  const loadAverage = loadavg()[0] ?? 0;
  if (loadAverage > QUIET_LOAD)
    say(`the machine is busy (load average ${loadAverage.toFixed(2)}): figures suffer`);
  const pinning = pinningHere(options.isPinned);
  // Before the pinning: a build may use every core.
  const collector = options.hasCollector
    ? await buildCollector({
        onBuild: () => say("building the Collector, which takes minutes the first time"),
      })
    : undefined;
  pinSelf(pinning.cores?.load);
  const core = pinning.cores?.server;
  const run: Run = { options, core, settings: loadSettings(options), say };
  const kinds = [tracAggKind(core)];
  if (collector !== undefined) kinds.unshift(collectorKind(collector, core));
  if (options.against !== undefined) kinds.push(externalKind(options.against));
  warnOfOtherCores(options, pinning, say);
  const ingest = await runIngest(run, kinds);
  return {
    conditions: conditionsOf(options, { pinning: pinning.note, command, loadAverage }),
    ingest,
    ...(await runStored(run)),
  };
}

function loadSettings(options: BenchOptions): LoadSettings {
  return {
    spans: options.spans,
    spansPerSecond: options.spansPerSecond,
    concurrency: options.concurrency,
    // Fresh ids each time, for backends that keep what earlier runs sent.
    seed: Date.now() % 2 ** 31,
    ...(options.corpusFolder === undefined ? {} : { corpusFolder: options.corpusFolder }),
  };
}

function conditionsOf(
  options: BenchOptions,
  also: Pick<Conditions, "pinning" | "command" | "loadAverage">,
): Conditions {
  const environment = Object.entries(process.env)
    .filter(([name]) => name.startsWith("TRACAGG_") || name === "NODE_OPTIONS" || name === "GOGC")
    .map(([name, value]) => `${name}=${value}`);
  return {
    ...also,
    version: VERSION,
    machine: describeMachine(),
    corpus: describeCorpus(corpusTemplates(options.corpusFolder), options.corpusFolder),
    spans: options.spans,
    concurrency: options.concurrency,
    rounds: options.rounds,
    environment,
    collector: options.hasCollector ? collectorVersion() : undefined,
  };
}

function warnOfOtherCores({ against }: BenchOptions, { cores }: Pinning, say: (text: string) => void): void {
  if (against?.pid === undefined || cores === undefined) return;
  const allowed = allowedCores(against.pid);
  if (allowed.length === 1 && allowed[0] === cores.server) return;
  say(
    `process ${against.pid} may run on cores ${allowed.join(",")}, the servers started here on core ${cores.server};` +
      ` "taskset -a -c -p ${cores.server} ${against.pid}" holds it there`,
  );
}

function runIngest({ options, settings, say }: Run, kinds: readonly TargetKind[]): Promise<IngestFigures[]> {
  return ingestInRounds({
    kinds,
    variants: INGEST_VARIANTS.filter(({ name }) => options.variants.has(name)),
    rounds: options.rounds,
    settings,
    onFigures: (figures) => {
      const cpu = figures.sealedCpuMicrosPerSpan?.toFixed(2) ?? "-";
      const rate = Math.round(figures.sealedSpansPerSecond);
      say(`${figures.variant}, ${figures.target}: ${rate} spans/s, ${cpu} us/span`);
      if (figures.failedRequests > 0) say(`${figures.failedRequests} failed: ${figures.firstFailure}`);
    },
  });
}

async function runStored(run: Run): Promise<Pick<BenchResults, "stored" | "tenfold">> {
  const { scenarios } = run.options;
  if (scenarios.size === 0) return { stored: undefined, tenfold: undefined };
  // A ratio needs both sides.
  const once = new Set<StoredScenario>([...scenarios].filter((name) => name !== "history"));
  if (scenarios.has("history")) once.add("queries");
  const settings = { ...run.settings, seed: run.settings.seed + SEED_STRIDE };
  const stored = await measureStored({ ...run, settings }, once);
  if (!scenarios.has("history")) return { stored, tenfold: undefined };
  const tenfoldSettings = {
    ...settings,
    spans: settings.spans * HISTORY_FACTOR,
    seed: settings.seed + SEED_STRIDE,
  };
  const tenfold = await measureStored({ ...run, settings: tenfoldSettings }, new Set(["restart", "queries"]));
  return { stored, tenfold };
}

function measureStored(run: Run, scenarios: ReadonlySet<StoredScenario>): Promise<StoredFigures> {
  const { settings, core, say } = run;
  return withTemporaryFolder(async (folder) => {
    say(`filling a store with ${settings.spans} spans`);
    const stored = await fill(folder, { settings, core });
    const figures: StoredFigures = { spans: stored.figures.spans };
    say("letting it merge its segments");
    figures.merging = await measureMerging(stored);
    if (scenarios.has("restart")) {
      say("starting over it");
      figures.restart = await measureRestart(stored, RESTARTS);
    }
    await measureRunning(run, { scenarios, stored, figures });
    return figures;
  });
}

async function measureRunning(
  { options, settings, say }: Run,
  {
    scenarios,
    stored,
    figures,
  }: { scenarios: ReadonlySet<StoredScenario>; stored: Stored; figures: StoredFigures },
): Promise<void> {
  const cases = queryCases(corpusFacts(corpusSpans(options.corpusFolder)), stored.sampleTraceIds);
  const rate = options.spansPerSecond || Math.round(stored.figures.sealedSpansPerSecond * STEADY_SHARE);
  const settingsFor = (offset: number) => ({
    ...settings,
    spansPerSecond: rate,
    seed: settings.seed + offset,
  });
  await withServer(stored, async (server, client) => {
    await checkStored(client, stored);
    if (scenarios.has("queries")) {
      say("asking");
      figures.queries = await runQueries(client, cases);
    }
    if (scenarios.has("steady")) {
      say(`sending ${rate} spans/s`);
      figures.steady = await measureSteady(server, settingsFor(1), options.steadySeconds);
    }
    if (scenarios.has("querying")) {
      say(`sending ${rate} spans/s and asking`);
      const seconds = options.queryingSeconds;
      figures.querying = await measureWhileQuerying(server, {
        settings: settingsFor(2),
        seconds,
        cases,
        client,
      });
    }
  });
}
