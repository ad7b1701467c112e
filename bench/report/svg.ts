/** Colors that can be read on a white and on a dark page; a page embeds the file as an image and cannot style it. */
const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.quiet { fill: #59636e; font-size: 12px }
.axis { stroke: #d1d9e0; stroke-width: 1 }
.ours { fill: #0969da } .peer { fill: #8c959f } .limit { fill: #c8d1da }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9198a1 } .axis { stroke: #3d444d }
  .ours { fill: #4493f8 } .peer { fill: #768390 } .limit { fill: #444c56 }
}`;

/** A complete SVG image of this size, whose text description is its title. */
export const svgImage = (width: number, height: number, title: string, content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<style>${STYLE}</style>
<text class="title" x="0" y="18">${escapeXml(title)}</text>
${content}
</svg>
`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);

/** A coordinate with one decimal: more would only make the file longer. */
export const coordinate = (value: number): string => String(Math.round(value * 10) / 10);

/** The smallest of 1, 2 or 5 times a power of ten that is at least this value. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (([1, 2, 5].find((factor) => factor * power >= value) ?? 10) as number) * power;
}
