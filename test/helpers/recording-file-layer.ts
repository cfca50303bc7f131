/**
 * A disk that remembers only what it was made to: the file layer over a real folder, with a model beside it of what
 * each completed sync covered. `crashTo` writes the folder a power loss would leave.
 */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { FileLayer, FileOpenMode, FileStat, OpenFile } from "../../src/io/file-layer.ts";
import { nodeFileLayer } from "../../src/io/file-layer.ts";

/** A change of a file's bytes that no sync has covered yet. */
type ContentChange =
  | { readonly order: number; readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly order: number; readonly kind: "truncate"; readonly lengthBytes: number };

interface FileNode {
  readonly kind: "file";
  durable: Uint8Array;
  pending: ContentChange[];
  /** Written around this layer (by a database, say): a sync takes the whole file as it is. */
  foreign: boolean;
}

/** A change of the names in a folder that no sync of the folder has covered yet. */
interface NameChange {
  readonly order: number;
  readonly name: string;
  readonly node: Node | undefined;
}

interface DirectoryNode {
  readonly kind: "directory";
  readonly names: Map<string, Node>;
  readonly durable: Map<string, Node>;
  pending: NameChange[][];
}

type Node = FileNode | DirectoryNode;

/**
 * What a write, sync, open or rename is asked before it happens; throw to make it fail. A number given back for a write
 * is how many bytes the disk takes before it is full.
 */
export type DiskHook = (operation: {
  readonly kind: "open" | "write" | "datasync" | "rename" | "truncate" | "syncDirectory";
  readonly path: string;
  readonly bytes: number;
  /** Of a write: what `crashTo` calls it. */
  readonly order?: number;
}) => number | undefined;

/** Whether a change that no sync covers reached the disk all the same; of a write maybe only so many bytes. */
export type Survives = (order: number, kind: "content" | "name") => boolean | number;

/** An error as Node's file calls give it. */
export function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** A file layer over `root` that knows what a power loss would keep. What is in the folder at first is durable. */
export class RecordingFileLayer implements FileLayer {
  readonly #rootPath: string;
  readonly #root: DirectoryNode;
  #order = 0;
  #heldEnding: string | undefined;
  #held: Promise<void> = Promise.resolve();
  #letGo: () => void = () => {};
  #noteHeld: () => void = () => {};
  /** Asked before each operation. */
  hook: DiskHook = () => undefined;

  constructor(rootPath: string) {
    this.#rootPath = rootPath;
    this.#root = existing(rootPath);
  }

  /**
   * From now on a `datasync` of a file whose path ends so does not begin to complete until `releaseSyncs`.
   *
   * @returns A promise of the first sync that is held.
   */
  holdSyncs(pathEnding = ""): { readonly first: Promise<void> } {
    this.#heldEnding = pathEnding;
    this.#held = new Promise((resolve) => {
      this.#letGo = resolve;
    });
    const first = new Promise<void>((resolve) => {
      this.#noteHeld = resolve;
    });
    return { first };
  }

  releaseSyncs(): void {
    this.#heldEnding = undefined;
    this.#letGo();
  }

  /** Order numbers of the changes that no sync covers. */
  pendingOrders(): readonly number[] {
    const orders = new Set<number>();
    walk(this.#root, (node) => {
      if (node.kind === "file") for (const change of node.pending) orders.add(change.order);
      else for (const changes of node.pending) for (const change of changes) orders.add(change.order);
    });
    return [...orders].sort((one, other) => one - other);
  }

  /**
   * Writes into `target` what a power loss leaves: everything synced, and of the changes since then those `survives`
   * says yes to (none by default); a number keeps only so many bytes of a write.
   */
  crashTo(target: string, survives: Survives = () => false): void {
    materialise(this.#root, target, survives);
  }

  async open(path: string, mode: FileOpenMode): Promise<OpenFile> {
    this.hook({ kind: "open", path, bytes: 0 });
    const file = await nodeFileLayer.open(path, mode);
    const node = this.#fileNode(path, mode === "create");
    return {
      write: (buffers, offset) => this.#write(path, node, file, buffers, offset),
      read: (bytes, offset) => file.read(bytes, offset),
      datasync: () => this.#datasync(path, node),
      truncate: async (lengthBytes) => {
        this.hook({ kind: "truncate", path, bytes: lengthBytes });
        await file.truncate(lengthBytes);
        node.pending.push({ order: this.#order++, kind: "truncate", lengthBytes });
      },
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }

  readFile(path: string): Promise<Uint8Array> {
    return nodeFileLayer.readFile(path);
  }

  stat(path: string): Promise<FileStat | undefined> {
    return nodeFileLayer.stat(path);
  }

  list(directory: string): Promise<readonly string[]> {
    return nodeFileLayer.list(directory);
  }

  async makeDirectory(directory: string): Promise<void> {
    await nodeFileLayer.makeDirectory(directory);
    this.#directoryNode(directory);
  }

  async rename(from: string, to: string): Promise<void> {
    this.hook({ kind: "rename", path: from, bytes: 0 });
    const node = this.#nodeAt(from) ?? this.#adopt(from);
    await nodeFileLayer.rename(from, to);
    const source = this.#directoryNode(dirname(from));
    const target = this.#directoryNode(dirname(to));
    const order = this.#order++;
    const gone = { order, name: nameOf(from), node: undefined };
    const come = { order, name: nameOf(to), node };
    source.names.delete(gone.name);
    target.names.set(come.name, node);
    if (source === target) {
      source.pending.push([gone, come]);
    } else {
      source.pending.push([gone]);
      target.pending.push([come]);
    }
  }

  async remove(path: string): Promise<void> {
    await nodeFileLayer.remove(path);
    const parent = this.#directoryNode(dirname(path));
    const name = nameOf(path);
    if (!parent.names.delete(name)) return;
    parent.pending.push([{ order: this.#order++, name, node: undefined }]);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.hook({ kind: "syncDirectory", path: directory, bytes: 0 });
    if (relative(this.#rootPath, directory).startsWith("..")) return;
    const node = this.#directoryNode(directory);
    for (const name of readdirSync(directory)) {
      if (!node.names.has(name)) this.#adopt(join(directory, name));
    }
    for (const changes of node.pending.splice(0)) applyNames(node.durable, changes);
  }

  async #write(
    path: string,
    node: FileNode,
    file: OpenFile,
    buffers: readonly Uint8Array[],
    offset: number,
  ): Promise<void> {
    const all = Uint8Array.from(Buffer.concat(buffers));
    const order = this.#order++;
    const taken = this.hook({ kind: "write", path, bytes: all.length, order });
    const bytes = all.subarray(0, taken);
    await file.write([bytes], offset);
    node.pending.push({ order, kind: "write", offset, bytes });
    if (bytes.length < all.length) throw diskError("ENOSPC");
  }

  async #datasync(path: string, node: FileNode): Promise<void> {
    const covered = node.pending.length;
    if (this.#heldEnding !== undefined && path.endsWith(this.#heldEnding)) {
      this.#noteHeld();
      await this.#held;
    }
    this.hook({ kind: "datasync", path, bytes: 0 });
    if (node.foreign) node.durable = Uint8Array.from(readFileSync(path));
    else for (const change of node.pending.slice(0, covered)) applyContent(node, change, true);
    node.pending.splice(0, covered);
  }

  #fileNode(path: string, emptied: boolean): FileNode {
    const known = this.#nodeAt(path);
    if (known?.kind === "file") {
      if (emptied) known.pending.push({ order: this.#order++, kind: "truncate", lengthBytes: 0 });
      return known;
    }
    const node: FileNode = { kind: "file", durable: new Uint8Array(0), pending: [], foreign: !emptied };
    this.#addName(path, node);
    return node;
  }

  #directoryNode(path: string): DirectoryNode {
    const known = this.#nodeAt(path);
    if (known?.kind === "directory") return known;
    const node: DirectoryNode = { kind: "directory", names: new Map(), durable: new Map(), pending: [] };
    this.#addName(path, node);
    return node;
  }

  /** A path made around this layer: its name is not durable yet, its content neither. */
  #adopt(path: string): Node {
    if (!statSync(path).isDirectory()) return this.#fileNode(path, false);
    const node = this.#directoryNode(path);
    for (const name of readdirSync(path)) this.#adopt(join(path, name));
    return node;
  }

  #addName(path: string, node: Node): void {
    const parent = this.#directoryNode(dirname(path));
    parent.names.set(nameOf(path), node);
    parent.pending.push([{ order: this.#order++, name: nameOf(path), node }]);
  }

  #nodeAt(path: string): Node | undefined {
    const steps = relative(this.#rootPath, path)
      .split(sep)
      .filter((step) => step !== "");
    if (steps[0] === "..") throw new Error(`${path} is outside ${this.#rootPath}`);
    let node: Node | undefined = this.#root;
    for (const step of steps) node = node?.kind === "directory" ? node.names.get(step) : undefined;
    return node;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf(sep) + 1);
}

function existing(path: string): DirectoryNode {
  const names = new Map<string, Node>();
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) names.set(entry.name, existing(inner));
    if (entry.isFile()) {
      const durable = Uint8Array.from(readFileSync(inner));
      names.set(entry.name, { kind: "file", durable, pending: [], foreign: false });
    }
  }
  return { kind: "directory", names, durable: new Map(names), pending: [] };
}

function applyNames(names: Map<string, Node>, changes: readonly NameChange[]): void {
  for (const { name, node } of changes) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}

function applyContent(node: { durable: Uint8Array }, change: ContentChange, keep: boolean | number): void {
  if (change.kind === "truncate") {
    const resized = new Uint8Array(change.lengthBytes);
    resized.set(node.durable.subarray(0, change.lengthBytes));
    node.durable = resized;
    return;
  }
  const bytes = typeof keep === "number" ? change.bytes.subarray(0, keep) : change.bytes;
  const end = change.offset + bytes.length;
  if (end > node.durable.length) {
    const grown = new Uint8Array(end);
    grown.set(node.durable);
    node.durable = grown;
  }
  node.durable.set(bytes, change.offset);
}

function materialise(directory: DirectoryNode, target: string, survives: Survives): void {
  mkdirSync(target, { recursive: true });
  const names = new Map(directory.durable);
  for (const changes of directory.pending) {
    const order = (changes[0] as NameChange).order;
    if (survives(order, "name") !== false) applyNames(names, changes);
  }
  for (const [name, node] of names) {
    const path = join(target, name);
    if (node.kind === "directory") {
      materialise(node, path, survives);
      continue;
    }
    const image = { durable: Uint8Array.from(node.durable) };
    for (const change of node.pending) {
      const keep = survives(change.order, "content");
      if (keep !== false) applyContent(image, change, keep);
    }
    writeFileSync(path, image.durable);
  }
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  if (node.kind === "directory") for (const inner of node.names.values()) walk(inner, visit);
}
