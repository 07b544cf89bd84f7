// Pictures that the run made, by node; one is enlarged by a click.
import { html, nothing, type TemplateResult } from 'lit-html';
import { assetUrl, pictureUrl } from '../api/http.ts';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import { describeRunNode, runNodeTitle } from '../state/editor-state.ts';
import { galleryOf, type Picture, type PictureGroup } from '../state/results.ts';
import { icon } from './icons.ts';
import { modal } from './modal.ts';
import { emptyPanel, livePicture } from './progress-panel.ts';

const thumbnail = (editor: Editor, { pictures }: PictureGroup, { image, note }: Picture, at: number): TemplateResult => html`
  <li>
    <button
      class="thumbnail ${note === 'good' || note === 'bad' ? note : ''}"
      aria-label="${image.caption || image.key}${note ? `, ${note}` : ''}"
      @click=${() => editor.update({ lightbox: { pictures, at } })}
    >
      <img
        src=${assetUrl(image.asset)}
        alt=""
        loading="lazy"
        class=${image.width < 160 ? 'pixels' : ''}
      />${note ? html`<span class="note">${note}</span>` : ''}
    </button>
  </li>
`;

export function galleryPanel(editor: Editor): TemplateResult {
  const { state } = editor;
  const groups = state.run ? galleryOf(state.run, (node) => describeRunNode(state, node)) : [];
  const live = livePicture(editor);
  if (!groups.length && live === nothing)
    return emptyPanel('No pictures yet', 'Pictures that nodes draw, find or score are collected here when a node is done.');
  return html`
    <div class="gallery">
      ${live}
      ${groups.map(
        (group) => html`
          <section>
            <h3>
              <button class="link" @click=${() => editor.focusNode(group.node)}>${runNodeTitle(state, group.node)}</button>
              <span class="soft">${label(group.port)} · ${group.pictures.length}</span>
            </h3>
            <ul>
              ${group.pictures.map((picture, at) => thumbnail(editor, group, picture, at))}
            </ul>
          </section>
        `,
      )}
    </div>
  `;
}

export function lightbox(editor: Editor): TemplateResult | null {
  const { lightbox: shown, run } = editor.state;
  const picture = shown?.pictures[shown.at];
  if (!shown || !picture) return null;
  const { image, note, href } = picture;
  const count = shown.pictures.length;
  const step = (by: number): void => editor.update({ lightbox: { ...shown, at: (shown.at + by + count) % count } });
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowRight') step(1);
    if (event.key === 'ArrowLeft') step(-1);
  };
  return modal({
    title: `Picture ${shown.at + 1} of ${count}`,
    name: 'lightbox',
    close: () => editor.update({ lightbox: null }),
    body: html`
      <div class="stage" @keydown=${key}>
        <button class="quiet" aria-label="Previous picture" autofocus @click=${() => step(-1)}>${icon('left')}</button>
        <img src=${assetUrl(image.asset)} alt=${image.caption} class=${image.width < 320 ? 'pixels' : ''} />
        <button class="quiet" aria-label="Next picture" @click=${() => step(1)}>${icon('right')}</button>
      </div>
      <p class="caption">${image.caption || 'No caption'}</p>
      <p class="soft">
        ${[note, image.key, `${image.width} × ${image.height}`].filter(Boolean).join(' · ')} ·
        <a
          href=${href ?? (run ? pictureUrl(run.id, image.asset) : assetUrl(image.asset))}
          download=${`${image.key.replace(/\.\w{3,4}$/, '').replace(/[^\w.-]+/g, '-')}.png`}
          title="A PNG that carries the graph: drop it on the editor to get the graph back"
          >download</a
        >
      </p>
    `,
  });
}
