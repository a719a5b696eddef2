/**
 * XML for metadata: elements, attributes, text. Namespace prefixes are dropped, no DTD is followed, and an entity that
 * XML itself does not define stays in the text unchanged. Why @rgrove/parse-xml: docs/decisions/xml.md.
 */
import { XmlElement as ParsedElement, parseXml as parseDocument } from "@rgrove/parse-xml";

export interface XmlElement {
  name: string;
  /** Attributes by name without prefix. The object has no prototype, so that no name refers to anything else. */
  attributes: Readonly<Record<string, string | undefined>>;
  children: XmlElement[];
  /** Its own text, without that of its children. */
  text: string;
}

/** Far above the metadata of any image: a slide of 100 000 planes has some 30 million characters and 600 000 tags. */
const maxCharacters = 2 ** 27;
const maxTags = 2 ** 22;
const maxDepth = 100;

/** Characters that XML 1.0 forbids but some programs write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/**
 * Parses a document to its root element. Throws SyntaxError, with the place, when it is not well formed or too large.
 */
export function parseXml(text: string): XmlElement {
  if (text.length > maxCharacters) {
    throw new SyntaxError(`XML has ${text.length} characters, at most ${maxCharacters} are read`);
  }
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) tags++;
  if (tags > maxTags) throw new SyntaxError(`XML has ${tags} tags, at most ${maxTags} are read`);
  let root: ParsedElement | null;
  try {
    root = parseDocument(text.replace(/^[\s\ufeff]+/, "").replace(forbidden, " "), {
      ignoreUndefinedEntities: true,
    }).root;
  } catch (error) {
    // The parser is recursive.
    if (error instanceof RangeError) throw tooDeep();
    throw new SyntaxError((error as Error).message.split("\n")[0], { cause: error });
  }
  if (root === null) throw new SyntaxError("XML has no root element");
  return plain(root, 1);
}

/** Children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/**
 * The name, without prefix, of the first element of a text that may be XML; undefined if it does not begin like XML.
 * Reads the text before the element (declaration, comments) once.
 */
export function rootNameOf(text: string): string | undefined {
  let at = skipBlanks(text, 0);
  while (text.startsWith("<?", at) || text.startsWith("<!", at)) {
    const end = text.startsWith("<!--", at) ? "-->" : ">";
    const close = text.indexOf(end, at + (end === ">" ? 2 : 4));
    if (close < 0) return undefined;
    at = skipBlanks(text, close + end.length);
  }
  const name = /^<([^\s<>/!?="'&]{1,200})[\s/>]/.exec(text.slice(at, at + 202))?.[1];
  return name === undefined ? undefined : localName(name);
}

/** Text in which the five reserved characters of XML, and all characters beyond ASCII, are written as references. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']|[^\x20-\x7e]/gu, (character) => `&#${character.codePointAt(0)};`);
}

function plain(element: ParsedElement, depth: number): XmlElement {
  if (depth > maxDepth) throw tooDeep();
  const attributes: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of Object.entries(element.attributes)) attributes[localName(name)] = value;
  const children: XmlElement[] = [];
  let text = "";
  for (const child of element.children) {
    if (child instanceof ParsedElement) children.push(plain(child, depth + 1));
    else if ("text" in child) text += child.text;
  }
  return { name: localName(element.name), attributes, children, text };
}

function tooDeep(): SyntaxError {
  return new SyntaxError(`XML has elements inside each other more than ${maxDepth} deep`);
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && /[\s\ufeff]/.test(text[at])) at++;
  return at;
}
