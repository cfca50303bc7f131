/** What clients and probes ask of the server itself. */

import { jsonReply } from "../endpoint.ts";
import type { ServerFacts } from "../health/health-endpoints.ts";
import { metricsReply } from "../health/health-endpoints.ts";
import type { TempoRoute } from "./tempo-route.ts";
import { textReply } from "./tempo-route.ts";

/**
 * The version of Tempo whose API this is: Grafana turns on streaming, the second version of its endpoints and functions
 * over time by it. Our own version is the revision.
 */
const TEMPO_VERSION = "3.0.0";

/** What the routes tell. */
export interface TempoServerFacts extends Pick<ServerFacts, "metrics" | "live" | "notReadyReasons"> {
  /** Version of TracAgg. */
  readonly version: string;
}

/** Routes about the server; `paths` are those of the whole API. */
export function statusRoutes(facts: TempoServerFacts, paths: () => readonly string[]): readonly TempoRoute[] {
  const get = (path: string, reply: TempoRoute["reply"]): TempoRoute => ({ method: "GET", path, reply });
  const versionText = `tracagg, version ${facts.version} (Tempo API ${TEMPO_VERSION})\n`;
  return [
    get("/api/echo", async () => textReply("echo")),
    get("/api/status/buildinfo", async () =>
      jsonReply({
        version: TEMPO_VERSION,
        revision: `tracagg-${facts.version}`,
        branch: "",
        buildDate: "",
        buildUser: "",
        goVersion: "",
      }),
    ),
    get("/ready", async () => {
      const reasons = facts.notReadyReasons();
      return reasons.length === 0 ? textReply("ready\n") : textReply(`${reasons.join(", ")}\n`, 503);
    }),
    get("/status", async () => textReply(`${versionText}${paths().join("\n")}\n`)),
    get("/status/version", async () => textReply(versionText)),
    get("/status/endpoints", async () => textReply(`${paths().join("\n")}\n`)),
    get("/metrics", ({ accept }) => metricsReply(facts, accept)),
  ];
}
