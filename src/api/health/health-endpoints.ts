/** `/healthz`, `/readyz`, `/metrics` and `/api/v1/status`: how the server itself is. */

import type { LiveStatistics } from "../../rollup/live-statistics.ts";
import type { HealthJson, StatusJson } from "../contract.ts";
import type { Endpoint, Reply } from "../endpoint.ts";
import { defineEndpoint, JSON_TYPE, jsonAnswer, jsonReply } from "../endpoint.ts";
import type { ExporterJson, ExporterListJson } from "../exporter-contract.ts";
import { ref, TEXT } from "../openapi/schema-parts.ts";
import { liveMetricsText } from "./live-metrics.ts";
import type { RenderedMetrics } from "./prometheus-metrics.ts";

/** What the server tells of itself. */
export interface ServerFacts {
  readonly metrics: Pick<RenderedMetrics, "render" | "contentTypeOf">;
  /** Statistics that `/metrics` shows besides; absent: none. */
  readonly live?: (() => LiveStatistics) | undefined;
  /** The numbers of `/api/v1/status`, as they are now. */
  readonly status: () => StatusJson;
  /** Exporters as they are now; absent: there are none. */
  readonly exporters?: (() => readonly ExporterJson[]) | undefined;
  /** Why no work should be sent here (starting, draining); empty when ready. */
  readonly notReadyReasons: () => readonly string[];
}

/** Endpoints about the server itself. */
export function healthEndpoints(facts: ServerFacts): readonly Endpoint[] {
  return [
    statusEndpoint(facts),
    exportersEndpoint(facts),
    healthEndpoint(),
    readyEndpoint(facts),
    metricsEndpoint(facts),
  ];
}

function exportersEndpoint({ exporters }: ServerFacts): Endpoint {
  return defineEndpoint({
    operationId: "getExporters",
    path: "/api/v1/exporters",
    tag: "server",
    summary: "Where spans are sent on to, and how far that is",
    description:
      "Every exporter with what it has sent, refused, dropped and still to send. Counts are since the server started; " +
      "what is still to send survives a restart.",
    pathParameters: {},
    parameters: {},
    answers: [jsonAnswer(ref("ExporterList"), "The exporters now; none when none is configured.")],
    errors: ["invalid_argument", "internal"],
    handle: async () => jsonReply({ exporters: exporters?.() ?? [] } satisfies ExporterListJson),
  });
}

function statusEndpoint({ status }: ServerFacts): Endpoint {
  return defineEndpoint({
    operationId: "getStatus",
    path: "/api/v1/status",
    tag: "server",
    summary: "Version, addresses, spans received, storage",
    description:
      "What a person who sees no traces wants to know, the last refused request and its fix included.",
    pathParameters: {},
    parameters: {},
    answers: [jsonAnswer(ref("Status"), "The server now.")],
    errors: ["invalid_argument", "internal"],
    handle: async () => jsonReply(status()),
  });
}

function healthEndpoint(): Endpoint {
  return defineEndpoint({
    operationId: "getHealth",
    path: "/healthz",
    tag: "server",
    summary: "Whether the process lives",
    description: "200 as long as the process answers at all.",
    pathParameters: {},
    parameters: {},
    answers: [jsonAnswer(ref("Health"), "It lives.")],
    errors: ["invalid_argument"],
    handle: async () => jsonReply({ status: "ok", reasons: [] } satisfies HealthJson),
  });
}

function readyEndpoint({ notReadyReasons }: ServerFacts): Endpoint {
  return defineEndpoint({
    operationId: "getReadiness",
    path: "/readyz",
    tag: "server",
    summary: "Whether work may be sent here",
    description: "503 until the store is open and while the server drains; the body says why.",
    pathParameters: {},
    parameters: {},
    answers: [
      jsonAnswer(ref("Health"), "Ready."),
      { status: 503, description: "Not ready.", contentType: JSON_TYPE, schema: ref("Health") },
    ],
    errors: ["invalid_argument"],
    handle: async () => {
      const reasons = notReadyReasons();
      const body: HealthJson = { status: reasons.length === 0 ? "ok" : "unavailable", reasons };
      return jsonReply(body, reasons.length === 0 ? 200 : 503);
    },
  });
}

function metricsEndpoint(facts: ServerFacts): Endpoint {
  return defineEndpoint({
    operationId: "getMetrics",
    path: "/metrics",
    tag: "server",
    summary: "Metrics for Prometheus",
    description:
      "Counters, gauges and histograms of the server, and of the spans that arrived: traces_spanmetrics_* and " +
      "traces_service_graph_*. In the Prometheus text format, or with exemplars in OpenMetrics where Accept asks for it.",
    pathParameters: {},
    parameters: {},
    answers: [{ status: 200, description: "The metrics.", contentType: "text/plain", schema: TEXT }],
    errors: ["invalid_argument", "internal"],
    handle: ({ accept }) => metricsReply(facts, accept),
  });
}

/** All metrics, in the format that an `Accept` header asks for. */
export async function metricsReply(
  { metrics, live }: Pick<ServerFacts, "metrics" | "live">,
  accept: string,
): Promise<Reply> {
  const format = accept.includes("application/openmetrics-text") ? "openmetrics" : "prometheus";
  const more = live === undefined ? "" : liveMetricsText(live(), format);
  return {
    status: 200,
    contentType: metrics.contentTypeOf(format),
    chunks: [await metrics.render(format, more)],
  };
}
