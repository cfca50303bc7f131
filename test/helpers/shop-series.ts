/** Three small traces whose series are easily worked out by hand. */

import type { Span } from "../../src/model/span.ts";
import { buildSpan } from "./trace-builder.ts";

/**
 * ```text
 * interval of THREE_TENS   0            1                                      2
 * trace "job"              job (2 ms)
 * trace "paid"                          GET / (4 ms) > pay (1 ms, error)
 * trace "read"                                                                 GET / (16 ms)
 * ```
 */
export const SHOP: readonly (readonly Span[])[] = [
  [buildSpan("job", { id: "job", service: "gateway", at: [0, 2] })],
  [
    buildSpan("paid", { id: "get-1", service: "gateway", name: "GET /", kind: "SERVER", at: [1_000, 1_004] }),
    buildSpan("paid", {
      id: "pay",
      parent: "get-1",
      service: "payment",
      kind: "CLIENT",
      at: [1_001, 1_002],
      status: "ERROR",
      attributes: { code: 500n, size: 3n, ratio: 0.5 },
      events: [
        {
          name: "retry",
          timeUnixNano: 1_700_000_001_001_250_000n,
          attributes: {},
          droppedAttributesCount: 0,
        },
        {
          name: "retry",
          timeUnixNano: 1_700_000_001_001_750_000n,
          attributes: {},
          droppedAttributesCount: 0,
        },
      ],
    }),
  ],
  [
    buildSpan("read", {
      id: "get-2",
      service: "gateway",
      name: "GET /",
      kind: "SERVER",
      at: [12_000, 12_016],
      attributes: { code: 200n, size: 5n },
    }),
  ],
];
