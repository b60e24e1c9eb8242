// A WebAssembly module of one function, put together from its instructions: for the one loop in which JavaScript has no
// way to look at sixteen bytes at a time. Binary format: https://webassembly.github.io/spec/core/binary/, opcodes by
// their names there.

/** The bytes of an instruction with its operands; of a branch, the label of where it leads to. */
export type Instruction = readonly (number | string)[];

/** Begin what `END` ends. Branches name their label: out of a block, or back to the beginning of a loop. */
export const block = (label: string): Instruction => [0x02, 0x40, label];
export const loop = (label: string): Instruction => [0x03, 0x40, label];
export const END: Instruction = [0x0b];
/** Ends the function; what it returns is the number that was there last. */
export const leave: Instruction = [0x0f];
export const br = (label: string): Instruction => [0x0c, label];
export const brIf = (label: string): Instruction => [0x0d, label];

export const get = (local: number): Instruction => [0x20, local];
export const set = (local: number): Instruction => [0x21, local];
export const tee = (local: number): Instruction => [0x22, local];

export const i32Const = (value: number): Instruction => [0x41, ...signed(value | 0)];
export const i32Load = (offset: number): Instruction => [0x28, 0, ...unsigned(offset)];
export const i32Load8U = (offset: number): Instruction => [0x2d, 0, ...unsigned(offset)];
export const i32Store = (offset: number): Instruction => [0x36, 0, ...unsigned(offset)];
export const i32Store8 = (offset: number): Instruction => [0x3a, 0, ...unsigned(offset)];
export const i32Eqz: Instruction = [0x45];
export const i32Eq: Instruction = [0x46];
export const i32Ne: Instruction = [0x47];
export const i32LtU: Instruction = [0x49];
export const i32GtU: Instruction = [0x4b];
export const i32GeU: Instruction = [0x4f];
export const i32Ctz: Instruction = [0x68];
export const i32Add: Instruction = [0x6a];
export const i32Sub: Instruction = [0x6b];
export const i32Mul: Instruction = [0x6c];
export const i32And: Instruction = [0x71];
export const i32Or: Instruction = [0x72];
export const i32Xor: Instruction = [0x73];
export const i32Shl: Instruction = [0x74];
export const i32ShrU: Instruction = [0x76];

/** Sixteen bytes, each for itself. */
export const i8x16Load = (offset: number): Instruction => [0xfd, 0, 0, ...unsigned(offset)];
export const i8x16Store = (offset: number): Instruction => [0xfd, 11, 0, ...unsigned(offset)];
/** Of the first vector, the bytes at the places that the second one says; none (0) for a place from 16 on. */
export const i8x16Swizzle: Instruction = [0xfd, 14];
export const i8x16Splat: Instruction = [0xfd, 15];
export const i8x16Eq: Instruction = [0xfd, 35];
/** Signed: a byte from 0x80 on is less than any other. */
export const i8x16LtS: Instruction = [0xfd, 37];
export const i8x16LtU: Instruction = [0xfd, 38];
export const i8x16And: Instruction = [0xfd, 78];
export const i8x16Or: Instruction = [0xfd, 80];
export const i8x16AnyTrue: Instruction = [0xfd, 83];
export const i8x16Bitmask: Instruction = [0xfd, 100];
/** By the number of bits on the stack. */
export const i8x16ShrU: Instruction = [0xfd, 109];
export const i8x16Sub: Instruction = [0xfd, 113];
/** Less than nothing is nothing. */
export const i8x16SubSatU: Instruction = [0xfd, 115];

export interface WasmFunction {
  /** How many numbers it takes; it returns one. */
  parameters: number;
  /** More variables, numbers and then vectors, behind the parameters. */
  numbers: number;
  vectors: number;
  body: readonly Instruction[];
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** @throws where WebAssembly is switched off, or no address space is left */
export function createMemory(bytes: number): WasmMemory {
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) });
}

export type WasmModule = object;

/** @throws where WebAssembly is switched off, or the processor has no vectors */
export function compile(func: WasmFunction): WasmModule {
  return new WebAssembly.Module(encodeModule(func));
}

/** The function, working in a memory. */
export function instantiate(module: WasmModule, memory: WasmMemory): (...values: number[]) => number {
  return new WebAssembly.Instance(module, { host: { memory } }).exports.run;
}

// --- internal ---

const PAGE_BYTES = 65_536;

/** As much of the API as is used here; the types of Node 20 do not have it. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => WasmMemory;
  Module: new (bytes: Uint8Array) => WasmModule;
  Instance: new (
    module: WasmModule,
    imports: { host: { memory: WasmMemory } },
  ) => { exports: { run: (...values: number[]) => number } };
};

/** A module that exports the function as `run`, and works in the memory that it is given as `host.memory`. */
function encodeModule({ parameters, numbers, vectors, body }: WasmFunction): Uint8Array {
  const code = [2, ...unsigned(numbers), I32, ...unsigned(vectors), V128, ...bytesOf(body), ...END_BYTES];
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, [1, 0x60, parameters, ...Array.from({ length: parameters }, () => I32), 1, I32]),
    ...section(2, [1, ...name("host"), ...name("memory"), 2, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("run"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

/** A branch counts the blocks and loops around it, from within, beginning with 0. */
function bytesOf(body: readonly Instruction[]): number[] {
  const open: string[] = [];
  return body.flatMap((instruction) => {
    if (instruction === END) open.pop();
    const target = instruction.find((part) => typeof part === "string");
    const bytes = instruction.filter((part) => typeof part === "number");
    if (target === undefined) return bytes;
    if (bytes.length > 1) {
      open.push(target);
      return bytes;
    }
    const at = open.lastIndexOf(target);
    if (at < 0) throw new RangeError(`no block or loop around it is called ${target}`);
    return [...bytes, open.length - 1 - at];
  });
}

const END_BYTES = [0x0b];
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const I32 = 0x7f;
const V128 = 0x7b;

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (; value < -0x40 || value > 0x3f; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value & 0x7f];
}
