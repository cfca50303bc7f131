/** gRPC clients of other languages as processes: built from `test/clients`, kept in the cache folder of the system. */

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Interface } from "node:readline";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Calls made all at once. */
export interface ForeignOrder {
  readonly messages: readonly Uint8Array[];
  /** The trace export call by default. */
  readonly method?: string;
  readonly gzip?: boolean;
  /** 20,000 */
  readonly timeoutMillis?: number;
}

/** How one call ended, as the client understood it. */
export interface ForeignAnswer {
  readonly code: number;
  readonly message: string;
  /** `google.rpc.Status`, empty when there was none. */
  readonly details: Buffer;
  readonly response: Buffer;
}

/** A client that can be started: a command line, or the reason why this machine cannot have it. */
export type ForeignProgram = { readonly command: readonly string[] } | { readonly missing: string };

const CLIENTS = fileURLToPath(new URL("../clients/", import.meta.url));
const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const run = promisify(execFile);

/** The client made with grpc-go, built into `folder`; that takes a minute the first time, a second later on. */
export async function goClient(folder: string): Promise<ForeignProgram> {
  const cwd = join(CLIENTS, "grpc-go");
  try {
    await run("go", ["mod", "download"], { cwd });
  } catch (error) {
    return { missing: reasonOf(error, "Go and the packages of its client") };
  }
  const program = join(folder, "client");
  await run("go", ["build", "-o", program, "."], { cwd });
  return { command: [program] };
}

/** The client made with grpc-python, in a virtual environment that is kept for the next run. */
export async function pythonClient(): Promise<ForeignProgram> {
  const folder = join(CLIENTS, "grpc-python");
  const requirements = join(folder, "requirements.txt");
  try {
    const { stdout: version } = await run("python3", ["--version"]);
    const hash = createHash("sha256").update(version).update(readFileSync(requirements)).digest("hex");
    const environment = join(cacheFolder(), `grpc-python-${hash.slice(0, 16)}`);
    if (!existsSync(environment)) await makeEnvironment(environment, requirements);
    return { command: [join(environment, "bin", "python"), join(folder, "client.py")] };
  } catch (error) {
    return { missing: reasonOf(error, "Python with venv and the packages of its client") };
  }
}

/** Beside its place first, so that an interrupted installation is never taken for a whole one. */
async function makeEnvironment(environment: string, requirements: string): Promise<void> {
  mkdirSync(cacheFolder(), { recursive: true });
  const making = mkdtempSync(`${environment}-`);
  try {
    await run("python3", ["-m", "venv", making]);
    const install = ["install", "--quiet", "--retries=1", "--only-binary=:all:", "-r", requirements];
    await run(join(making, "bin", "python"), ["-m", "pip", ...install]);
    // Another run may have been faster.
    if (!existsSync(environment)) renameSync(making, environment);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const fallback =
    process.platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
  return join(process.env["XDG_CACHE_HOME"] ?? fallback, "tracagg-tests");
}

function reasonOf(error: unknown, what: string): string {
  const { code, stderr = "" } = error as { readonly code?: unknown; readonly stderr?: string };
  const said = code === "ENOENT" ? "not installed" : (stderr.trim().split("\n").at(-1) ?? "");
  return `${what} cannot be had: ${said.slice(0, 300)}`;
}

/** A running client with one connection. */
export class ForeignClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  constructor([program = "", ...parameters]: readonly string[], port: number) {
    this.#child = spawn(program, [...parameters, `127.0.0.1:${port}`]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  /** Makes the calls of an order; one order at a time. */
  async callAll(order: ForeignOrder): Promise<ForeignAnswer[]> {
    const { messages, method = EXPORT, gzip = false, timeoutMillis = 20_000 } = order;
    const encoded = messages.map((message) => Buffer.from(message).toString("base64"));
    this.#child.stdin.write(`${JSON.stringify({ method, gzip, timeoutMillis, messages: encoded })}\n`);
    const [line] = (await once(this.#lines, "line")) as [string];
    return (JSON.parse(line) as Record<string, string | number | null>[]).map(answerFrom);
  }

  async call(message: Uint8Array, order: Omit<ForeignOrder, "messages"> = {}): Promise<ForeignAnswer> {
    const [answer] = await this.callAll({ ...order, messages: [message] });
    return answer as ForeignAnswer;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.stdin.end();
    await exited;
  }
}

function answerFrom(line: Record<string, string | number | null>): ForeignAnswer {
  const bytes = (key: string): Buffer => Buffer.from((line[key] as string | null) ?? "", "base64");
  return {
    code: line["code"] as number,
    message: line["message"] as string,
    details: bytes("details"),
    response: bytes("response"),
  };
}
