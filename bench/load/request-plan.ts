/** Which request is sent when, as arithmetic: ten million spans need no more memory than ten thousand. */

import type { PayloadTemplate } from "../payload-template.ts";
import { createRandom } from "../random.ts";

/** One request to send. */
export interface PlannedRequest {
  readonly template: PayloadTemplate;
  /** 16 bytes that every trace id of this pass over the corpus is xored with. */
  readonly mask: Uint8Array;
}

/** Passes over a corpus until enough spans are sent; each pass has a mask of its own. */
export interface RequestPlan {
  readonly requests: number;
  readonly spans: number;
  readonly bytes: number;
  /** The request with this number, from 0. */
  at(index: number): PlannedRequest;
}

/** Spreads neighbouring pass numbers over the whole range of seeds (2^32 divided by the golden ratio). */
const PASS_STRIDE = 0x9e3779b1;

/** @throws Error when the corpus has no spans */
export function planRequests(
  templates: readonly PayloadTemplate[],
  { spans, seed }: { readonly spans: number; readonly seed: number },
): RequestPlan {
  const passSpans = templates.reduce((sum, { spanCount }) => sum + spanCount, 0);
  const passBytes = templates.reduce((sum, template) => sum + template.bytes.length, 0);
  if (passSpans === 0) throw new Error("the corpus has no spans");
  const passes = Math.floor(spans / passSpans);
  const total = { requests: passes * templates.length, spans: passes * passSpans, bytes: passes * passBytes };
  for (let index = 0; total.spans < spans; index++) {
    const template = templates[index] as PayloadTemplate;
    total.requests++;
    total.spans += template.spanCount;
    total.bytes += template.bytes.length;
  }
  let lastPass = -1;
  let mask: Uint8Array = new Uint8Array(16);
  return {
    ...total,
    at: (index) => {
      const pass = Math.floor(index / templates.length);
      if (pass !== lastPass) {
        const random = createRandom(seed + Math.imul(pass, PASS_STRIDE));
        mask = new Uint8Array(16).map(() => random.below(256));
        lastPass = pass;
      }
      return { template: templates[index % templates.length] as PayloadTemplate, mask };
    },
  };
}

/** Trace ids (hex) of at most `wanted` requests, spread evenly over a plan. */
export function sampleTraceIds(plan: RequestPlan, wanted: number): string[] {
  const step = Math.max(1, Math.floor(plan.requests / wanted));
  const ids: string[] = [];
  for (let index = 0; index < plan.requests && ids.length < wanted; index += step) {
    const { template, mask } = plan.at(index);
    const offset = template.traceIdOffsets[0];
    if (offset === undefined) continue;
    const id = template.bytes.slice(offset, offset + 16).map((byte, at) => byte ^ (mask[at] as number));
    ids.push(Buffer.from(id).toString("hex"));
  }
  return ids;
}
