/**
 * The peer of an exporter is away under load, and the exporting server is killed meanwhile: when both are back, the peer
 * has every span that was acknowledged, once.
 */

import { expect, test } from "vitest";
import type { ExporterJson, ExporterListJson } from "../../src/api/exporter-contract.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SEED, secondsOf, timeLimitMillis } from "./scale.ts";
import { SoakLoad } from "./soak-load.ts";
import { countedSpans, httpSender, listedTraces, startServer } from "./torture-server.ts";

/** Half of what a server is expected to take on a machine of two cores that the peer and the load share. */
const SPANS_PER_SECOND = 10_000;
const OUTAGE_SECONDS = secondsOf({ short: 2, long: 60 });
const LONG_MINUTES = 20;

async function exporterOf(server: ServerProcess): Promise<ExporterJson> {
  const { exporters } = await getJson<ExporterListJson>(server.ui, "/api/v1/exporters");
  return exporters[0]!;
}

async function untilDelivered(server: ServerProcess): Promise<ExporterJson> {
  for (;;) {
    const exporter = await exporterOf(server);
    if (exporter.lag.records === 0) return exporter;
  }
}

test("nothing is lost over an outage of the peer and a kill -9 of the exporting server", {
  timeout: timeLimitMillis(LONG_MINUTES),
}, async () => {
  const [folder, peerFolder] = [temporaryFolder(), temporaryFolder()];
  const peer = await startServer(peerFolder);
  const { port } = new URL(`http://${peer.otlpGrpc}`);
  const flags = ["--export-push", `peer=otlp-grpc:http://127.0.0.1:${port}`];
  const send = async (server: ServerProcess, load: SoakLoad, seconds: number): Promise<void> => {
    await load.send({ seconds, spansPerSecond: SPANS_PER_SECOND }, () => {});
    expect(await exporterOf(server)).toMatchObject({
      droppedSpans: { refused: 0, behind: 0 },
      refusedSpans: 0,
    });
  };
  const first = await startServer(folder, flags);
  const before = new SoakLoad(httpSender(first), SEED);
  await send(first, before, OUTAGE_SECONDS / 2);
  await peer.kill();
  await send(first, before, OUTAGE_SECONDS / 2);
  await first.kill();
  const second = await startServer(folder, flags);
  const after = new SoakLoad(httpSender(second), SEED + 1);
  await send(second, after, OUTAGE_SECONDS / 2);
  const back = await startServer(peerFolder, ["--otlp-grpc-port", port]);
  await untilDelivered(second);
  const acknowledged =
    before.acknowledged * before.spansPerRequest + after.acknowledged * after.spansPerRequest;
  expect([await countedSpans(second), await countedSpans(back)]).toEqual([acknowledged, acknowledged]);
  expect(await listedTraces(back)).toEqual(await listedTraces(second));
});
