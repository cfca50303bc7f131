/** Events, links and status message of a row, each decoded without the rest of the span. */

import { ProtobufReader } from "../base/protobuf-reader.ts";
import type { SpanEvent, SpanLink } from "../model/span.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";
import type { SpanRow } from "./span-batch.ts";
import { eventFrom, linkFrom, statusMessageFrom } from "./span-body.ts";

const SPAN = OtlpFieldNumber.Span;

/** The events of a row, in the order they were sent. */
export function eventsOf(row: SpanRow): readonly SpanEvent[] {
  const events: SpanEvent[] = [];
  visitMessages(row, SPAN.events, (reader) => events.push(eventFrom(reader)));
  return events;
}

/** The links of a row, in the order they were sent. */
export function linksOf(row: SpanRow): readonly SpanLink[] {
  const links: SpanLink[] = [];
  visitMessages(row, SPAN.links, (reader) => links.push(linkFrom(reader)));
  return links;
}

/** The status message of a row, "" when none was sent. */
export function statusMessageOf(row: SpanRow): string {
  let message = "";
  visitMessages(row, SPAN.status, (reader) => {
    message = statusMessageFrom(reader, message);
  });
  return message;
}

function visitMessages(
  { batch, row }: SpanRow,
  field: number,
  visit: (reader: ProtobufReader) => void,
): void {
  const end = batch.spanEnds[row] as number;
  const reader = new ProtobufReader(batch.payload, batch.spanStarts[row] as number, end);
  const wanted = (field << 3) | 2;
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag === wanted) visit(reader.message());
    else reader.skip(tag);
  }
}
