/** The style sheet of a report: one column, dark on white, tables that scroll on a phone and stay whole on paper. */
export const REPORT_STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1c1c1c; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; }
h1 { font-size: clamp(1.5rem, 1.2rem + 1.5vw, 2.1rem); line-height: 1.2; margin: 0.5rem 0 0.3rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 0.6rem; }
p { max-width: 46rem; margin: 0.6rem 0; }
.subtitle { color: #5a5a5a; margin-top: 0; }
figure { margin: 1.4rem 0; }
figcaption { color: #444; font-size: 0.93rem; max-width: 46rem; margin: 0.4rem 0; }
img { display: block; max-width: 100%; height: auto; }
.chart { display: inline-block; vertical-align: top; width: min(100%, 34rem); margin: 1rem 0.8rem 1rem 0; }
.chart img { width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.93rem; }
th, td { padding: 0.32rem 0.42rem; text-align: left; white-space: nowrap; }
thead th { border-bottom: 1px solid #888; vertical-align: bottom; font-weight: 600; }
thead small { font-weight: 400; color: #5a5a5a; }
tbody tr:nth-child(even) { background: #f5f6f7; }
tbody th { font-weight: 600; position: sticky; left: 0; background: inherit; white-space: normal; min-width: 8rem; }
tbody tr:nth-child(odd) { background: #fff; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.words { white-space: normal; min-width: 20rem; }
.group { border-left: 1px solid #d4d4d4; }
.better { color: #0a5c36; font-weight: 600; }
.worse { color: #9b1c1c; font-weight: 600; }
.unknown { color: #5a5a5a; }
.headline { max-width: 60rem; border-left: 5px solid #c77700; padding: 0.5rem 1rem; margin: 0.7rem 0; font-size: 1.08rem; color: #1c1c1c; font-weight: 400; background: #f7f7f5; }
.headline strong { display: block; }
.headline.better { border-color: #0a5c36; }
.headline.worse { border-color: #9b1c1c; }
.warnings { border-left: 5px solid #c77700; background: #fff6e5; padding: 0.7rem 1.1rem; margin: 1.4rem 0; }
.warnings h2 { margin: 0 0 0.3rem; font-size: 1.1rem; }
.warnings ul { margin: 0; padding-left: 1.2rem; }
details { margin: 1.4rem 0; }
summary { font-weight: 600; cursor: pointer; }
pre { background: #f5f6f7; padding: 0.9rem 1rem; overflow-x: auto; font: 0.86rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
@media screen and (max-width: 46rem) {
  .picture { overflow-x: auto; }
  .picture img { max-width: none; width: 60rem; }
}
@media print {
  @page { margin: 15mm; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  figure, .warnings, tr { break-inside: avoid; }
  img { max-height: 225mm; }
  h2 { break-after: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 6.8pt; }
  .words { min-width: 0; }
  th, td { padding: 0.15rem 0.2rem; }
  pre { white-space: pre-wrap; }
}
`;
