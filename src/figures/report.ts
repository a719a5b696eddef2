/** A judgement as one HTML page that can be mailed: no scripts, no other files, readable on a phone and on paper. */
import type { Scores } from "../metrics/metrics.ts";
import { SSIM_DESCRIPTION } from "../metrics/ssim.ts";
import { dataUrl, escapeMarkup, escapeText } from "./markup.ts";
import { REPORT_STYLE } from "./report-style.ts";

export interface Report {
  title: string;
  /** One line under the title: what was judged, when, by which version. */
  subtitle?: string;
  sections: readonly ReportSection[];
}

/** Text is plain and gets escaped; an empty line in a paragraph starts a new one. */
export type ReportSection =
  | { kind: "heading"; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "warnings"; items: readonly string[] }
  | { kind: "links"; items: readonly { text: string; href: string }[] }
  | { kind: "table"; caption: string; columns: readonly string[]; rows: readonly (readonly TableCell[])[] }
  | HeadlineList
  | ScoreTable
  | VerdictTable
  | { kind: "picture" | "chart"; svg: string; alt: string; caption?: string; id?: string }
  | { kind: "configuration"; caption: string; text: string };

/** A link leads to a picture by `#` and its id. */
export type TableCell = string | number | { text: string; href: string };

/** What was judged (rows) by several questions (columns): a word for each, and whether it is good; undefined where it is unknown. */
export interface VerdictTable {
  kind: "verdicts";
  caption: string;
  questions: readonly string[];
  rows: readonly { label: string; answers: readonly ({ text: string; good: boolean | undefined } | undefined)[] }[];
}

/** One sentence on each thing that was judged, before everything else; `good` undefined where the sentence restricts, or the answer is unknown. */
interface HeadlineList {
  kind: "headlines";
  rows: readonly { label: string; text: string; good: boolean | undefined }[];
}

/** Scores of outputs beside those of the untouched inputs, and of the best recorded baseline where one is given. */
interface ScoreTable {
  kind: "scores";
  caption: string;
  /** The range that PSNR and SSIM were computed with; printed, because they mean nothing without. */
  dataRange: number;
  rows: readonly ScoreRow[];
}

interface ScoreRow {
  label: string;
  input: Scores;
  output: Scores;
  /** Where it is given, it is what PSNR, SSIM and detail are compared with. */
  baseline?: { psnr: number; ssim: number; detail: number };
  /** The detail score; shown where all rows have it and a baseline. */
  detail?: { input: number; output: number };
}

const METRICS: Record<keyof Scores, { name: string; digits: number; better: "higher" | "lower" }> = {
  psnr: { name: "PSNR (dB)", digits: 1, better: "higher" },
  ssim: { name: "SSIM", digits: 3, better: "higher" },
  ms_ssim: { name: "MS-SSIM", digits: 3, better: "higher" },
  nrmse: { name: "NRMSE", digits: 3, better: "lower" },
  pearson: { name: "Pearson", digits: 3, better: "higher" },
};

/** The page as text, to be written as UTF-8. */
export function renderReport(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(report.title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<h1>${escapeText(report.title)}</h1>
${report.subtitle === undefined ? "" : `<p class="subtitle">${escapeText(report.subtitle)}</p>\n`}${report.sections.map(renderSection).join("\n")}
</main>
</body>
</html>
`;
}

function renderSection(section: ReportSection): string {
  switch (section.kind) {
    case "heading":
      return `<h2>${escapeText(section.text)}</h2>`;
    case "paragraph":
      return section.text
        .split(/\n\s*\n/)
        .map((part) => `<p>${escapeText(part)}</p>`)
        .join("\n");
    case "warnings":
      if (section.items.length === 0) return "";
      return `<section class="warnings"><h2>Warnings</h2>\n<ul>\n${section.items.map((item) => `<li>${escapeText(item)}</li>`).join("\n")}\n</ul></section>`;
    case "links":
      return `<ul>\n${section.items.map(({ text, href }) => `<li><a href="${escapeMarkup(href)}">${escapeText(text)}</a></li>`).join("\n")}\n</ul>`;
    case "table":
      return renderTable(section);
    case "headlines":
      return section.rows.map(renderHeadline).join("\n");
    case "scores":
      return renderScores(section);
    case "verdicts":
      return renderVerdicts(section);
    case "picture":
    case "chart":
      return figure(section);
    case "configuration":
      return `<details open><summary>${escapeText(section.caption)}</summary><pre>${escapeText(section.text)}</pre></details>`;
  }
}

function figure({ kind, svg, alt, caption, id }: Extract<ReportSection, { kind: "picture" | "chart" }>): string {
  const below = caption === undefined ? "" : `<figcaption>${escapeText(caption)}</figcaption>`;
  const own = id === undefined ? "" : ` id="${escapeMarkup(id)}"`;
  // As an image a drawing can neither run scripts nor leak its styles into the page.
  const source = dataUrl("image/svg+xml", new TextEncoder().encode(svg));
  return `<figure${own} class="${kind}"><img src="${source}" alt="${escapeText(alt)}">${below}</figure>`;
}

function renderTable({ caption, columns, rows }: Extract<ReportSection, { kind: "table" }>): string {
  const head = columns.map((column) => `<th scope="col">${escapeText(column)}</th>`).join("");
  const body = rows.map((row) => {
    const cells = row.map((cell, i) => {
      if (typeof cell === "object") {
        return `<td><a href="${escapeMarkup(cell.href)}">${escapeText(cell.text)}</a></td>`;
      }
      if (i === 0) return `<th scope="row">${escapeText(String(cell))}</th>`;
      if (typeof cell === "number") return `<td class="number">${number(cell)}</td>`;
      return `<td${cell.length > 50 ? ' class="words"' : ""}>${escapeText(cell)}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return table(caption, `<tr>${head}</tr>`, body);
}

function renderHeadline({ label, text, good }: HeadlineList["rows"][number]): string {
  const name = good === undefined ? "unknown" : good ? "better" : "worse";
  return `<p class="headline ${name}"><strong>${escapeText(label)}</strong> ${escapeText(text)}</p>`;
}

function renderScores({ caption, dataRange, rows }: ScoreTable): string {
  const compared = rows.length > 0 && rows.every(({ baseline, detail }) => baseline && detail);
  const metrics = Object.entries(METRICS).map(([name, metric]) => {
    const key = name as keyof Scores;
    const baselineOf =
      compared && (key === "psnr" || key === "ssim")
        ? ({ baseline }: ScoreRow) => baseline?.[key] ?? Number.NaN
        : undefined;
    return {
      ...metric,
      inputOf: ({ input }: ScoreRow) => input[key],
      outputOf: ({ output }: ScoreRow) => output[key],
      baselineOf,
    };
  });
  if (compared) {
    // Beside PSNR and SSIM, which are compared with the baseline as well.
    metrics.splice(2, 0, {
      ...{ name: "Detail", digits: 3, better: "higher" as const },
      inputOf: ({ detail }) => detail?.input ?? Number.NaN,
      outputOf: ({ detail }) => detail?.output ?? Number.NaN,
      baselineOf: ({ baseline }) => baseline?.detail ?? Number.NaN,
    });
  }
  const names = metrics.map(
    (m) =>
      `<th scope="colgroup" colspan="${m.baselineOf ? 4 : 3}" class="group">${m.name}<br><small>${m.better} is better</small></th>`,
  );
  const parts = metrics.map(
    ({ baselineOf }) =>
      `<th scope="col" class="group number">input</th>${baselineOf ? '<th scope="col" class="number">baseline</th>' : ""}<th scope="col" class="number">output</th><th scope="col" class="number">${baselineOf ? "gain" : "change"}</th>`,
  );
  const body = rows.map((row) => {
    const cells = metrics.map(({ digits, better, inputOf, outputOf, baselineOf }) => {
      const [input, output, baseline] = [inputOf(row), outputOf(row), baselineOf?.(row)];
      const before = baseline ?? input;
      // Between an identical picture (infinite PSNR) and another there is no difference to speak of.
      const both = Number.isFinite(before) && Number.isFinite(output);
      const change = both ? output - before : Number.NaN;
      const gain = better === "higher" ? change : -change;
      const verdict = gain > 0 ? "better" : gain < 0 ? "worse" : "";
      const middle = baseline === undefined ? "" : `<td class="number">${number(baseline, digits)}</td>`;
      return `<td class="group number">${number(input, digits)}</td>${middle}<td class="number">${number(output, digits)}</td><td class="number ${verdict}">${signed(change, digits)}</td>`;
    });
    return `<tr><th scope="row">${escapeText(row.label)}</th>${cells.join("")}</tr>`;
  });
  const head = `<tr><th rowspan="2"></th>${names.join("")}</tr>\n<tr>${parts.join("")}</tr>`;
  return table(`${caption} Data range ${number(dataRange)}; SSIM: ${SSIM_DESCRIPTION}.`, head, body);
}

function renderVerdicts({ caption, questions, rows }: VerdictTable): string {
  const head = questions.map((question) => `<th scope="col">${escapeText(question)}</th>`).join("");
  const body = rows.map(({ label, answers }) => {
    const cells = answers.map((answer) => {
      if (answer === undefined) return "<td>–</td>";
      const { text, good } = answer;
      const [mark, name] = good === undefined ? ["?", "unknown"] : good ? ["✓", "better"] : ["✗", "worse"];
      return `<td class="${name}">${mark} ${escapeText(text)}</td>`;
    });
    return `<tr><th scope="row">${escapeText(label)}</th>${cells.join("")}</tr>`;
  });
  return table(caption, `<tr><th></th>${head}</tr>`, body);
}

function table(caption: string, head: string, body: readonly string[]): string {
  return `<figure class="table"><figcaption>${escapeText(caption)}</figcaption><div class="scroll"><table>
<thead>
${head}
</thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div></figure>`;
}

/** With so many decimals, or about five significant digits; a true minus sign. */
function number(value: number, digits?: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = digits === undefined ? String(Number(value.toPrecision(5))) : value.toFixed(digits);
  return text.replace("-", "−");
}

function signed(value: number, digits: number): string {
  return `${value > 0 ? "+" : ""}${number(value, digits)}`;
}
