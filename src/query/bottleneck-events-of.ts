/** Events about bottlenecks: those that are kept, and new ones as they come. */

import { TracAggError } from "../base/errors.ts";
import type { BottleneckFeed, EventsAfter, NumberedEvent } from "../rollup/bottleneck-feed.ts";
import { liveStatisticsOf } from "./live-range.ts";
import type { QueryContext } from "./query-context.ts";

/** Which events are asked for. */
export interface EventsRequest {
  /** Only events after this number; 0: all that are kept. */
  readonly after: number;
  readonly rootServiceName?: string;
  readonly rootOperationName?: string;
}

/** Events that come one by one. */
export interface FollowedEvents {
  /** Those that are kept, oldest first. */
  readonly kept: EventsAfter;
  /**
   * Passes on what comes from now on; call what is returned to end it.
   *
   * @throws TracAggError `overloaded` when as many follow as may.
   */
  readonly follow: (listener: FollowListener) => () => void;
}

/** Hears of events. */
export interface FollowListener {
  onEvent(event: NumberedEvent): void;
  /** The server stops. */
  onEnd(): void;
}

/**
 * The events after a number.
 *
 * @throws TracAggError `unimplemented` without live statistics.
 */
export async function bottleneckEventsIn(
  context: QueryContext,
  request: EventsRequest,
): Promise<EventsAfter> {
  return keptEvents(liveStatisticsOf(context).profiles.feed, request);
}

/**
 * The events after a number, and those that come: none is missed or told twice where nothing is awaited in between.
 *
 * @throws TracAggError `unimplemented` without live statistics.
 */
export function followBottleneckEvents(context: QueryContext, request: EventsRequest): FollowedEvents {
  const { feed } = liveStatisticsOf(context).profiles;
  return {
    kept: keptEvents(feed, request),
    follow: ({ onEvent, onEnd }) =>
      feed.subscribe({
        onEvent: (event) => {
          if (isAskedFor(event, request)) onEvent(event);
        },
        onEnd,
      }),
  };
}

function keptEvents(feed: BottleneckFeed, request: EventsRequest): EventsAfter {
  const kept = feed.after(request.after);
  return { ...kept, events: kept.events.filter((event) => isAskedFor(event, request)) };
}

function isAskedFor({ event }: NumberedEvent, request: EventsRequest): boolean {
  const { service, operation } = event.rootOperation;
  return (
    (request.rootServiceName ?? service) === service && (request.rootOperationName ?? operation) === operation
  );
}

/**
 * Reads a cursor as a client gives it back.
 *
 * @throws TracAggError `invalid_argument` when it is no number.
 */
export function cursorFrom(text: string, name: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TracAggError("invalid_argument", `${name}: expected the number of an event, got "${text}"`, {
    field: name,
  });
}
