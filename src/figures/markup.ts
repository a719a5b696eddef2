/** Text and files as HTML and SVG hold them. */
import { withMicroSign } from "./micro-sign.ts";

/** Text made safe between tags and in quoted attributes; micrometres get their sign. */
export function escapeText(text: string): string {
  return escapeMarkup(withMicroSign(text));
}

/** As {@link escapeText}, letter for letter: for addresses and names that must not change. */
export function escapeMarkup(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}

/** A file inside a page or a drawing. */
export function dataUrl(type: "image/png" | "image/svg+xml", bytes: Uint8Array): string {
  let text = "";
  const step = 0x8000;
  for (let i = 0; i < bytes.length; i += step) text += String.fromCharCode(...bytes.subarray(i, i + step));
  return `data:${type};base64,${btoa(text)}`;
}
