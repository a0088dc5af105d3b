// A line chart as SVG, plain enough to need no library. Follows the reader's light or dark scheme.

export interface ChartSeries {
  readonly name: string;
  /** x, y; x ascending. */
  readonly points: readonly (readonly [number, number])[];
}
export interface ChartPanel {
  readonly title: string;
  /** Drawn as a dashed line: what must not be exceeded. */
  readonly limit: number;
  readonly series: readonly ChartSeries[];
}

const width = 760;
const panelHeight = 240;
const [left, right, top, bottom] = [70, 20, 40, 30];
const colors = ['#2f6fb3', '#c2571a'];

/** Panels one below the other; y starts at 0 and reaches the limit at least. */
export function lineChart(title: string, xTitle: string, panels: readonly ChartPanel[]): string {
  const height = 60 + panels.length * (panelHeight + 30) + 20;
  const xMax = Math.max(
    ...panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))),
  );
  const parts = panels.map((panel, i) => panelOf(panel, 60 + i * (panelHeight + 30), xMax));
  const names = (panels[0]?.series ?? []).map(({ name }, i) => {
    const x = left + i * 260;
    return `<line x1="${x}" y1="44" x2="${x + 24}" y2="44" stroke="${colors[i]}" stroke-width="2"/>
<text x="${x + 30}" y="48">${name}</text>`;
  });
  const view = `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${view}>
<title>${title}</title>
<style>
text{fill:#222}.grid{stroke:#ccc}
@media (prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#555}}
</style>
<text x="${left}" y="24" font-size="16">${title}</text>
${names.join('\n')}
${parts.join('\n')}
<text x="${width / 2}" y="${height - 8}" text-anchor="middle">${xTitle}</text>
</svg>
`;
}

function panelOf({ title, limit, series }: ChartPanel, y0: number, xMax: number): string {
  const highest = Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const yMax = Math.max(highest, limit) * 1.1;
  const xAt = (x: number): string => (left + (x / xMax) * (width - left - right)).toFixed(1);
  const yAt = (y: number): string =>
    (y0 + panelHeight - bottom - (y / yMax) * (panelHeight - top - bottom)).toFixed(1);
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))];
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * limit);
  return [
    `<text x="${left}" y="${y0 + 20}" font-weight="bold">${title}</text>`,
    ...ticks.map(
      (y) =>
        `<line class="grid" x1="${left}" y1="${yAt(y)}" x2="${width - right}" y2="${yAt(y)}"/>
<text x="${left - 8}" y="${Number(yAt(y)) + 4}" text-anchor="end">${y}</text>`,
    ),
    `<line x1="${left}" y1="${yAt(limit)}" x2="${width - right}" y2="${yAt(limit)}" stroke="#b00020" stroke-dasharray="6 4"/>`,
    ...xs.map(
      (x) =>
        `<text x="${xAt(x)}" y="${y0 + panelHeight - bottom + 18}" text-anchor="middle">${x}</text>`,
    ),
    ...series.map(({ points }, i) => {
      const line = points.map(([x, y]) => `${xAt(x)},${yAt(y)}`).join(' ');
      const dots = points.map(
        ([x, y]) => `<circle cx="${xAt(x)}" cy="${yAt(y)}" r="3" fill="${colors[i]}"/>`,
      );
      return `<polyline points="${line}" fill="none" stroke="${colors[i]}" stroke-width="2"/>${dots.join('')}`;
    }),
  ].join('\n');
}
