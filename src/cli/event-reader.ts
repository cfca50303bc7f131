/** Reads server-sent events out of an answer. */

/** One event. */
export interface ReceivedEvent {
  /** "" where the event has none. */
  readonly id: string;
  readonly data: string;
}

/** The events of a body, each when it is whole; comments and other fields are passed over. */
export async function* receivedEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ReceivedEvent, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() as string;
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): ReceivedEvent | undefined {
  const valuesOf = (field: string): string[] =>
    block
      .split("\n")
      .filter((line) => line.startsWith(`${field}: `))
      .map((line) => line.slice(field.length + 2));
  const data = valuesOf("data");
  if (data.length === 0) return undefined;
  return { id: valuesOf("id").at(-1) ?? "", data: data.join("\n") };
}
