import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { MergeDatabase } from "../../../src/store/lake/merge-database.ts";
import type { MergeRequest } from "../../../src/store/lake/merge-request.ts";
import { MergeThread } from "../../../src/store/lake/merge-thread.ts";
import { withWritingDatabase } from "../../../src/store/lake/writing-database.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

/** Longer than any test may take. */
const ENDLESS =
  "CREATE TABLE sums AS SELECT sum(sin(a.range) * b.range) FROM range(10000000) a, range(1000000) b";

/** Sets the flag from a thread of its own: the one that merges hears nothing while a statement runs. */
async function cancellerOf(cancelled: Int32Array): Promise<Worker> {
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    parentPort.once("message", () => setTimeout(() => Atomics.store(workerData, 0, 1), 20));
    parentPort.postMessage("ready");
  `;
  const worker = new Worker(code, { eval: true, workerData: cancelled });
  await once(worker, "message");
  return worker;
}

test("a statement under way ends when the merge is cancelled, and the database closes as always", async () => {
  const cancelled = new Int32Array(new SharedArrayBuffer(4));
  const canceller = await cancellerOf(cancelled);
  const options = { memoryLimitBytes: 256 * 1024 * 1024, temporaryDirectory: temporaryFolder() };
  const merged = withWritingDatabase(options, async (connection) => {
    const database = new MergeDatabase(connection, cancelled);
    await database.run("CREATE TABLE before AS SELECT 1");
    canceller.postMessage("go");
    await database.run(ENDLESS);
  });
  await expect(merged).rejects.toMatchObject({ code: "cancelled" });
  await canceller.terminate();
});

test("a merging thread that does not end when it is told to is ended", async () => {
  const deaf = (): Worker => new Worker("setInterval(() => {}, 1000)", { eval: true });
  const thread = new MergeThread(deaf, 20);
  const merge = thread.merge({} as MergeRequest);
  const failed = expect(merge).rejects.toMatchObject({ code: "internal" });
  await thread.cancel();
  await failed;
});
