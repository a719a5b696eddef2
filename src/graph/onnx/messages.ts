import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/**
 * The part of the ONNX protobuf schema that is used here (field numbers from onnx.proto, IR version 8), as plain
 * objects. Fields that are not listed are skipped on reading.
 * docs/decisions/onnx-messages.md says why the messages are not generated.
 */
export interface ModelMessage {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  graph?: GraphMessage;
  opsetImport: { domain: string; version: number }[];
  metadata: { key: string; value: string }[];
}
export interface GraphMessage {
  nodes: NodeMessage[];
  name: string;
  initializers: TensorMessage[];
  inputs: ValueInfoMessage[];
  outputs: ValueInfoMessage[];
}
export interface NodeMessage {
  inputs: string[];
  outputs: string[];
  name: string;
  opType: string;
  attributes: AttributeMessage[];
  domain: string;
}
export interface AttributeMessage {
  name: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorMessage;
  floats: number[];
  ints: number[];
  type: number;
}
export interface TensorMessage {
  dims: number[];
  dataType: number;
  /** Where rawData is absent. */
  floatData: Float32Array;
  int64Data: number[];
  name: string;
  /** Little-endian; a view of the file when read. */
  rawData?: Uint8Array;
}
export interface ValueInfoMessage {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dims: { dimValue?: number; dimParam?: string }[] } } };
}

/** Numbers of TensorProto.DataType and AttributeProto.AttributeType. */
export const dataTypes = { float32: 1, int64: 7, bool: 9 } as const;
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/** "floats" is a repeated float that becomes one Float32Array: weights must not turn into lists of numbers. */
type Kind = "int64" | "float" | "floats" | "string" | "bytes" | Schema;
interface Field {
  number: number;
  kind: Kind;
  repeated?: boolean;
  /** Absent when not on the wire; other single fields read as "" or 0. */
  optional?: boolean;
}
interface Schema {
  fields: Record<string, Field>;
}

const many = (number: number, kind: Kind): Field => ({ number, kind, repeated: true });
const one = (number: number, kind: Kind): Field => ({ number, kind });
const maybe = (number: number, kind: Kind): Field => ({ number, kind, optional: true });

const dimension: Schema = { fields: { dimValue: maybe(1, "int64"), dimParam: maybe(2, "string") } };
const tensorShape: Schema = { fields: { dims: many(1, dimension) } };
const tensorType: Schema = { fields: { elemType: one(1, "int64"), shape: maybe(2, tensorShape) } };
const type: Schema = { fields: { tensorType: maybe(1, tensorType) } };
const valueInfo: Schema = { fields: { name: one(1, "string"), type: maybe(2, type) } };
const tensorProto: Schema = {
  fields: {
    dims: many(1, "int64"),
    dataType: one(2, "int64"),
    floatData: one(4, "floats"),
    int64Data: many(7, "int64"),
    name: one(8, "string"),
    rawData: maybe(9, "bytes"),
  },
};
const attribute: Schema = {
  fields: {
    name: one(1, "string"),
    f: maybe(2, "float"),
    i: maybe(3, "int64"),
    s: maybe(4, "bytes"),
    t: maybe(5, tensorProto),
    floats: many(7, "float"),
    ints: many(8, "int64"),
    type: one(20, "int64"),
  },
};
const node: Schema = {
  fields: {
    inputs: many(1, "string"),
    outputs: many(2, "string"),
    name: one(3, "string"),
    opType: one(4, "string"),
    attributes: many(5, attribute),
    domain: one(7, "string"),
  },
};
const graph: Schema = {
  fields: {
    nodes: many(1, node),
    name: one(2, "string"),
    initializers: many(5, tensorProto),
    inputs: many(11, valueInfo),
    outputs: many(12, valueInfo),
  },
};
const model: Schema = {
  fields: {
    irVersion: one(1, "int64"),
    producerName: one(2, "string"),
    producerVersion: one(3, "string"),
    graph: maybe(7, graph),
    opsetImport: many(8, { fields: { domain: one(1, "string"), version: one(2, "int64") } }),
    metadata: many(14, { fields: { key: one(1, "string"), value: one(2, "string") } }),
  },
};

/** The bytes of a model file. */
export function encodeModel(message: ModelMessage): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  encode(writer, model, message);
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

/** Reads the bytes of a model file; throws RangeError (or Error) when they are no protobuf. */
export function decodeModel(bytes: Uint8Array): ModelMessage {
  return decode(new BinaryReader(bytes), model, bytes.length) as unknown as ModelMessage;
}

function encode(writer: BinaryWriter, schema: Schema, message: object): void {
  for (const [name, field] of Object.entries(schema.fields)) {
    const value = (message as Record<string, unknown>)[name];
    const values = field.repeated ? ((value ?? []) as unknown[]) : value === undefined ? [] : [value];
    for (const item of values) encodeField(writer, field, item);
  }
}

function encodeField(writer: BinaryWriter, { number, kind }: Field, value: unknown): void {
  if (kind === "int64") writer.tag(number, WireType.Varint).int64(value as number);
  else if (kind === "float") writer.tag(number, WireType.Bit32).float(value as number);
  else if (kind === "floats") {
    const { buffer, byteOffset, byteLength } = value as Float32Array;
    if (byteLength === 0) return;
    writer.tag(number, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength));
  } else if (kind === "string") writer.tag(number, WireType.LengthDelimited).string(value as string);
  else if (kind === "bytes") writer.tag(number, WireType.LengthDelimited).bytes(value as Uint8Array);
  else {
    writer.tag(number, WireType.LengthDelimited).fork();
    encode(writer, kind, value as object);
    writer.join();
  }
}

function decode(reader: BinaryReader, schema: Schema, end: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const byNumber = new Map<number, [string, Field]>();
  for (const [name, field] of Object.entries(schema.fields)) {
    byNumber.set(field.number, [name, field]);
    if (field.repeated) message[name] = [];
    else if (!field.optional) message[name] = initial(field.kind);
  }
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const known = byNumber.get(number);
    if (!known) {
      reader.skip(wireType, number);
      continue;
    }
    const [name, field] = known;
    const delimited = wireType === WireType.LengthDelimited;
    if (field.kind === "floats") {
      message[name] = joined(message[name] as Float32Array, delimited ? reader.bytes() : floatBytes(reader));
    } else if (delimited && field.repeated && (field.kind === "int64" || field.kind === "float")) {
      const stop = checkedEnd(reader, end);
      while (reader.pos < stop) (message[name] as unknown[]).push(decodeField(reader, field.kind, stop));
    } else if (field.repeated) (message[name] as unknown[]).push(decodeField(reader, field.kind, end));
    else message[name] = decodeField(reader, field.kind, end);
  }
  if (reader.pos > end) throw new RangeError("a field is longer than its message");
  return message;
}

function initial(kind: Kind): unknown {
  if (kind === "floats") return new Float32Array(0);
  return kind === "int64" ? 0 : "";
}

const floatBytes = (reader: BinaryReader): Uint8Array => new Uint8Array(Float32Array.of(reader.float()).buffer);

/** Appends little-endian floats; a packed list comes in one piece. */
function joined(before: Float32Array, bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw new RangeError("a list of floats of a broken length");
  const result = new Float32Array(before.length + bytes.length / 4);
  result.set(before);
  new Uint8Array(result.buffer).set(bytes, before.byteLength);
  return result;
}

function decodeField(reader: BinaryReader, kind: Exclude<Kind, "floats">, end: number): unknown {
  if (kind === "int64") return Number(reader.int64());
  if (kind === "float") return reader.float();
  if (kind === "string") return reader.string();
  if (kind === "bytes") return reader.bytes();
  return decode(reader, kind, checkedEnd(reader, end));
}

function checkedEnd(reader: BinaryReader, end: number): number {
  const stop = reader.uint32() + reader.pos;
  if (stop > end) throw new RangeError("a message is longer than what is left");
  return stop;
}
