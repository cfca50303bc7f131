/** The logger port: structured, injected, one event per line. Pure rooms never log. */

/** Values a log line may carry beside its constant message. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where receivers and lifecycle code write what happened. `message` is constant, facts go into `fields`. */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A logger that drops everything: the default of parts used without a server. */
export const silentLogger: Logger = Object.freeze({
  info: () => {},
  warn: () => {},
  error: () => {},
});
