// The screen that asks for a token: before the editor, and over it when a session has ended; what is behind it is kept.
import { html, nothing, render } from 'lit-html';
import { isLeaving, logIn, takeTokenOfAddress, whoAmI } from './session.ts';

type Why = 'first' | 'ended';
let asking: Promise<void> | null = null;

/** Resolves once somebody is logged in; asks only once, however many requests were refused. */
export function askForToken(why: Why): Promise<void> {
  // The page is about to be loaded anew, and asks then.
  if (isLeaving()) return new Promise(() => {});
  asking ??= show(why).finally(() => {
    asking = null;
  });
  return asking;
}

/** Before anything is asked of the server: logs in by the address or asks. */
export async function enter(): Promise<void> {
  const token = takeTokenOfAddress();
  if (token !== null) await logIn(token);
  const { required, session } = await whoAmI();
  if (required && !session) await askForToken('first');
}

function show(why: Why): Promise<void> {
  const behind = document.getElementById('app')!;
  const focused = document.activeElement;
  const place = document.createElement('div');
  place.className = 'login';
  document.body.append(place);
  behind.inert = true;

  return new Promise((resolve) => {
    let [busy, problem] = [false, ''];
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      const input = place.querySelector('input')!;
      [busy, problem] = [true, ''];
      draw();
      problem = (await logIn(input.value)) ?? '';
      busy = false;
      if (problem === '') {
        place.remove();
        behind.inert = false;
        if (focused instanceof HTMLElement) focused.focus();
        return resolve();
      }
      draw();
      input.select();
    };
    const draw = (): void => {
      render(
        html`<form
          class="login-card"
          role="dialog"
          aria-modal="true"
          aria-labelledby="login-title"
          @submit=${(event: Event) => void submit(event)}
        >
          <img src="/icon.svg" alt="" width="44" height="44" />
          <h2 id="login-title">${why === 'first' ? 'This Facewright asks for a token' : 'Your session has ended'}</h2>
          <p>
            ${why === 'first' ? 'Others can reach this server, so it lets in only whom its owner gave a token.' : 'The token was revoked or has expired. Your graph is kept in this browser; log in to go on.'}
          </p>
          <label for="login-token">Token</label>
          <input
            id="login-token"
            type="password"
            name="token"
            placeholder="fwt_…"
            autocomplete="current-password"
            spellcheck="false"
            required
            aria-invalid=${problem === '' ? 'false' : 'true'}
            aria-describedby="login-problem"
          />
          <p id="login-problem" class="bad" role="alert">${problem === '' ? nothing : problem}</p>
          <button class="primary" ?disabled=${busy}>${busy ? 'Logging in…' : 'Log in'}</button>
          <p class="login-hint">Whoever runs the server makes one with<br /><code>facewright token create NAME --scope run</code></p>
        </form>`,
        place,
      );
    };
    draw();
    place.querySelector('input')!.focus();
  });
}
