/** The native API of a server, as commands use it. */

import type { Command } from "commander";
import type { ProblemJson } from "../api/contract.ts";
import type { ErrorCode } from "../base/errors.ts";
import { ERROR_TABLE, TracAggError } from "../base/errors.ts";
import type { CliContext } from "./cli-context.ts";
import type { ReceivedEvent } from "./event-reader.ts";
import { receivedEvents } from "./event-reader.ts";
import { SERVER_FIELD } from "./exit-code.ts";

/** Where a server listens unless told otherwise. */
export const DEFAULT_SERVER = "http://127.0.0.1:16686";

/** Longest wait for an answer: the server's own limit for a query may be up to 10 min, its default is 30 s. */
const ANSWER_TIMEOUT_MILLIS = 11 * 60_000;

/** Values of query parameters; absent ones are left out, lists repeat the parameter. */
export type QueryParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Flags every client command has. */
export interface ServerFlags {
  readonly server?: string;
  readonly json?: boolean;
}

/** Adds `--server` and `--json`. */
export function addServerFlags(command: Command): Command {
  return command
    .option("--server <url>", `server to ask (default TRACAGG_SERVER, then ${DEFAULT_SERVER})`)
    .option("--json", "print JSON lines, as when the output goes to a pipe");
}

/** Asks one server. */
export interface ApiClient {
  /** Base URL, ends with a slash. */
  readonly server: string;
  /**
   * The answer as it came.
   *
   * @throws TracAggError `unavailable` with field `--server` when nobody answers; the server's own error otherwise.
   */
  getBytes(path: string, parameters?: QueryParameters): Promise<Uint8Array>;
  /** The answer as text; fails as {@link ApiClient.getBytes}. */
  getText(path: string, parameters?: QueryParameters): Promise<string>;
  /** The answer read as JSON; fails as {@link ApiClient.getBytes}. */
  getJson<Answer>(path: string, parameters?: QueryParameters): Promise<Answer>;
  /**
   * Server-sent events after one that was received, until the server ends them or the signal aborts. Reading them throws
   * `unavailable` when the connection breaks; asking fails as {@link ApiClient.getBytes}.
   */
  follow(path: string, parameters: QueryParameters, from: FollowFrom): Promise<AsyncIterable<ReceivedEvent>>;
}

/** Where {@link ApiClient.follow} begins, and what ends it. */
export interface FollowFrom {
  /** "" for all that are kept. */
  readonly lastEventId: string;
  readonly signal: AbortSignal;
}

/**
 * The base URL of the server a command means.
 *
 * @throws TracAggError `invalid_argument` when it is no http or https URL.
 */
export function serverUrl(context: CliContext, flags: ServerFlags): string {
  const text = flags.server ?? (context.env["TRACAGG_SERVER"] || DEFAULT_SERVER);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new TracAggError(
      "invalid_argument",
      `--server: expected a URL such as ${DEFAULT_SERVER}, got "${text}" (from ${flags.server === undefined ? "TRACAGG_SERVER" : "the flag"})`,
    );
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

/** The error for a server that cannot be reached: which address was tried, why it failed, what to do. */
export function unreachableError(address: string, thrown: unknown): TracAggError {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  const reason = cause instanceof Error ? cause.message || (cause as { code?: string }).code : String(cause);
  const message = `no server answers at ${address} (${reason}); start one with "tracagg start", or name another with --server or TRACAGG_SERVER`;
  return new TracAggError("unavailable", message, { cause: thrown, field: SERVER_FIELD });
}

function errorFromProblem(url: URL, response: Response, text: string): TracAggError {
  let problem: Partial<ProblemJson> = {};
  try {
    problem = JSON.parse(text) as Partial<ProblemJson>;
  } catch {
    // Not ours: told apart below.
  }
  const { code, detail } = problem;
  if (code !== undefined && code in ERROR_TABLE && detail !== undefined) {
    return new TracAggError(code as ErrorCode, detail);
  }
  const message = `${url.href}: expected an answer of TracAgg, got HTTP ${response.status}; is it the address of another program?`;
  return new TracAggError("failed_precondition", message);
}

function urlOf(server: string, path: string, parameters: QueryParameters): URL {
  const url = new URL(`.${path}`, server);
  for (const [name, value] of Object.entries(parameters)) {
    const values = value === undefined ? [] : typeof value === "string" ? [value] : value;
    for (const one of values) url.searchParams.append(name, one);
  }
  return url;
}

async function* unbroken(
  server: string,
  events: AsyncIterable<ReceivedEvent>,
): AsyncGenerator<ReceivedEvent, void> {
  try {
    yield* events;
  } catch (error) {
    throw unreachableError(server, error);
  }
}

/** Makes a client of the server that flags and environment name. */
export function createApiClient(context: CliContext, flags: ServerFlags): ApiClient {
  const server = serverUrl(context, flags);
  const getBytes = async (path: string, parameters: QueryParameters = {}): Promise<Uint8Array> => {
    const url = urlOf(server, path, parameters);
    let response: Response;
    let bytes: Uint8Array;
    try {
      response = await context.fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MILLIS) });
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw unreachableError(server, error);
    }
    if (!response.ok) throw errorFromProblem(url, response, new TextDecoder().decode(bytes));
    return bytes;
  };
  const getText = async (path: string, parameters?: QueryParameters): Promise<string> =>
    new TextDecoder().decode(await getBytes(path, parameters));
  const getJson = async <Answer>(path: string, parameters?: QueryParameters): Promise<Answer> => {
    const text = await getText(path, parameters);
    try {
      return JSON.parse(text) as Answer;
    } catch (error) {
      const message = `${server}: expected JSON, got "${text.slice(0, 40)}"; is it the address of another program?`;
      throw new TracAggError("failed_precondition", message, { cause: error });
    }
  };
  const follow = async (
    path: string,
    parameters: QueryParameters,
    { lastEventId, signal }: FollowFrom,
  ): Promise<AsyncIterable<ReceivedEvent>> => {
    const url = urlOf(server, path, parameters);
    const headers = {
      accept: "text/event-stream",
      ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }),
    };
    let response: Response;
    try {
      response = await context.fetch(url, { signal, headers });
    } catch (error) {
      throw unreachableError(server, error);
    }
    if (!response.ok || response.body === null) throw errorFromProblem(url, response, await response.text());
    return unbroken(server, receivedEvents(response.body));
  };
  return { server, getBytes, getText, getJson, follow };
}
