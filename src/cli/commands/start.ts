/** `tracagg start`: runs a server until it is told to stop. */

import type { Command } from "commander";
import { errorFrom } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { TracAggConfig } from "../../config/config.ts";
import { isLoopbackHost } from "../../config/loopback.ts";
import { textFromBytes, textFromMillis } from "../../config/quantity-text.ts";
import { holdYoungHeap, releaseYoungHeap } from "../../io/young-heap.ts";
import type { RunningServer } from "../../server.ts";
import { VERSION } from "../../version.ts";
import type { CliContext } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import type { FlagValues } from "../config-flags.ts";
import { addConfigFlags, configFromFlags } from "../config-flags.ts";
import { ExitCode } from "../exit-code.ts";
import { createLogger } from "../logger.ts";
import { withFreePort } from "../port-hint.ts";

/** Adds `start`, also what the bare program does. */
export const addStart: AddCommand = (program, run) => {
  const command: Command = program
    .command("start", { isDefault: true })
    .summary("run a server (also what tracagg alone does)")
    .description("Runs a server until it gets SIGTERM or SIGINT, then finishes what it took and ends.")
    .option("--json", "print one JSON line once ready, and nothing else, on standard output");
  addConfigFlags(command)
    .addHelpText("after", "\nExample:\n  $ tracagg start --port 0 --retention-age 3d --retention-bytes 20GiB")
    .action(run((context, values: FlagValues) => start(context, values)));
};

async function start(context: CliContext, values: FlagValues): Promise<ExitCode> {
  const { config, warnings } = configFromFlags(context, values);
  const logger = createLogger({ ...config.logging, write: (line) => context.stderr.write(line) });
  for (const warning of warnings) logger.warn(warning);
  if (!isLoopbackHost(config.server.host)) {
    logger.warn("listening beyond this machine without authentication", { host: config.server.host });
  }
  const interrupted = nextInterrupt(context);
  holdYoungHeap();
  const server = await startOrExplain(config, logger);
  void server
    .upToDate()
    .catch(() => {
      // Whoever asks for statistics is told.
    })
    .then(releaseYoungHeap);
  context.stdout.write(
    values["json"] === true ? `${readyLine(server)}\n` : await banner(context, config, server),
  );
  logger.info("shutting down", { signal: await interrupted });
  try {
    await server.stop();
  } catch (error) {
    logger.error("shutdown failed", { reason: errorFrom(error).message });
    return ExitCode.FAILED;
  }
  return ExitCode.OK;
}

/** Resolves at the first interrupt, also one during start-up; the second ends the process at once. */
function nextInterrupt(context: CliContext): Promise<string> {
  return new Promise((resolve) => {
    let isFirst = true;
    context.onInterrupt((signal) => {
      if (!isFirst) context.exitNow(ExitCode.INTERRUPTED);
      isFirst = false;
      resolve(signal);
    });
  });
}

async function startOrExplain(config: TracAggConfig, logger: Logger): Promise<RunningServer> {
  // Loaded only here: the other commands should not wait for the store's native module.
  const { startServer } = await import("../../server.ts");
  try {
    return await startServer({ config, logger });
  } catch (error) {
    throw await withFreePort(errorFrom(error), config);
  }
}

function readyLine(server: RunningServer): string {
  return JSON.stringify({
    ready: true,
    pid: process.pid,
    ui: server.ui,
    otlpGrpc: server.otlpGrpc,
    otlpHttp: server.otlpHttp,
    ...(server.tempo === undefined ? {} : { tempo: server.tempo }),
    ...(server.zipkin === undefined ? {} : { zipkin: server.zipkin }),
    ...(server.jaegerGrpc === undefined ? {} : { jaegerGrpc: server.jaegerGrpc }),
    ...jaegerInputs(server),
    data: server.dataDir ?? null,
  });
}

const JAEGER_LABELS: Readonly<Record<string, string>> = {
  jaegerThriftHttp: "Jaeger in, Thrift",
  jaegerCollectorGrpc: "Jaeger in, gRPC",
  samplingHttp: "Sampling, HTTP",
  samplingGrpc: "Sampling, gRPC",
};

/** Where Jaeger's former clients talk to; only what is on. */
function jaegerInputs(server: RunningServer): Readonly<Record<string, string>> {
  const { jaegerThriftHttp, jaegerCollectorGrpc, samplingHttp, samplingGrpc } = server;
  const all = { jaegerThriftHttp, jaegerCollectorGrpc, samplingHttp, samplingGrpc };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, address]) => (address === undefined ? [] : [[name, address]])),
  );
}

function storageText(config: TracAggConfig, server: RunningServer): string {
  const age = textFromMillis(config.retention.ageMillis);
  if (server.dataDir === undefined) {
    return `in memory only, at most ${textFromBytes(config.store.memory.maxBytes)} or ${age}`;
  }
  return `${server.dataDir} (at most ${textFromBytes(config.retention.bytes)} or ${age}, whichever comes first)`;
}

async function banner(context: CliContext, config: TracAggConfig, server: RunningServer): Promise<string> {
  const lines = [
    `TracAgg ${VERSION} is ready: ${server.ui}`,
    `  OTLP/gRPC  ${server.otlpGrpc}`,
    `  OTLP/HTTP  ${server.otlpHttp}`,
    ...(server.tempo === undefined ? [] : [`  Tempo API  ${server.tempo}`]),
    ...(server.zipkin === undefined ? [] : [`  Zipkin     ${server.zipkin}`]),
    ...(server.jaegerGrpc === undefined ? [] : [`  Jaeger     ${server.ui} and gRPC ${server.jaegerGrpc}`]),
    ...Object.entries(jaegerInputs(server)).map(([name, address]) => `  ${JAEGER_LABELS[name]}  ${address}`),
    `  Data       ${storageText(config, server)}`,
    `  export OTEL_EXPORTER_OTLP_ENDPOINT=${server.otlpHttp}`,
    "  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    ...((await isEmpty(context, server)) ? ["  no spans yet: run `tracagg demo`"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

async function isEmpty(context: CliContext, server: RunningServer): Promise<boolean> {
  try {
    const response = await context.fetch(`${server.ui}/api/v1/services`);
    const body = (await response.json()) as { readonly services?: readonly string[] };
    return body.services?.length === 0;
  } catch {
    // Only a hint hangs on it, and the server itself logs what is wrong.
    return false;
  }
}
