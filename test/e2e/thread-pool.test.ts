/** The threads that files and queries share: enough of them that queries cannot hold up an acknowledgement. */

import { existsSync, readdirSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

async function threadsOfServer(): Promise<number> {
  const folder = temporaryFolder();
  const server = await startServerProcess(folder.path);
  try {
    return readdirSync(`/proc/${server.pid}/task`).length;
  } finally {
    await server.stop();
    folder.remove();
  }
}

describe.skipIf(!existsSync("/proc/self/task"))("the program's thread pool (needs /proc to be seen)", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("has 16 threads, and as many as UV_THREADPOOL_SIZE says where it is set", async () => {
    vi.stubEnv("UV_THREADPOOL_SIZE", undefined);
    const usual = await threadsOfServer();
    vi.stubEnv("UV_THREADPOOL_SIZE", "4");
    expect(usual - (await threadsOfServer())).toBe(12);
  });
});
