/** Health and reflection, made with the first call for one of them: who is never asked never loads grpc-js. */

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { errorFrom, TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { GrpcRelay } from "../io/grpc-relay.ts";
import { sendError } from "./grpc-answer.ts";
import type { GrpcServices } from "./grpc-services.ts";

/** Beginnings of the paths that these services answer. */
const PATHS = /^\/grpc\.(?:health|reflection)\.v1(?:alpha)?\./;

/** Whether a call is for one of these services. */
export function isServicePath(path: string): boolean {
  return PATHS.test(path);
}

interface MadeServices {
  readonly services: GrpcServices;
  readonly relay: GrpcRelay;
}

/** The services beside the export call. Their packages are a quarter of what a start would load, and some 15 MB. */
export class LateServices {
  readonly #logger: Logger;
  readonly #onFailed: (error: TracAggError) => void;
  #made: Promise<MadeServices> | undefined;
  #isServing = true;
  #isClosed = false;

  /** @param onFailed - told of calls that are answered with an error here */
  constructor(logger: Logger, onFailed: (error: TracAggError) => void) {
    this.#logger = logger;
    this.#onFailed = onFailed;
  }

  /** Answers a call for one of the services. */
  async answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    try {
      this.#made ??= this.#make();
      const { relay } = await this.#made;
      relay.relay(stream, headers);
    } catch (thrown) {
      const error = errorFrom(thrown);
      this.#onFailed(error);
      sendError(stream, error);
    }
  }

  /** What the health says from now on. */
  setServing(isServing: boolean): void {
    this.#isServing = isServing;
    void this.#whenMade(({ services }) => services.setServing(isServing));
  }

  /** Ends every call. */
  close(): void {
    this.#isClosed = true;
    void this.#whenMade(({ relay }) => relay.close());
  }

  async #make(): Promise<MadeServices> {
    try {
      const [{ addReflection, createGrpcServices }, { GrpcRelay: Relay }] = await Promise.all([
        import("./grpc-services.ts"),
        import("../io/grpc-relay.ts"),
      ]);
      const services = createGrpcServices();
      if (!(await addReflection(services))) {
        this.#logger.warn("gRPC reflection is off: the package lacks its proto folder");
      }
      if (this.#isClosed) throw new TracAggError("unavailable", "shutting down; ask again later");
      services.setServing(this.#isServing);
      return { services, relay: new Relay(services.server, { sendError, what: "health and reflection" }) };
    } catch (thrown) {
      // The next call tries again.
      this.#made = undefined;
      throw thrown;
    }
  }

  /** Whoever called hears of a failure. */
  async #whenMade(then: (made: MadeServices) => void): Promise<void> {
    const made = await this.#made?.catch(() => undefined);
    if (made !== undefined) then(made);
  }
}
