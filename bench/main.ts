/**
 * `npm run bench`: ingest over gRPC and HTTP, requests as recorded and merged, identity and gzip; then queries.
 * Prints a table for people; `--json FILE` writes the same figures for machines.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LoadOrder, LoadResult } from "./load-process.ts";
import type { QueryTimes } from "./query-run.ts";
import { runQueries } from "./query-run.ts";
import { folderBytes, startServerProcess } from "./server-process.ts";

const MERGED_SPANS = 500;

interface IngestFigures {
  readonly name: string;
  readonly spansPerSecond: number;
  readonly cpuMicrosPerSpan: number;
  readonly peakRssMib: number;
  readonly diskBytesPerSpan: number;
  readonly load: Omit<LoadResult, "sampleTraceIds">;
}

const { values: flags } = parseArgs({
  options: {
    spans: { type: "string", default: "1000000" },
    corpus: { type: "string" },
    concurrency: { type: "string", default: "8" },
    only: { type: "string", default: "" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const HELP = `Usage: npm run bench -- [--spans N] [--corpus DIR] [--concurrency N] [--only TEXT] [--json FILE]

  --spans N        spans sent in each ingest run (default 1000000)
  --corpus DIR     replay recorded OTLP requests (*.bin) in place of the generated corpus
  --concurrency N  requests in flight (default 8)
  --only TEXT      only ingest runs whose name holds TEXT, e.g. "grpc merged"
  --json FILE      write all figures as JSON
`;

function runLoad(order: LoadOrder): Promise<LoadResult> {
  const script = fileURLToPath(new URL("./load-process.js", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(order));
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on("exit", (code) => {
      if (code === 0) resolve(JSON.parse(text) as LoadResult);
      else reject(new Error(`the load generator ended with exit code ${code}`));
    });
  });
}

type Variant = Pick<LoadOrder, "protocol" | "isGzip" | "mergeSpans"> & { readonly name: string };

function variants(): Variant[] {
  const all: Variant[] = [];
  for (const protocol of ["grpc", "http"] as const) {
    for (const mergeSpans of [MERGED_SPANS, 0]) {
      for (const isGzip of [false, true]) {
        const name = `${protocol} ${mergeSpans > 0 ? "merged" : "recorded"} ${isGzip ? "gzip" : "identity"}`;
        all.push({ protocol, mergeSpans, isGzip, name });
      }
    }
  }
  return all.filter(({ name }) => name.includes(flags.only));
}

async function measureIngest(variant: Variant, dataFolder: string) {
  const server = await startServerProcess(dataFolder);
  const before = server.readings();
  const load = await runLoad({
    ...variant,
    endpoint: variant.protocol === "grpc" ? server.otlpGrpc : server.otlpHttp,
    spans: Number(flags.spans),
    concurrency: Number(flags.concurrency),
    seed: 7,
    ...(flags.corpus === undefined ? {} : { corpusFolder: flags.corpus }),
  });
  if (load.failedRequests > 0) process.stderr.write(`${load.failedRequests} failed: ${load.firstFailure}\n`);
  await server.settled();
  const after = await server.stop();
  const { sampleTraceIds, ...rest } = load;
  const figures: IngestFigures = {
    name: variant.name,
    spansPerSecond: Math.round(load.spans / (load.wallMillis / 1_000)),
    cpuMicrosPerSpan: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / load.spans,
    peakRssMib: after.peakRssBytes / 2 ** 20,
    diskBytesPerSpan: folderBytes(dataFolder) / load.spans,
    load: rest,
  };
  return { figures, sampleTraceIds };
}

function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

function printIngest(rows: readonly IngestFigures[]): void {
  print(
    "| ingest | spans/s | CPU us/span | peak RSS MiB | disk B/span | p50 ms | p95 ms | p99 ms | retries | generator CPU % |",
  );
  print("|---|---|---|---|---|---|---|---|---|---|");
  for (const row of rows) {
    const { latencyMillis: latency, ownCpuSeconds, wallMillis } = row.load;
    const cells = [
      row.name,
      row.spansPerSecond.toLocaleString("en-US"),
      row.cpuMicrosPerSpan.toFixed(2),
      row.peakRssMib.toFixed(0),
      row.diskBytesPerSpan.toFixed(1),
      latency.p50.toFixed(1),
      latency.p95.toFixed(1),
      latency.p99.toFixed(1),
      String(row.load.retries),
      ((ownCpuSeconds * 100_000) / wallMillis).toFixed(0),
    ];
    print(`| ${cells.join(" | ")} |`);
  }
}

function printQueries(rows: readonly QueryTimes[]): void {
  print("| query | runs | p50 ms | p95 ms |");
  print("|---|---|---|---|");
  for (const row of rows) {
    print(`| ${row.name} | ${row.runs} | ${row.p50Millis.toFixed(1)} | ${row.p95Millis.toFixed(1)} |`);
  }
}

function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}, ${memory} GiB, Linux ${release()}, Node ${process.version}`;
}

async function main(): Promise<void> {
  const ingest: IngestFigures[] = [];
  let queries: QueryTimes[] = [];
  print(`machine: ${machine()}`);
  print(
    `corpus: ${flags.corpus ?? "generated, seed 1"}; ${flags.spans} spans a run, ${flags.concurrency} requests in flight`,
  );
  print(
    "method: server and load generator are processes of their own on this machine; CPU is the server's user + system",
  );
  print(
    "time until it has sealed everything and ended; disk is every file it leaves; queries run one at a time.",
  );
  print();
  const all = variants();
  for (const [index, variant] of all.entries()) {
    const dataFolder = mkdtempSync(join(tmpdir(), "tracagg-bench-"));
    try {
      const { figures, sampleTraceIds } = await measureIngest(variant, dataFolder);
      ingest.push(figures);
      process.stderr.write(`${figures.name}: ${figures.spansPerSecond} spans/s\n`);
      if (index === all.length - 1) {
        const server = await startServerProcess(dataFolder);
        queries = await runQueries(server.ui, sampleTraceIds);
        await server.stop();
      }
    } finally {
      rmSync(dataFolder, { recursive: true, force: true });
    }
  }
  printIngest(ingest);
  print();
  printQueries(queries);
  if (flags.json !== undefined) {
    writeFileSync(flags.json, `${JSON.stringify({ machine: machine(), flags, ingest, queries }, null, 2)}\n`);
  }
}

if (flags.help) print(HELP);
else await main();
