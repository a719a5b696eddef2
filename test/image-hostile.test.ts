/** Texts in files that are made to keep a reader busy, or to be taken for something of JavaScript's own: errors or plain text, at once. */
import { describe, expect, test } from "vitest";
import { memorySource } from "../src/array/bytes.ts";
import { ParfocalError } from "../src/errors.ts";
import { orderFolder } from "../src/image/folder-order.ts";
import { looksLikeOme, parseOme } from "../src/image/ome-read.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { micrometresPer, secondsPer } from "../src/image/units.ts";
import { parseXml, rootNameOf } from "../src/image/xml.ts";
import { greyEntries, handTiff } from "./helpers/hand-tiff.ts";

const n = 1e5;
/** A hang lasts minutes; this leaves room for a busy machine. */
const most = 5000;

function timed(work: () => unknown): { seconds: number; error: unknown } {
  const start = performance.now();
  let error: unknown;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  return { seconds: performance.now() - start, error };
}

describe("XML that keeps parsers busy", () => {
  const texts: Record<string, string> = {
    comments: `${"<!---->".repeat(n)}X`,
    "comments and no end": `${"<!-- -->".repeat(n)}<!--`,
    "an open comment": `<!--${" ".repeat(n)}`,
    blanks: `<OME ${" ".repeat(n)}`,
    "attributes without values": `<OME ${"a ".repeat(n)}/>`,
    "an open quote": `<OME a="${"x".repeat(n)}`,
    "a long name": `<${"a".repeat(n)}`,
    prefixes: `<${"a:".repeat(n)}OME`,
    deep: "<OME>".repeat(n),
    "deep and closed": "<a>".repeat(n) + "</a>".repeat(n),
    "a little too deep": "<a>".repeat(101) + "</a>".repeat(101),
    ampersands: `<OME>${"&".repeat(n)}</OME>`,
    "open CDATA": `<OME>${"<![CDATA[".repeat(n)}</OME>`,
    instructions: `${"<?a ?>".repeat(n)}<?`,
    "a DTD": `<!DOCTYPE ${"[".repeat(n)}><OME/>`,
    brackets: "<".repeat(n),
  };
  test.each(Object.keys(texts))("%s", (name) => {
    for (const work of [() => looksLikeOme(texts[name]), () => parseXml(texts[name])]) {
      const { seconds, error } = timed(work);
      expect(seconds).toBeLessThan(most);
      expect(error === undefined || error instanceof SyntaxError).toBe(true);
    }
    expect(() => parseXml(texts[name])).toThrow(SyntaxError);
  });

  test("much that is well formed is read in time that grows with it", () => {
    const good = [
      `<OME>${"&amp;".repeat(n)}</OME>`,
      `<OME>${'<Plane TheZ="1"/>'.repeat(n)}</OME>`,
      `${"<!-- -->".repeat(n)}<OME/>`,
    ];
    for (const text of good) {
      const { seconds, error } = timed(() => expect(parseXml(text).name).toBe("OME"));
      expect([error, seconds < most]).toEqual([undefined, true]);
    }
  });

  test("entities of a DTD are not followed, and stay text", () => {
    const bomb = `<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;">]><a b="&m;">&l;&constructor;&amp;</a>`;
    expect(parseXml(bomb)).toMatchObject({ name: "a", text: "&l;&constructor;&", attributes: { b: "&m;" } });
  });

  test("more tags or characters than any image has are refused before they are read", () => {
    const { seconds, error } = timed(() => parseXml(`<a>${"<b/>".repeat(2 ** 22)}</a>`));
    expect([(error as Error).message.includes("tags"), seconds < most]).toEqual([true, true]);
  });

  test("the root element is found behind declaration, comments and a byte order mark", () => {
    expect(rootNameOf('\ufeff<?xml version="1.0"?>\n<!-- <OME> --><!DOCTYPE x>\n<ome:OME xmlns:ome="x">')).toBe("OME");
    expect(rootNameOf("<MetaData>")).toBe("MetaData");
    for (const none of ["", "OME", "<", "<!--", "<OME", "text <OME>", "{}"]) expect(rootNameOf(none)).toBeUndefined();
    expect(parseXml("<a\tb='1'>\x01x</a>").text).toBe(" x");
  });
});

describe("descriptions and names that keep readers busy", () => {
  test.each([
    "\n",
    "ImageJ=1\n",
    "ImageJ=1\norder=(((",
    "ImageJ=1\naxes=YX",
    "ImageJ=1\nunit=\\u00B5",
    "BoundingBox 1",
    "BoundingBox 1e",
    "BoundingBox 1.",
    " ",
    '{"shape": [',
    "<MetaData>",
    "<MetaData><prop id='z-position' value='1",
    "<OME>",
    "<!---->",
    "frameNumbers = ",
    "=",
  ])("%j, over and over", async (text) => {
    for (const description of [text.repeat(n / text.length), `${text}${text.slice(-1).repeat(n)}`]) {
      const bytes = handTiff([
        { entries: greyEntries(4, 3, 8, [{ tag: 270, type: 2, values: description }]), strips: [new Uint8Array(12)] },
      ]);
      const start = performance.now();
      await openImageSource(memorySource("a.tif", bytes)).catch((error: unknown) =>
        expect(error).toBeInstanceOf(ParfocalError),
      );
      expect(performance.now() - start).toBeLessThan(most);
    }
  });

  test("OME-XML that maps the same planes over and over", () => {
    const blocks = '<TiffData PlaneCount="999999999"/>'.repeat(20000);
    const text = `<OME><Image><Pixels DimensionOrder="XYZCT" SizeX="4" SizeY="3" SizeZ="10000000" SizeC="1" SizeT="1">${blocks}</Pixels></Image></OME>`;
    const { seconds, error } = timed(() => parseOme(text, 1000, 1, "a.tif"));
    expect([(error as ParfocalError).code, seconds < most]).toEqual(["file.corrupt", true]);
  });

  test("many images, each with many planes elsewhere", () => {
    const one = (i: number) =>
      `<Image><Pixels DimensionOrder="XYZCT" SizeX="4" SizeY="3" SizeZ="1000000" SizeC="1" SizeT="1"><TiffData><UUID FileName="f${i}.tif">u</UUID></TiffData></Pixels></Image>`;
    const text = `<OME>${Array.from({ length: 5000 }, (_, i) => one(i)).join("")}</OME>`;
    const { seconds } = timed(() => parseOme(text, 1, 1, "a.tif"));
    expect(seconds).toBeLessThan(most);
  });

  test("names of files with many digits, dots and signs", () => {
    for (const part of ["1", "1.", "-", "_-1", "a1", ".a"]) {
      const names = [`${part.repeat(n)}1.tif`, `${part.repeat(n)}2.tif`];
      expect(timed(() => orderFolder(names, "folder")).seconds).toBeLessThan(most);
    }
  });

  test("units called as JavaScript's own are no units", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "constructors"]) {
      expect([micrometresPer(name), secondsPer(name)]).toEqual([undefined, undefined]);
    }
    expect(timed(() => micrometresPer("s".repeat(n))).seconds).toBeLessThan(most);
  });
});
