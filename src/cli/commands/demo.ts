/** `tracagg demo`: a small shop's traffic, with things wrong to find. */

import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { encodeSpans } from "../../codec/otlp-protobuf/encode-request.ts";
import { millisFromText } from "../../config/quantity-text.ts";
import type { Span } from "../../model/span.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { interruptSignal, isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { createSeededRandom } from "../demo/seeded-random.ts";
import type { Shop } from "../demo/shop.ts";
import { createShop } from "../demo/shop.ts";
import { ExitCode } from "../exit-code.ts";
import { countArgument } from "../filter-flags.ts";
import type { OtlpSender } from "../otlp-sender.ts";
import { addEndpointFlag, createOtlpSender, otlpEndpoint } from "../otlp-sender.ts";
import { countText } from "../render/quantities.ts";

interface DemoFlags extends ServerFlags {
  readonly endpoint?: string;
  readonly rate: number;
  readonly duration?: number;
  readonly once?: number;
  readonly history: number;
  readonly seed?: number;
}

const DEFAULT_RATE = 5;
const DEFAULT_HISTORY_MILLIS = 10 * 60_000;
const HISTORY_VISITS = 300;
/** A request is sent when it holds this many spans, as an SDK's batch processor does. */
const REQUEST_SPANS = 512;
const TICK_MILLIS = 250;

function durationArgument(text: string): number {
  const millis = millisFromText(text);
  if (millis === undefined) throw new InvalidArgumentError("Expected a length of time such as 30s or 10m.");
  return millis;
}

/** Adds `demo`. */
export const addDemo: AddCommand = (program, run) => {
  const command: Command = program
    .command("demo")
    .summary("send a small shop's traffic")
    .description(
      "Sends the traffic of a small shop until Ctrl-C, after some minutes of history. Three things are wrong in it: " +
        "payment waits for a slow card gateway, inventory asks the database once per item (N+1), and for ten seconds of every minute Redis is down.",
    )
    .option("--rate <count>", `visits a second (default ${DEFAULT_RATE})`, countArgument(1_000), DEFAULT_RATE)
    .option("--duration <time>", "stop after this long", durationArgument)
    .option("--once <count>", "send this many visits over the history, and stop", countArgument(100_000))
    .option(
      "--history <time>",
      "how far back the first visits lie (default 10m)",
      durationArgument,
      DEFAULT_HISTORY_MILLIS,
    )
    .option(
      "--seed <number>",
      "which shop: the same number makes the same visits",
      countArgument(999_999_999),
      1,
    );
  addEndpointFlag(addServerFlags(command))
    .addHelpText("after", "\nExample:\n  $ tracagg demo --rate 20 --duration 5m")
    .action(run((context, flags: DemoFlags) => demo(context, flags)));
};

interface Counts {
  visits: number;
  spans: number;
  refused: number;
}

/** What the parts of a run share. */
interface Run {
  readonly context: CliContext;
  readonly flags: DemoFlags;
  readonly shop: Shop;
  readonly sender: OtlpSender;
  readonly counts: Counts;
  readonly signal: AbortSignal;
}

async function sendSpans({ sender, counts }: Run, spans: readonly Span[]): Promise<void> {
  const { rejectedSpans } = await sender.send(encodeSpans(spans));
  counts.spans += spans.length - rejectedSpans;
  counts.refused += rejectedSpans;
}

/** Sends visits that ended at the moments given, in requests of bounded size. */
async function sendVisits(run: Run, moments: Iterable<number>): Promise<void> {
  let waiting: Span[] = [];
  for (const moment of moments) {
    if (run.signal.aborted) return;
    waiting.push(...run.shop.visit(moment));
    run.counts.visits++;
    if (waiting.length < REQUEST_SPANS) continue;
    await sendSpans(run, waiting);
    waiting = [];
  }
  if (waiting.length > 0) await sendSpans(run, waiting);
}

/** Moments evenly over the history, the last one now. */
function* historyMoments(nowMillis: number, historyMillis: number, count: number): Generator<number> {
  for (let visit = 1; visit <= count; visit++) {
    yield nowMillis - historyMillis + (historyMillis * visit) / count;
  }
}

async function sendLive(run: Run): Promise<void> {
  const { context, flags, signal } = run;
  const startMillis = context.nowUnixMillis();
  const endMillis = flags.duration === undefined ? Number.POSITIVE_INFINITY : startMillis + flags.duration;
  let sent = 0;
  while (!signal.aborted && context.nowUnixMillis() < endMillis) {
    await context.sleep(TICK_MILLIS, signal);
    const nowMillis = context.nowUnixMillis();
    const due = Math.floor(((nowMillis - startMillis) / 1_000) * flags.rate);
    await sendVisits(run, Array<number>(Math.max(0, due - sent)).fill(nowMillis));
    sent = Math.max(sent, due);
  }
}

async function demo(context: CliContext, flags: DemoFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const endpoint = flags.endpoint ?? (await otlpEndpoint(client));
  const { signal, dispose } = interruptSignal(context);
  const run: Run = {
    context,
    flags,
    shop: createShop(createSeededRandom(flags.seed ?? randomInt(2 ** 32))),
    sender: createOtlpSender(context, endpoint),
    counts: { visits: 0, spans: 0, refused: 0 },
    signal,
  };
  try {
    const visits = flags.once ?? HISTORY_VISITS;
    await sendVisits(run, historyMoments(context.nowUnixMillis(), flags.history, visits));
    if (flags.once === undefined) {
      const until = flags.duration === undefined ? "until Ctrl-C" : "until the time is over";
      context.stderr.write(
        `${countText(run.counts.spans, "span")} of history sent; ${flags.rate} visits a second ${until}; look at ${client.server}\n`,
      );
      await sendLive(run);
    }
  } finally {
    dispose();
    report(context, flags, run.counts);
  }
  return run.counts.spans > 0 ? ExitCode.OK : ExitCode.FAILED;
}

function report(context: CliContext, flags: DemoFlags, counts: Counts): void {
  const { visits, spans, refused } = counts;
  if (!isForPeople(context, flags)) writeJsonLines(context, [{ visits, spans, refused }]);
  else {
    const refusedText = refused > 0 ? `, ${refused} refused` : "";
    context.stdout.write(`sent ${countText(visits, "visit")}, ${countText(spans, "span")}${refusedText}\n`);
  }
}
