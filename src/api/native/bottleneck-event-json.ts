/** Events about bottlenecks as the native API writes them. */

import { isoFromUnixNano } from "../../model/time.ts";
import type { EventsAfter, NumberedEvent } from "../../rollup/bottleneck-feed.ts";
import type { BottleneckEventJson, BottleneckEventListJson } from "../profile-contract.ts";
import { exemplarsJson, frameJson } from "./profile-json.ts";

/** One event. */
export function bottleneckEventJson({ id, event }: NumberedEvent): BottleneckEventJson {
  const { type, timeUnixNano, operation, previousOperation, share, changeScore, traceWeight } = event;
  return {
    id: String(id),
    type,
    time: isoFromUnixNano(timeUnixNano),
    timeUnixNano: timeUnixNano.toString(),
    rootOperation: frameJson(event.rootOperation),
    operation: frameJson(operation),
    previousOperation: previousOperation === undefined ? null : frameJson(previousOperation),
    share,
    changeScore,
    traceWeight,
    exemplars: exemplarsJson(event.exemplars),
  };
}

/** Events after a cursor. */
export function bottleneckEventsJson({ events, lastId, missed }: EventsAfter): BottleneckEventListJson {
  return { events: events.map(bottleneckEventJson), lastId: String(lastId), missed, nextPageToken: "" };
}
