/** The spans that tests of api_v3 ask for. */

import type { Span } from "../../../src/model/span.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import { checkoutSpans } from "../api-fixture.ts";

/** Id of {@link loneSpan}: one of 64 bits. */
export const LONE_ID = "0000000000000000000000000000abcd";

/** A span of a service without a kind, whose parent never came, nine seconds after the others. */
export function loneSpan(): Span {
  const span = buildSpan("lone", {
    id: "leaf",
    parent: "absent",
    service: "stray",
    kind: "UNSPECIFIED",
    at: [9_000, 9_000.5],
    resourceAttributes: { region: "eu" },
  });
  return { ...span, traceId: LONE_ID };
}

/** {@link checkoutSpans} and {@link loneSpan}. */
export function sampleSpans(): readonly Span[] {
  return [...checkoutSpans(), loneSpan()];
}

/** A range that has all of them. */
export const ALL_TIMES: Readonly<Record<string, string>> = {
  "query.startTimeMin": "2023-11-14T22:13:20Z",
  "query.startTimeMax": "2023-11-14T22:14:00Z",
};

/** A query string. */
export function queryOf(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString();
}
