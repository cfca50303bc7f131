/** What clients and probes of Zipkin ask of the server itself. */

import type { Reply } from "../endpoint.ts";
import { jsonReply } from "../endpoint.ts";
import type { ForeignRoute } from "../foreign-api.ts";
import type { ServerFacts } from "../health/health-endpoints.ts";
import { metricsReply } from "../health/health-endpoints.ts";
import type { CollectorCounts, ZipkinCollectorCounts, ZipkinTransport } from "./collector-counts.ts";

/** The version of Zipkin whose API this is. Our own version is the commit. */
const ZIPKIN_VERSION = "3.6.1";

const TRANSPORTS: readonly ZipkinTransport[] = ["http", "grpc"];
/** Zipkin's names of what is counted. */
const COUNTERS: readonly (readonly [name: string, key: keyof CollectorCounts])[] = [
  ["messages", "messages"],
  ["messages_dropped", "messagesDropped"],
  ["bytes", "bytes"],
  ["spans", "spans"],
  ["spans_dropped", "spansDropped"],
];
const GAUGES: readonly (readonly [name: string, key: keyof CollectorCounts])[] = [
  ["message_spans", "messageSpans"],
  ["message_bytes", "messageBytes"],
];

/** What the routes tell. */
export interface ZipkinServerFacts extends Pick<ServerFacts, "metrics" | "live" | "notReadyReasons"> {
  /** Version of TracAgg. */
  readonly version: string;
  readonly counts: ZipkinCollectorCounts;
}

/** Routes about the server. */
export function statusRoutes(facts: ZipkinServerFacts): readonly ForeignRoute[] {
  const get = (path: string, reply: ForeignRoute["reply"]): ForeignRoute => ({ method: "GET", path, reply });
  const health = async () => healthReply(facts);
  return [
    get("/health", health),
    get("/actuator/health", health),
    get("/info", async () =>
      jsonReply({ zipkin: { version: ZIPKIN_VERSION, commit: `tracagg-${facts.version}` } }),
    ),
    get("/metrics", async () => jsonReply(metricsJson(facts.counts))),
    get("/prometheus", ({ accept }) => prometheusReply(facts, accept)),
  ];
}

function healthReply({ notReadyReasons }: ZipkinServerFacts): Reply {
  const reasons = notReadyReasons();
  const status = reasons.length === 0 ? "UP" : "DOWN";
  const component = status === "UP" ? { status } : { status, details: { error: reasons.join(", ") } };
  const body = { status, zipkin: { status, details: { TracAgg: component } } };
  return jsonReply(body, status === "UP" ? 200 : 503);
}

/** Seven numbers for each way in. */
function metricsJson(counts: ZipkinCollectorCounts): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const transport of TRANSPORTS) {
    const told = counts.of(transport);
    for (const [name, key] of COUNTERS) numbers[`counter.zipkin_collector.${name}.${transport}`] = told[key];
    for (const [name, key] of GAUGES) numbers[`gauge.zipkin_collector.${name}.${transport}`] = told[key];
  }
  return numbers;
}

/** What `/metrics` of the main port has; in the text format with Zipkin's counters before it. */
async function prometheusReply(facts: ZipkinServerFacts, accept: string): Promise<Reply> {
  const reply = await metricsReply(facts, accept);
  // OpenMetrics wants a mark at the end and is no format of Zipkin's.
  if (accept.includes("application/openmetrics-text")) return reply;
  return { ...reply, chunks: [collectorText(facts.counts), ...reply.chunks] };
}

function collectorText(counts: ZipkinCollectorCounts): string {
  const families = COUNTERS.map(([name, key]) => {
    const metric = `zipkin_collector_${name}_total`;
    const lines = TRANSPORTS.map((each) => `${metric}{transport="${each}"} ${counts.of(each)[key]}\n`);
    return `# TYPE ${metric} counter\n${lines.join("")}`;
  });
  return families.join("");
}
