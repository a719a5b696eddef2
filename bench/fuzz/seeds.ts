/** Whole files of every kind that Parfocal reads, for the fuzz to damage. */
import { readdirSync, readFileSync } from "node:fs";
import { stringify } from "yaml";
import { Random } from "../../src/array/random.ts";
import { encodeImage } from "../../src/image/encode-image.ts";
import type { Image } from "../../src/image/image.ts";
import { recipeToYaml } from "../../src/simulate/recipe-yaml.ts";
import { shippedRecipe, shippedRecipes } from "../../src/simulate/shipped-recipes.ts";
import { encodeCheckpoint } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { methodNames } from "../../src/train/methods/methods.ts";
import { tinyModel } from "../../test/helpers/tiny-model.ts";

export const kinds = ["tiff", "png", "xml", "checkpoint", "onnx", "model", "recipe", "config"] as const;
export type Kind = (typeof kinds)[number];

export interface Seed {
  kind: Kind;
  name: string;
  bytes: Uint8Array;
  /** Whether a checksum of the format covers the compressed pixels, so that changed ones must be found. */
  checksum: boolean;
}

/** Seeds by kind. Fixtures are files of tifffile, imagecodecs, libtiff and Pillow (test/fixtures/image). */
export function fuzzSeeds(fixtures = "test/fixtures/image"): Record<Kind, Seed[]> {
  const seeds = Object.fromEntries(kinds.map((kind) => [kind, [] as Seed[]])) as Record<Kind, Seed[]>;
  const add = (kind: Kind, name: string, bytes: Uint8Array, checksum = false) =>
    seeds[kind].push({ kind, name, bytes: new Uint8Array(bytes), checksum });
  const text = (kind: Kind, name: string, value: string) => add(kind, name, new TextEncoder().encode(value));
  for (const name of readdirSync(`${fixtures}/tiffs`)) {
    add("tiff", name, readFileSync(`${fixtures}/tiffs/${name}`), /deflate|zstd_checksum/.test(name));
  }
  for (const name of readdirSync(`${fixtures}/pngs`).filter((one) => one.endsWith(".png"))) {
    add("png", name, readFileSync(`${fixtures}/pngs/${name}`), true);
  }
  for (const dtype of ["uint8", "uint16", "float32"] as const) {
    add("tiff", `ours-${dtype}.tif`, encodeImage("a.tif", picture(dtype)));
    add("tiff", `ours-${dtype}.ome.tif`, encodeImage("a.ome.tif", picture(dtype)));
    const ome = encodeImage("a.ome.tif", picture(dtype));
    text("xml", `ours-${dtype}`, xmlOf(ome));
    if (dtype !== "float32")
      add("png", `ours-${dtype}.png`, encodeImage("a.png", picture(dtype, "YX", [31, 37])), true);
  }
  text("xml", "microscope", microscope);
  const random = new Random(5);
  const tensor = (...shape: number[]) => ({
    type: "float32" as const,
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
  });
  const metadata = { step: "120", config: '{"model":"deep-z"}' };
  add(
    "checkpoint",
    "small",
    encodeCheckpoint({ tensors: { a: tensor(3, 4), "b:moment": tensor(7), c: tensor() }, metadata }),
  );
  const { info, onnx } = tinyModel();
  add("onnx", "tiny", onnx);
  text("model", "tiny", stringify(info));
  for (const { name } of shippedRecipes) if (name !== "stack") text("recipe", name, recipeToYaml(shippedRecipe(name)));
  for (const model of methodNames) {
    try {
      text("config", model, stringify(resolveConfig({ method: model })));
    } catch {
      // A method that needs another file (a network that makes features) has no configuration of its own.
    }
  }
  return seeds;
}

/** As Bio-Formats writes it: instrument, objective, channels, units, a block for each page. */
const microscope = `<?xml version="1.0" encoding="UTF-8"?><!-- Warning: this comment is an OME-XML metadata block -->
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" UUID="urn:uuid:1">
<Instrument ID="Instrument:0"><Objective ID="Objective:0" LensNA="1.4" Immersion="Oil" NominalMagnification="60"/></Instrument>
<Image ID="Image:0" Name="a &amp; b &#181;"><InstrumentRef ID="Instrument:0"/><ObjectiveSettings ID="Objective:0" RefractiveIndex="1.518"/>
<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="23" SizeY="19" SizeC="2" SizeZ="3" SizeT="1" PhysicalSizeX="65"
 PhysicalSizeXUnit="nm" PhysicalSizeY="0.065" PhysicalSizeYUnit="&#181;m" PhysicalSizeZ="0.0003" PhysicalSizeZUnit="mm" TimeIncrement="0.5">
<Channel ID="Channel:0:0" Name="DAPI" EmissionWavelength="461"/><Channel ID="Channel:0:1" Name="GFP" EmissionWavelength="0.52" EmissionWavelengthUnit="&#181;m"/>
${Array.from({ length: 6 }, (_, i) => `<TiffData FirstC="${i % 2}" FirstZ="${i >> 1}" IFD="${i}" PlaneCount="1"/>`).join("\n")}
</Pixels></Image><StructuredAnnotations><XMLAnnotation ID="A:0"><Value><a b='c'><![CDATA[x]]></a></Value></XMLAnnotation></StructuredAnnotations></OME>`;

/** The OME-XML of an OME-TIFF. */
function xmlOf(bytes: Uint8Array): string {
  const all = new TextDecoder("latin1").decode(bytes);
  return all.slice(all.indexOf("<?xml"), all.indexOf("</OME>") + 6);
}

function picture(dtype: "uint8" | "uint16" | "float32", axes = "ZCYX", shape = [3, 2, 19, 23]): Image {
  const random = new Random(7);
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.integer(256));
  const data = dtype === "float32" ? values : dtype === "uint8" ? Uint8Array.from(values) : Uint16Array.from(values);
  return { axes, shape, dtype, data, pixelSize: { y: 0.3, x: 0.3 }, zStep: 0.5 };
}

/** A TIFF of one page of 4 x 3 pixels for each of `pages`, with this description. */
export function tiffWithDescription(description: Uint8Array, width: number, height: number, pages: number): Uint8Array {
  const entries = 10;
  const directory = 2 + 12 * entries + 4;
  const pixelsAt = 8 + description.length + 1 + ((description.length + 1) & 1);
  const first = pixelsAt + width * height * 2;
  const bytes = new Uint8Array(first + directory * pages + width * height * 2 * (pages - 1));
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, first, true);
  bytes.set(description, 8);
  let pixels = pixelsAt;
  for (let page = 0, at = first; page < pages; page++, at += directory) {
    const tags = [
      [256, 4, 1, width],
      [257, 4, 1, height],
      [258, 3, 1, 16],
      [259, 3, 1, 1],
      [262, 3, 1, 1],
      page === 0 ? [270, 2, description.length + 1, 8] : [271, 3, 1, 0],
      [273, 4, 1, pixels],
      [277, 3, 1, 1],
      [278, 4, 1, height],
      [279, 4, 1, width * height * 2],
    ];
    view.setUint16(at, entries, true);
    for (const [i, [id, type, count, value]] of tags.entries()) {
      view.setUint16(at + 2 + 12 * i, id, true);
      view.setUint16(at + 4 + 12 * i, type, true);
      view.setUint32(at + 6 + 12 * i, count, true);
      view.setUint32(at + 10 + 12 * i, value, true);
    }
    view.setUint32(at + directory - 4, page < pages - 1 ? at + directory : 0, true);
    pixels = page === 0 ? first + directory * pages : pixels + width * height * 2;
  }
  return bytes;
}
