/** `tracagg bottlenecks --follow`: bottlenecks as they start, move and end. */

import { frameLabel } from "../../analysis/profile/frame-table.ts";
import type { BottleneckEventJson } from "../../api/profile-contract.ts";
import { errorFrom } from "../../base/errors.ts";
import type { ApiClient, QueryParameters } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { interruptSignal, writeJsonLines } from "../cli-context.ts";
import type { ReceivedEvent } from "../event-reader.ts";
import { ExitCode } from "../exit-code.ts";
import { percentText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";

const PATH = "/api/v1/bottlenecks/events";
/** A server that restarts is back within a minute or so. */
const MAX_TRIES = 20;
const RETRY_MILLIS = 3_000;

/** What {@link followBottlenecks} shows. */
export interface FollowOptions {
  readonly client: ApiClient;
  readonly parameters: QueryParameters;
  readonly forPeople: boolean;
}

/** Shows events until the user asks to stop; goes on after the last one when the connection breaks. */
export async function followBottlenecks(
  context: CliContext,
  { client, parameters, forPeople }: FollowOptions,
): Promise<ExitCode> {
  const { signal, dispose } = interruptSignal(context);
  let lastEventId = "";
  let hasConnected = false;
  let tries = 0;
  const show = ({ id, data }: ReceivedEvent): void => {
    lastEventId = id;
    const event = JSON.parse(data) as BottleneckEventJson;
    if (forPeople) context.stdout.write(`${eventText(event, context)}\n`);
    else writeJsonLines(context, [event]);
  };
  try {
    while (!signal.aborted) {
      try {
        const events = await client.follow(PATH, parameters, { lastEventId, signal });
        hasConnected = true;
        tries = 0;
        for await (const event of events) show(event);
      } catch (thrown) {
        const error = errorFrom(thrown);
        const isGone = error.code === "unavailable" || error.code === "overloaded";
        if (!signal.aborted && (!isGone || tries >= MAX_TRIES || !hasConnected)) throw error;
      }
      tries++;
      if (!signal.aborted) await context.sleep(RETRY_MILLIS, signal);
    }
  } finally {
    dispose();
  }
  return ExitCode.OK;
}

const WORDS = {
  bottleneck_started: "started",
  bottleneck_moved: "moved",
  bottleneck_ended: "ended",
} as const;

function eventText(event: BottleneckEventJson, context: CliContext): string {
  const style = styleOf(context);
  const { type, time, rootOperation, operation, previousOperation, share, changeScore, exemplars } = event;
  const from = previousOperation === null ? "" : ` from ${frameLabel(previousOperation)}`;
  const change = `${changeScore < 0 ? "-" : "+"}${percentText(Math.abs(changeScore) * 100)}`;
  const trace = exemplars.max === null ? "" : `  ${exemplars.max.traceId}`;
  const what = `${WORDS[type]}${from}`;
  return (
    `${time.slice(0, 19)}Z  ${style.bold(what)}  ${frameLabel(operation)}  ` +
    `${percentText(share * 100)} (${change}) of ${frameLabel(rootOperation)}${trace}`
  );
}
