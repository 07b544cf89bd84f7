// The panel at the bottom: tabs for what a run shows and what is wrong.
import { html, nothing, type TemplateResult } from 'lit-html';
import { batchesPanel } from '../batches/batches-panel.ts';
import type { Editor } from '../editor.ts';
import { describeRunNode, type DockTab } from '../state/editor-state.ts';
import { queuePanel } from '../queue/queue-panel.ts';
import { waitingLine } from '../state/queue-state.ts';
import { galleryOf, reportsOf } from '../state/results.ts';
import { progressOf } from '../state/run-state.ts';
import { curvesPanel } from './curves-panel.ts';
import { galleryPanel } from './gallery-panel.ts';
import { historyPanel } from './history-panel.ts';
import { icon } from './icons.ts';
import { allProblems, problemsPanel } from './problems-panel.ts';
import { progressPanel } from './progress-panel.ts';
import { reportPanel } from './report-panel.ts';

const panels: Readonly<Record<DockTab, readonly [title: string, panel: (editor: Editor) => TemplateResult]>> = {
  progress: ['Progress', progressPanel],
  queue: ['Queue', queuePanel],
  curves: ['Curves', curvesPanel],
  gallery: ['Gallery', galleryPanel],
  report: ['Report', reportPanel],
  batches: ['Batches', batchesPanel],
  problems: ['Problems', problemsPanel],
  history: ['History', historyPanel],
};
const tabs = Object.keys(panels) as DockTab[];

function badge(editor: Editor, tab: DockTab): unknown {
  const { state } = editor;
  const { run } = state;
  const describe = (node: string) => describeRunNode(state, node);
  const count = (value: number, kind = '') => (value ? html`<span class="badge ${kind}">${value}</span>` : nothing);
  switch (tab) {
    case 'progress':
      return run?.status === 'running' || run?.status === 'paused'
        ? html`<span class="badge live">${Math.round(progressOf(run) * 100)} %</span>`
        : nothing;
    case 'queue':
      return state.queue.paused ? html`<span class="badge">paused</span>` : count(waitingLine(state.queue, editor.batches.list).length);
    case 'curves':
      return count(run?.curves.size ?? 0);
    case 'gallery':
      return count(run ? galleryOf(run, describe).reduce((sum, { pictures }) => sum + pictures.length, 0) : 0);
    case 'report':
      return run && reportsOf(run, describe).length ? html`<span class="badge good">ready</span>` : nothing;
    case 'problems':
      return count(allProblems(state).length, 'bad');
    case 'batches': {
      const atWork = editor.batches.list.find(({ status }) => status === 'running');
      return atWork
        ? html`<span class="badge live">${Math.floor((100 * (atWork.done + atWork.failed)) / Math.max(1, atWork.count))} %</span>`
        : nothing;
    }
    case 'history':
      return nothing;
  }
}

function resize(editor: Editor, down: PointerEvent): void {
  const handle = down.currentTarget as HTMLElement;
  const from = editor.state.dock.height;
  handle.setPointerCapture(down.pointerId);
  const move = ({ clientY }: PointerEvent): void =>
    editor.setDock({ tall: false, open: true, height: Math.max(120, Math.min(window.innerHeight - 220, from + down.clientY - clientY)) });
  handle.addEventListener('pointermove', move);
  handle.addEventListener('pointerup', () => handle.removeEventListener('pointermove', move), { once: true });
}
function resizeByKey(editor: Editor, event: KeyboardEvent): void {
  const by = { ArrowUp: 24, ArrowDown: -24 }[event.key];
  if (by) editor.setDock({ tall: false, height: Math.max(120, Math.min(window.innerHeight - 220, editor.state.dock.height + by)) });
}
function moveTab(editor: Editor, event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const next = tabs[(tabs.indexOf(editor.state.dock.tab) + by + tabs.length) % tabs.length] as DockTab;
  editor.showTab(next);
  document.getElementById(`tab-${next}`)?.focus();
}

export function dock(editor: Editor): TemplateResult {
  const { open, tab, tall, height } = editor.state.dock;
  const [title, panel] = panels[tab];
  return html`
    <section
      class="dock ${open ? '' : 'closed'} ${tall ? 'tall' : ''}"
      aria-label="Results"
      .style=${open && !tall ? `height:${height}px` : ''}
    >
      ${open ? html`<div class="dock-handle" role="separator" tabindex="0" aria-orientation="horizontal" aria-label="Height of the results" aria-valuenow=${height} @pointerdown=${(event: PointerEvent) => resize(editor, event)} @keydown=${(event: KeyboardEvent) => resizeByKey(editor, event)}></div>` : nothing}
      <div class="dock-tabs">
        <div role="tablist" aria-label="Results" @keydown=${(event: KeyboardEvent) => moveTab(editor, event)}>
          ${tabs.map((each) => html`<button role="tab" id="tab-${each}" aria-selected=${open && each === tab} aria-controls="dock-panel" tabindex=${each === tab ? 0 : -1} @click=${() => editor.showTab(each)}>${panels[each][0]}${badge(editor, each)}</button>`)}
        </div>
        <span class="spread"></span>
        ${open ? html`<button class="quiet" aria-label=${tall ? 'Smaller' : 'Larger'} data-tip=${tall ? 'Smaller' : 'Larger'} @click=${() => editor.setDock({ tall: !tall })}>${icon(tall ? 'chevron' : 'up')}</button>` : nothing}
        <button
          class="quiet"
          aria-label=${open ? 'Hide the results' : 'Show the results'}
          data-tip=${open ? 'Hide' : 'Show'}
          @click=${() => editor.setDock({ open: !open, tall: false })}
        >
          ${icon(open ? 'close' : 'panel')}
        </button>
      </div>
      ${open ? html`<div id="dock-panel" class="dock-panel" role="tabpanel" aria-label=${title} tabindex="0">${panel(editor)}</div>` : nothing}
    </section>
  `;
}
