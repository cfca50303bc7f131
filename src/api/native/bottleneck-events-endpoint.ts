/** `/api/v1/bottlenecks/events`: bottlenecks that started, moved and ended, as a list and as they come. */

import type { FollowedEvents } from "../../query/bottleneck-events-of.ts";
import { cursorFrom } from "../../query/bottleneck-events-of.ts";
import type { Queries } from "../../query/queries.ts";
import type { Endpoint, Reply } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { EVENT_STREAM_TYPE } from "../event-stream.ts";
import { ref } from "../openapi/schema-parts.ts";
import { textParameter, tokenParameter } from "../query-parameters.ts";
import { bottleneckEventJson, bottleneckEventsJson } from "./bottleneck-event-json.ts";
import { QUERY_ERRORS } from "./query-errors.ts";

/** The endpoint of the events. */
export function bottleneckEventsEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getBottleneckEvents",
    path: "/api/v1/bottlenecks/events",
    tag: "profiles",
    summary: "Bottlenecks that started, moved and ended",
    description:
      "What most of a root operation's critical-path time goes into, as it changes, minute by minute. With " +
      "Accept: text/event-stream: the events that are kept, then each one when it comes; Last-Event-ID, or since, " +
      "says after which to go on. The last 1,000 are kept.",
    pathParameters: {},
    parameters: {
      since: tokenParameter(
        "Only events after the one with this id; lastId of an answer goes on from there.",
      ),
      rootService: textParameter("Only of root operations of this service."),
      rootOperation: textParameter("Only of root operations of this name."),
    },
    answers: [
      jsonAnswer(ref("BottleneckEventList"), "The events, oldest first."),
      {
        status: 200,
        description: "Events with id, type and one BottleneckEvent as data.",
        contentType: EVENT_STREAM_TYPE,
        schema: { type: "string" },
      },
    ],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller, accept, lastEventId }) => {
      const { since, rootService, rootOperation } = values;
      const isStream = accept.includes(EVENT_STREAM_TYPE);
      const after =
        isStream && lastEventId !== ""
          ? cursorFrom(lastEventId, "Last-Event-ID")
          : cursorFrom(since === undefined || since === "" ? "0" : since, "since");
      const request = {
        after,
        ...(rootService === undefined ? {} : { rootServiceName: rootService }),
        ...(rootOperation === undefined ? {} : { rootOperationName: rootOperation }),
      };
      if (isStream) return streamReply(() => queries.followBottleneckEvents(request));
      return jsonReply(bottleneckEventsJson(await queries.bottleneckEvents(request, caller)));
    },
  });
}

/** Nothing is awaited between what is kept and what comes. */
function streamReply(follow: () => FollowedEvents): Reply {
  return {
    status: 200,
    contentType: EVENT_STREAM_TYPE,
    chunks: [],
    events: (sink) => {
      const followed = follow();
      const send = (numbered: FollowedEvents["kept"]["events"][number]): void => {
        const data = bottleneckEventJson(numbered);
        sink.send({ id: data.id, type: data.type, data });
      };
      const stop = followed.follow({ onEvent: send, onEnd: () => sink.end() });
      for (const event of followed.kept.events) send(event);
      return stop;
    },
  };
}
