/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */

import type { Request, Response } from "express";

/** Media type of server-sent events. */
export const EVENT_STREAM_TYPE = "text/event-stream";

/** Proxies and clients take a connection for dead that says nothing for a minute or so. */
const HEARTBEAT_MILLIS = 15_000;
/** Some hundred events; a client that is further behind does not read. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** How long a client waits before it comes again. */
const RETRY_MILLIS = 3_000;

/** One event. */
export interface ServerSentEvent {
  readonly id: string;
  readonly type: string;
  readonly data: object;
}

/** Takes what is to be sent. */
export interface EventSink {
  send(event: ServerSentEvent): void;
  /** There will be no more. */
  end(): void;
}

/** Begins to send; returns what ends it. May throw before anything is sent. */
export type OpenEvents = (sink: EventSink) => () => void;

/** What {@link writeEvents} works with. */
export interface WriteEventsOptions {
  /** Default 15,000. */
  readonly heartbeatMillis?: number;
  /** Default 256 KiB. */
  readonly maxUnsentBytes?: number;
  /** Told when a client was cut off because it does not read. */
  readonly onSlow: () => void;
}

/** Sends events until the client leaves, falls too far behind, or there are no more. */
export function writeEvents(
  request: Request,
  response: Response,
  open: OpenEvents,
  { heartbeatMillis = HEARTBEAT_MILLIS, maxUnsentBytes = MAX_UNSENT_BYTES, onSlow }: WriteEventsOptions,
): void {
  const pieces: string[] = [];
  let isOpen = false;
  const write = (text: string): void => {
    if (!isOpen) {
      pieces.push(text);
      return;
    }
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength <= maxUnsentBytes) return;
    onSlow();
    response.destroy();
  };
  // What refuses the stream does so before the head is sent, so that it becomes a problem document.
  const stop = open({ send: (event) => write(textOf(event)), end: () => response.end() });
  response.status(200);
  response.setHeader("Content-Type", `${EVENT_STREAM_TYPE}; charset=utf-8`);
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("X-Accel-Buffering", "no");
  if (request.method === "HEAD") {
    stop();
    response.end();
    return;
  }
  isOpen = true;
  write(`retry: ${RETRY_MILLIS}\n\n${pieces.join("")}`);
  const heartbeat = setInterval(() => write(": still here\n\n"), heartbeatMillis);
  heartbeat.unref();
  response.once("close", () => {
    clearInterval(heartbeat);
    stop();
  });
}

/** JSON has no line breaks, so an event is three lines. */
function textOf({ id, type, data }: ServerSentEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
