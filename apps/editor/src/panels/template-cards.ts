// The templates as cards: what each makes, its name, what it is for, its size.
import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from 'lit-html';
import { thumbnailUrl, type TemplateInfo } from '../api/http.ts';
import type { Editor } from '../editor.ts';
import { focused } from './when-shown.ts';

/** [x, y, height] of the nodes of the drawn graph, and which feeds which. */
const nodes = [
  [24, 24, 46],
  [24, 92, 34],
  [126, 44, 66],
  [228, 30, 40],
  [228, 88, 40],
] as const;
const links = [
  [0, 2],
  [1, 2],
  [2, 3],
  [2, 4],
] as const;
const WIDTH = 68;

/** Stands in for a picture that is missing: a small graph. */
const sketch = (): SVGTemplateResult => svg`
  <svg class="sketch" viewBox="0 -15 320 180" aria-hidden="true" focusable="false">
    ${links.map(([from, to]) => {
      const [x1, y1, x2, y2] = [nodes[from][0] + WIDTH, nodes[from][1] + 22, nodes[to][0], nodes[to][1] + 22];
      return svg`<path d=${`M${x1} ${y1}C${x1 + 20} ${y1} ${x2 - 20} ${y2} ${x2} ${y2}`} />`;
    })}
    ${nodes.map(
      ([x, y, height], i) => svg`
        <rect x=${x} y=${y} width=${WIDTH} height=${height} rx="6" />
        <rect class=${`head head-${i % 3}`} x=${x} y=${y} width=${WIDTH} height="11" rx="5" />
        <rect class="line" x=${x + 8} y=${y + 20} width="34" height="4" rx="2" />
      `,
    )}
  </svg>
`;

const firstSentence = (text: string): string => /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, '.') ?? text;

function card(editor: Editor, { name, title, description, nodes: count, thumbnail }: TemplateInfo, first: boolean): TemplateResult {
  const size = count === 1 ? '1 node' : `${count} nodes`;
  return html`<li>
    <button
      class="card"
      data-template=${name}
      title=${description}
      ${first ? focused() : nothing}
      @click=${() => void editor.openTemplate(name)}
    >
      <span class="card-picture"
        >${sketch()}${
          thumbnail
            ? html`<img src=${thumbnailUrl(name)} alt="" @error=${(event: Event) => (event.target as HTMLElement).remove()} />`
            : nothing
        }</span
      >
      <span class="card-text"
        ><span class="card-title"><strong>${title}</strong><span class="card-size">${size}</span></span
        ><span class="card-about">${firstSentence(description)}</span></span
      >
    </button>
  </li>`;
}

/** Null while they are on their way. */
export function templateCards(editor: Editor, templates: readonly TemplateInfo[] | null): TemplateResult {
  if (!templates) return html`<p class="empty">Loading…</p>`;
  if (templates.length === 0) return html`<p class="empty">The server has no templates.</p>`;
  return html`<ul class="cards">
    ${templates.map((template, i) => card(editor, template, i === 0))}
  </ul>`;
}
