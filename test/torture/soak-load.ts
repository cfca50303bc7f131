/** What a soak sends: the bench's corpus again and again with fresh ids, and what was acknowledged, in which order. */

import { setTimeout as sleep } from "node:timers/promises";
import { corpusTemplates } from "../../bench/corpus.ts";
import { createPace } from "../../bench/load/pace.ts";
import { createRequestBodies } from "../../bench/load/request-bodies.ts";
import { planRequests } from "../../bench/load/request-plan.ts";
import type { PayloadTemplate } from "../../bench/payload-template.ts";
import type { Sender } from "../../bench/senders.ts";
import { sendUntilTaken } from "./torture-server.ts";

/** Requests under way at once. */
export const IN_FLIGHT = 8;
/** More than any soak sends. */
const MOST_SPANS = 1e12;
/**
 * An answer may be read so many others later than its record was written: those under way then, and what comes on
 * their connections while it lies unread.
 */
const ORDER_SLACK = 4 * IN_FLIGHT;

/** A request that was taken. */
export interface Taken {
  /** From when it was due until the answer, so a stall counts for all that waited in it. */
  readonly latencyMillis: number;
  readonly refusals: number;
}

/** How long to send, and how fast. */
export interface Stretch {
  readonly seconds: number;
  /** 0 sends as fast as answers come. */
  readonly spansPerSecond: number;
}

/** How many spans of a trace must be found, and how many may be. */
export interface Bounds {
  readonly atLeast: number;
  readonly atMost: number;
}

/** Sends at a rate and remembers every acknowledgement. */
export class SoakLoad {
  /** Every request of the corpus has so many. */
  readonly spansPerRequest: number;
  readonly #plan;
  readonly #bodies;
  readonly #sender: Sender;
  #next = 0;
  /** Numbers of the requests acknowledged, in the order of the answers. */
  readonly #acknowledged: number[] = [];

  /** @throws Error when the requests of the corpus are not of one size, since counting requests counts spans here */
  constructor(sender: Sender, seed: number) {
    const templates = corpusTemplates();
    this.spansPerRequest = templates[0]?.spanCount ?? 0;
    const isOther = ({ spanCount }: PayloadTemplate): boolean => spanCount !== this.spansPerRequest;
    if (templates.some(isOther)) throw new Error("expected requests of one size in the corpus");
    this.#plan = planRequests(templates, { spans: MOST_SPANS, seed });
    this.#bodies = createRequestBodies(this.#plan, { isGzip: false, nowMillis: () => Date.now() });
    this.#sender = sender;
  }

  /** Requests acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** Sends for a while; every request begun is acknowledged when this ends. */
  async send({ seconds, spansPerSecond }: Stretch, onTaken: (taken: Taken) => void): Promise<void> {
    const pace = createPace(spansPerSecond, { nowMillis: () => performance.now(), sleep });
    const endMillis = performance.now() + seconds * 1_000;
    const worker = async (): Promise<void> => {
      while (performance.now() < endMillis) {
        const startMillis = await pace.turn(this.spansPerRequest);
        const request = this.#next++;
        const refusals = await sendUntilTaken(this.#sender, this.#bodies.bodyAt(request).bytes);
        this.#acknowledged.push(request);
        onTaken({ latencyMillis: performance.now() - startMillis, refusals });
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  /** A trace that was acknowledged just now, whatever retention has removed since. */
  recentTraceId(): string {
    const request = this.#acknowledged.at(-1);
    if (request === undefined) throw new Error("expected a request that was acknowledged, there is none yet");
    return this.#traceIds(request)[0]!;
  }

  /**
   * What must be found of each trace when the log records before a position are removed, one record being one request.
   *
   * @param firstKept - Position of the first record kept.
   */
  boundsFrom(firstKept: number): Map<string, Bounds> {
    const bounds = new Map<string, Bounds>();
    for (let rank = Math.max(0, firstKept - ORDER_SLACK); rank < this.#acknowledged.length; rank++) {
      const isSure = rank >= firstKept + ORDER_SLACK;
      for (const traceId of this.#traceIds(this.#acknowledged[rank]!)) {
        const { atLeast, atMost } = bounds.get(traceId) ?? { atLeast: 0, atMost: 0 };
        bounds.set(traceId, { atLeast: atLeast + (isSure ? 1 : 0), atMost: atMost + 1 });
      }
    }
    return bounds;
  }

  /** Trace id of every span of a request. */
  #traceIds(request: number): string[] {
    const { template, mask } = this.#plan.at(request);
    return template.traceIdOffsets.map((offset) =>
      Buffer.from(template.bytes.subarray(offset, offset + 16).map((byte, at) => byte ^ mask[at]!)).toString(
        "hex",
      ),
    );
  }
}
