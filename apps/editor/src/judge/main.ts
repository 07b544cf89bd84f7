// Starts the page of an annotator: state, keys, pictures ahead.
import '@fontsource-variable/inter/index.css';
import type { Choice } from '@facewright/core';
import { render } from 'lit-html';
import { createJudgeApi } from './judge-api.ts';
import { announcement, judgePage, type PageState } from './judge-page.ts';
import { Judging } from './judging.ts';
import { commandOf } from './keys.ts';
import { Pace } from './pace.ts';
import { keptInBrowser } from './vote-queue.ts';
import './judge.css';

/** How long a choice is shown before the next set comes, ms. */
const glance = 220;
const setsAhead = 3;

const token = decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
const root = document.getElementById('judge') as HTMLElement;
const live = document.createElement('p');
live.className = 'unseen';
live.setAttribute('aria-live', 'polite');
document.body.append(live);

const pace = new Pace();
let loaded = new Set<number>();
let failed = new Set<number>();
let shownSet: number | null = null;
let showKeys = false;
let going: ReturnType<typeof setTimeout> | undefined;
/** Keeps the pictures that are loaded ahead from being thrown away. */
const ahead: HTMLImageElement[] = [];

// crypto.randomUUID is only there on https and localhost; a link may be opened over plain http in a studio.
const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const settings = 'facewright-judge-go-on';
const stored = (): string | null => {
  try {
    return localStorage.getItem(settings);
  } catch {
    return null;
  }
};

const judging: Judging = new Judging(
  createJudgeApi(token),
  keptInBrowser(`facewright-judge:${token}`, () => localStorage),
  () => draw(),
  newId,
);
judging.goOn = stored() !== 'no';

const page: PageState = {
  judging,
  get loaded() {
    return loaded;
  },
  get failed() {
    return failed;
  },
  get minutesLeft() {
    return pace.minutesFor(judging.task.sets.length - judging.judged);
  },
  get showKeys() {
    return showKeys;
  },
  choose,
  next,
  undo() {
    clearTimeout(going);
    judging.undo();
  },
  retryPictures() {
    for (const img of document.querySelectorAll<HTMLImageElement>('.picture img:not(.shown)')) {
      const { src } = img;
      img.src = '';
      img.src = src;
    }
    failed = new Set();
    draw();
  },
  pictureLoaded(shown) {
    loaded.add(shown);
    failed.delete(shown);
    draw();
    if (loaded.size === judging.set?.pictures) loadAhead();
  },
  pictureFailed(shown) {
    failed.add(shown);
    draw();
  },
  setGoOn(goOn) {
    judging.goOn = goOn;
    try {
      localStorage.setItem(settings, goOn ? 'yes' : 'no');
    } catch {
      // Where storage is forbidden it holds until the page is closed.
    }
    draw();
  },
  toggleKeys() {
    showKeys = !showKeys;
    draw();
  },
};

function choose(choice: Choice): void {
  // Nobody judges what is not there yet.
  if (loaded.size !== judging.set?.pictures) return;
  if (!judging.choose(choice)) return;
  if (!judging.goOn) return;
  clearTimeout(going);
  going = setTimeout(next, glance);
}
function next(): void {
  clearTimeout(going);
  if (judging.choice !== null) pace.tick(performance.now());
  judging.next();
}
function loadAhead(): void {
  ahead.splice(0, ahead.length, ...judging.ahead(setsAhead).map((src) => Object.assign(new Image(), { src })));
}

function draw(): void {
  const { set } = judging;
  if ((set?.set ?? null) !== shownSet) {
    shownSet = set?.set ?? null;
    loaded = new Set();
    failed = new Set();
  }
  render(judgePage(page), root);
  // A picture that was loaded ahead may be there before anybody listens.
  document.querySelectorAll<HTMLImageElement>('.picture img').forEach((img, shown) => {
    if (img.complete && img.naturalWidth > 0 && !loaded.has(shown)) page.pictureLoaded(shown);
  });
  live.textContent = announcement(judging);
}

addEventListener('keydown', (event) => {
  if (event.repeat || (event.target instanceof HTMLInputElement && event.key === ' ')) return;
  if (event.key === '?') return page.toggleKeys();
  const finished = judging.phase.kind === 'finished';
  const command = commandOf(event, judging.set?.pictures ?? 0);
  if (command === null || (!judging.set && !(finished && command === 'undo'))) return;
  // Enter and space press a button that was reached with Tab; on one that was clicked they mean what they mean elsewhere.
  const { activeElement } = document;
  if ((event.key === 'Enter' || event.key === ' ') && activeElement instanceof HTMLButtonElement) {
    if (activeElement.matches(':focus-visible')) return;
    activeElement.blur();
  }
  event.preventDefault();
  if (command === 'undo') page.undo();
  else if (command === 'next') next();
  else choose(command.choose);
});
addEventListener('online', () => void (judging.phase.kind === 'failed' ? judging.start() : judging.queue.send()));
draw();
await judging.start();
// Browser specs read the state through this.
Object.assign(window, { judging });
