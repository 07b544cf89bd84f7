// Starts the editor in the page.
import './no-eval.ts';
import '@fontsource-variable/inter/index.css';
import { render } from 'lit-html';
import { installDrops } from './drops.ts';
import { Editor } from './editor.ts';
import { enter } from './login/login-screen.ts';
import { app } from './panels/app.ts';
import { installShortcuts } from './shortcuts.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/panels.css';
import './styles/floating.css';
import './styles/picker.css';
import './styles/plan.css';
import './styles/queue.css';
import './styles/judging.css';
import './styles/login.css';
import './styles/batches.css';

await enter();
const stage = document.createElement('div');
stage.className = 'stage-canvas';
const canvas = document.createElement('canvas');
canvas.tabIndex = 0;
canvas.setAttribute(
  'aria-label',
  'Graph. Tab adds a node; the arrow keys move the view; the Progress and Problems panels lead to each node.',
);
stage.append(canvas);
const root = document.getElementById('app') as HTMLElement;

const editor = new Editor(canvas, (self) => render(app(self, stage), root));
installShortcuts(editor, canvas);
installDrops(editor, canvas);
editor.update({});
await editor.start();
// Browser specs read the state and find nodes on the canvas through this.
Object.assign(window, { facewright: editor });
