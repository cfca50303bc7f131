/**
 * The load generator, a process of its own: reads one JSON document of orders on standard input, sends the corpus
 * again and again with fresh ids and current times, and prints one JSON line with what it saw.
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { corpusTemplates } from "../corpus.ts";
import { mergedTemplates } from "../payload-template.ts";
import { percentilesOf } from "../percentiles.ts";
import type { Sender } from "../senders.ts";
import { createGrpcSender, createHttpSender } from "../senders.ts";
import type { LoadOrder, LoadResult } from "./load-order.ts";
import { createPace } from "./pace.ts";
import { createRequestBodies } from "./request-bodies.ts";
import type { RequestPlan } from "./request-plan.ts";
import { planRequests, sampleTraceIds } from "./request-plan.ts";
import { sendAll } from "./send-all.ts";

const SAMPLE_TRACE_IDS = 200;

function planFor(order: LoadOrder): RequestPlan {
  const recorded = corpusTemplates(order.corpusFolder);
  const templates = order.mergeSpans > 0 ? mergedTemplates(recorded, order.mergeSpans) : recorded;
  return planRequests(templates, order);
}

function senderFor({ protocol, endpoint, concurrency }: LoadOrder): Sender {
  return protocol === "http"
    ? createHttpSender(endpoint, concurrency)
    : createGrpcSender(endpoint, concurrency);
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const plan = planFor(order);
  const bodies = createRequestBodies(plan, { isGzip: order.isGzip, nowMillis: () => Date.now() });
  const pace = createPace(order.spansPerSecond, { nowMillis: () => performance.now(), sleep });
  const sender = senderFor(order);
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const { latenciesMillis, failures, retries } = await sendAll({
    plan,
    bodies,
    pace,
    sender,
    concurrency: order.concurrency,
  });
  const wallMillis = performance.now() - start;
  const cpu = process.cpuUsage(cpuStart);
  sender.close();
  return {
    spans: plan.spans,
    requests: plan.requests,
    failedRequests: failures.length,
    retries,
    firstFailure: failures[0] ?? "",
    wallMillis,
    latencyMillis: percentilesOf(latenciesMillis),
    ownCpuSeconds: (cpu.user + cpu.system) / 1e6,
    bytesPerSpan: plan.bytes / plan.spans,
    sampleTraceIds: sampleTraceIds(plan, SAMPLE_TRACE_IDS),
  };
}

process.stdout.write(`${JSON.stringify(await run(JSON.parse(readFileSync(0, "utf8")) as LoadOrder))}\n`);
