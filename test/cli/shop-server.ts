/** A server in this process that forgets everything at the end, and commands that ask it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import type { RunningServer } from "../../src/server.ts";
import { startServer } from "../../src/server.ts";
import { FREE_PORTS } from "../helpers/free-ports.ts";
import type { CliResult } from "./cli-harness.ts";
import { runCommand } from "./cli-harness.ts";

const MEMORY_SERVER = {
  "store.type": "memory",
  ...FREE_PORTS,
} as const;

/** A server with the memory store on free ports. */
export function startMemoryServer(cwd: string): Promise<RunningServer> {
  return startServer({ config: loadConfig({ flags: MEMORY_SERVER, env: {}, cwd }).config });
}

/** One that the demo's shop sent traces to. */
export class ShopServer {
  readonly server: RunningServer;
  /** Where commands run. */
  readonly folder: string;

  private constructor(server: RunningServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  /** Starts a server and sends it so many visits, spread over a time such as `5m`. */
  static async start({ visits, history }: { visits: number; history: string }): Promise<ShopServer> {
    const folder = mkdtempSync(join(tmpdir(), "tracagg-cli-"));
    const shop = new ShopServer(await startMemoryServer(folder), folder);
    const demo = await shop.run("demo", "--once", String(visits), "--seed", "7", "--history", history);
    expect(demo).toMatchObject({ exitCode: 0, stderr: "" });
    return shop;
  }

  /** Runs a command as a pipe sees it. */
  run(...given: readonly string[]): Promise<CliResult> {
    return runCommand(given, { env: { TRACAGG_SERVER: this.server.ui }, cwd: this.folder });
  }

  /** Runs a command as a terminal sees it, without colours. */
  show(...given: readonly string[]): Promise<CliResult> {
    const env = { TRACAGG_SERVER: this.server.ui, NO_COLOR: "1" };
    return runCommand(given, { env, isTerminal: true, cwd: this.folder });
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
