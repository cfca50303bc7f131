/** Events about bottlenecks: the last ones, and those who hear of new ones. */

import type { BottleneckEvent, BottleneckEventType } from "../analysis/profile/bottleneck-events.ts";
import { TracAggError } from "../base/errors.ts";

/** A few a day of each root operation: weeks of usual traffic. */
const DEFAULT_MAX_EVENTS = 1_000;
/** People who look at it and programs that act on it. */
const DEFAULT_MAX_LISTENERS = 64;
/** A listener that leaves makes room at once. */
const RETRY_AFTER_MILLIS = 10_000;

/** Bounds of a {@link BottleneckFeed}. */
export interface BottleneckFeedOptions {
  /** Events kept; the oldest go first. Default 1,000. */
  readonly maxEvents?: number;
  /** Listeners at once; further ones are refused. Default 64. */
  readonly maxListeners?: number;
}

/** An event with its number: 1, 2, 3 in the order they came, across restarts where statistics are stored. */
export interface NumberedEvent {
  readonly id: number;
  readonly event: BottleneckEvent;
}

/** Events after a cursor. */
export interface EventsAfter {
  /** Oldest first. */
  readonly events: readonly NumberedEvent[];
  /** Number of the newest event there is: the cursor to go on from; 0 without any. */
  readonly lastId: number;
  /** True when events after the cursor are not kept any more. */
  readonly missed: boolean;
}

/** Hears of events from now on. */
export interface EventListener {
  onEvent(event: NumberedEvent): void;
  /** The server stops. */
  onEnd(): void;
}

/** Keeps the last events and passes new ones on. */
export class BottleneckFeed {
  /** Events by type since the process started. */
  readonly counters: Record<BottleneckEventType, number> = {
    bottleneck_started: 0,
    bottleneck_moved: 0,
    bottleneck_ended: 0,
  };
  /** Events that are not kept any more. */
  forgotten = 0;
  readonly #maxEvents: number;
  readonly #maxListeners: number;
  #events: NumberedEvent[] = [];
  #lastId = 0;
  readonly #listeners: Set<EventListener> = new Set();

  constructor(options: BottleneckFeedOptions = {}) {
    this.#maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
    this.#maxListeners = options.maxListeners ?? DEFAULT_MAX_LISTENERS;
  }

  /** Number of the newest event; 0 without any. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Who listens now. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Takes an event in and passes it on. */
  push(event: BottleneckEvent): void {
    const numbered = { id: this.#lastId + 1, event };
    this.counters[event.type]++;
    this.#keep(numbered);
    for (const listener of [...this.#listeners]) listener.onEvent(numbered);
  }

  /** The events after a cursor. One that was never given, as after a restart that forgot all, means from the start. */
  after(id: number): EventsAfter {
    const cursor = id > this.#lastId ? 0 : id;
    const events = this.#events.filter((event) => event.id > cursor);
    const oldest = this.#events[0]?.id ?? this.#lastId + 1;
    return { events, lastId: this.#lastId, missed: cursor + 1 < oldest };
  }

  /**
   * Passes new events on to a listener; call what is returned to end it.
   *
   * @throws TracAggError `overloaded` when as many listen as may.
   */
  subscribe(listener: EventListener): () => void {
    if (this.#listeners.size >= this.#maxListeners) {
      throw new TracAggError(
        "overloaded",
        `${this.#maxListeners} clients follow the events already; ask later`,
        {
          retryAfterMillis: RETRY_AFTER_MILLIS,
        },
      );
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Tells all listeners that there will be no more. */
  close(): void {
    for (const listener of [...this.#listeners]) listener.onEnd();
    this.#listeners.clear();
  }

  /** Puts events back that were stored, oldest first. */
  restore(events: readonly NumberedEvent[], lastId: number): void {
    for (const event of events) if (event.id > this.#lastId) this.#keep(event);
    this.#lastId = Math.max(this.#lastId, lastId);
  }

  #keep(event: NumberedEvent): void {
    this.#lastId = event.id;
    this.#events.push(event);
    if (this.#events.length <= this.#maxEvents) return;
    this.#events.shift();
    this.forgotten++;
  }
}
