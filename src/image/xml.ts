/** A small XML reader for metadata: elements, attributes, text. Namespace prefixes are dropped; no DTD is followed. */

export interface XmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: XmlElement[];
  text: string;
}

const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** Parses a document to its root element. Throws SyntaxError, with the place, when it is not well formed. */
export function parseXml(text: string): XmlElement {
  const top: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  token.lastIndex = 0;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match) throw new SyntaxError(`XML is not well formed at character ${at}`);
    at = token.lastIndex;
    const [, cdata, closing, opening, attributes, slash, content] = match;
    const current = open[open.length - 1];
    if (cdata !== undefined) current.text += cdata;
    else if (content !== undefined) current.text += decodeEntities(content);
    else if (closing !== undefined) {
      if (open.length < 2 || current.name !== localName(closing)) {
        throw new SyntaxError(`XML closes ${closing} where ${current.name || "nothing"} is open`);
      }
      open.pop();
    } else if (opening !== undefined) {
      const element: XmlElement = {
        name: localName(opening),
        attributes: readAttributes(attributes),
        children: [],
        text: "",
      };
      current.children.push(element);
      if (slash === "") open.push(element);
    }
  }
  if (open.length > 1) throw new SyntaxError(`XML ends inside ${open[open.length - 1].name}`);
  if (top.children.length !== 1) throw new SyntaxError(`XML has ${top.children.length} root elements`);
  return top.children[0];
}

/** Children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** Text with the five characters that XML reserves, and all beyond ASCII, written as references. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']|[^\x20-\x7e]/gu, (character) => `&#${character.codePointAt(0)};`);
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, double, single] of text.matchAll(attribute)) {
    found[localName(name)] = decodeEntities(double ?? single);
  }
  return found;
}

function decodeEntities(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));?/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}
