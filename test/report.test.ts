import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { escapeText } from "../src/figures/markup.ts";
import { plotFocusCurve, plotScores, plotTraining } from "../src/figures/plots.ts";
import { type ReportSection, renderReport } from "../src/figures/report.ts";
import type { Scores } from "../src/metrics/metrics.ts";

const scores = (psnr: number, nrmse: number): Scores => ({ psnr, ssim: 0.9, ms_ssim: 0.95, nrmse, pearson: 0.99 });

function page(...sections: ReportSection[]): Document {
  return parseHTML(renderReport({ title: "A title", sections })).document;
}

const texts = (document: Document, selector: string): string[] =>
  [...document.querySelectorAll(selector)].map((element) => element.textContent ?? "");

describe("a report", () => {
  it("escapes whatever it is given, everywhere", () => {
    const evil = `<script>alert("1")</script>'&`;
    const document = parseHTML(
      renderReport({
        title: evil,
        subtitle: evil,
        sections: [
          { kind: "heading", text: evil },
          { kind: "paragraph", text: evil },
          { kind: "warnings", items: [evil] },
          { kind: "table", caption: evil, columns: [evil, evil], rows: [[evil, evil]] },
          {
            kind: "scores",
            caption: evil,
            dataRange: 1,
            rows: [{ label: evil, input: scores(1, 1), output: scores(1, 1) }],
          },
          { kind: "picture", svg: "<svg/>", alt: `" onerror="x`, caption: evil },
          { kind: "chart", svg: `<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`, alt: evil },
          { kind: "configuration", caption: evil, text: evil },
        ],
      }),
    ).document;
    expect(document.querySelectorAll("script").length).toBe(0);
    expect(document.querySelectorAll("[onerror]").length).toBe(0);
    for (const selector of [
      "title",
      "h1",
      ".subtitle",
      "h2",
      "main > p:not(.subtitle)",
      ".warnings li",
      "thead th",
      "pre",
      "summary",
    ])
      expect(texts(document, selector)).toContain(evil);
    expect(escapeText(evil)).toBe("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;");
  });

  it("stands alone: no links, no sources but data", () => {
    const html = renderReport({
      title: "x",
      sections: [
        { kind: "picture", svg: "<svg></svg>", alt: "a" },
        { kind: "chart", svg: "<svg/>", alt: "b" },
      ],
    });
    expect(html).not.toMatch(/https?:|<link|@import|url\(/);
    const sources = [...parseHTML(html).document.querySelectorAll("img")].map((img) => img.getAttribute("src") ?? "");
    expect(sources).toEqual([
      `data:image/svg+xml;base64,${Buffer.from("<svg></svg>").toString("base64")}`,
      `data:image/svg+xml;base64,${Buffer.from("<svg/>").toString("base64")}`,
    ]);
  });

  it("holds large pictures and letters beyond Latin-1 byte for byte", () => {
    const large = `<svg><desc>${"µm ± 31 ".repeat(30_001)}</desc></svg>`;
    const svg = "<svg><text>µm ±</text></svg>";
    const images = page({ kind: "picture", svg: large, alt: "" }, { kind: "chart", svg, alt: "" }).querySelectorAll(
      "img",
    );
    const bytes = [...images].map((img) => Buffer.from((img.getAttribute("src") ?? "").split(",")[1], "base64"));
    expect(bytes[0].toString("utf8")).toBe(large);
    expect(bytes[1].toString("utf8")).toBe(svg);
  });

  it("puts output beside input with the change, and knows which way is better", () => {
    const document = page({
      kind: "scores",
      caption: "Held out.",
      dataRange: 5801.3,
      rows: [
        { label: "+2 um", input: scores(24, 0.2), output: scores(32.44, 0.25) },
        {
          label: "0 um",
          input: scores(Number.POSITIVE_INFINITY, 0),
          output: { ...scores(40, 0.1), pearson: Number.NaN },
        },
      ],
    });
    const cells = texts(document, "tbody tr:first-child td");
    expect(cells.slice(0, 3)).toEqual(["24.0", "32.4", "+8.4"]);
    expect(cells.slice(3, 6)).toEqual(["0.900", "0.900", "0.000"]);
    expect(texts(document, "td.better")).toEqual(["+8.4"]);
    expect(texts(document, "td.worse")).toEqual(["+0.050", "+0.100"]);
    expect(texts(document, "tbody tr:last-child td").slice(0, 3)).toEqual(["∞", "40.0", "–"]);
    expect(texts(document, "figcaption")[0]).toMatch(/5801.3.*11 x 11/);
    expect(texts(document, "tbody th")).toEqual(["+2 µm", "0 µm"]);
  });

  it("says nothing of warnings where there are none, and breaks paragraphs at empty lines", () => {
    const document = page({ kind: "warnings", items: [] }, { kind: "paragraph", text: "One.\n\nTwo." });
    expect(texts(document, "main p")).toEqual(["One.", "Two."]);
    expect(document.querySelector(".warnings")).toBeNull();
  });
});

describe("charts", () => {
  const parse = (svg: string) => parseHTML(`<body>${svg}</body>`).document;
  const paths = (svg: string) => [...parse(svg).querySelectorAll('[aria-label="line"] path')];

  it("training: two named lines that differ in dashes, and a logarithmic axis", async () => {
    const points = [1, 0.1, 0.01].map((loss, i) => ({
      step: 100 * i,
      trainLoss: loss,
      ...(i < 2 ? { valLoss: 2 * loss } : {}),
    }));
    const svg = await plotTraining(points);
    expect(svg.startsWith("<svg")).toBe(true);
    expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(texts(parse(svg), "text")).toEqual(expect.arrayContaining(["training", "validation", "step"]));
    const [training] = paths(svg);
    const ys = (training.getAttribute("d") ?? "")
      .split(/[ML]/)
      .slice(1)
      .map((p) => Number(p.split(",")[1]));
    // Equal factors are equal steps.
    expect(ys[1] - ys[0]).toBeCloseTo(ys[2] - ys[1], 3);
    expect(ys[1]).toBeGreaterThan(ys[0]);
    expect(new Set([...svg.matchAll(/stroke-dasharray="([^"]*)"/g)].map((m) => m[1])).size).toBeGreaterThan(0);
  });

  it("scores: a gap where the input is the truth, higher is better, um", async () => {
    const at = (distance: number, psnr: number) => ({
      distance,
      input: { psnr, ssim: 0.8 },
      output: { psnr: 40, ssim: 0.9 },
    });
    const points = [at(2, 30), at(-2, 30), at(-1, 35), at(0, Number.POSITIVE_INFINITY), at(1, 35)];
    const svg = await plotScores(points, "psnr");
    expect(texts(parse(svg), "text")).toEqual(
      expect.arrayContaining(["input", "output", "distance (µm)", "PSNR (dB), higher is better"]),
    );
    expect((paths(svg)[0].getAttribute("d") ?? "").match(/M/g)?.length).toBe(2);
    expect((paths(svg)[1].getAttribute("d") ?? "").match(/M/g)?.length).toBe(1);
    expect(await plotScores(points, "ssim")).toContain("SSIM, higher is better");
  });

  it("focus: z in um, the sharpest plane marked", async () => {
    const best = { plane: 1, position: 1.2, atEnd: false, contrast: 2 };
    const svg = await plotFocusCurve([1, 4, 2], { zStep: 0.5, best });
    expect(texts(parse(svg), "text")).toEqual(expect.arrayContaining(["z (µm)", "sharpest: 0.6 µm"]));
    expect(texts(parse(await plotFocusCurve([1, 4, 2])), "text")).toContain("z (plane)");
  });

  it("refuse to draw nothing", async () => {
    await expect(plotTraining([])).rejects.toThrow(/no finite point/);
  });
});
